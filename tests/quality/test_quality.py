"""Scores, their direction, and their way to log quality."""

import json

import numpy as np
import pytest

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read
from spanset.quality.lengths import approximate, count_tokens
from spanset.quality.orient import log_quality
from spanset.quality.scores import score

ROWS = [
    {"instruction": "Sum up.", "output": "a" * 4, "rating": 1, "toxicity": 0.5},
    {"instruction": "Sum up.", "output": "a" * 8, "rating": "3.5", "toxicity": 0.25},
    {"instruction": "Sum all of it up.", "output": "a" * 40, "rating": 2.0, "toxicity": 1.0},
]


def test_tokens_are_estimated_as_a_quarter_of_the_bytes_rounded_up():
    assert approximate(["", "a", "abcd", "abcde", "日本語", "\ud800"]) == [0, 1, 1, 2, 3, 1]
    counts = count_tokens(read(ROWS))
    assert counts.output.tolist() == [1, 2, 10]
    assert counts.input.tolist() == [2, 2, 5]
    assert counts.total.tolist() == [3, 4, 15]
    assert counts.method == "UTF-8 bytes / 4, rounded up"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("output_tokens", [1, 2, 10]),
        ("input_tokens", [2, 2, 5]),
        ("total_tokens", [3, 4, 15]),
        ("column:rating", [1, 3.5, 2]),
        ("column:rating:up", [1, 3.5, 2]),
    ],
)
def test_scores_that_go_up_are_their_own_quality(name, expected):
    np.testing.assert_allclose(np.exp(score(read(ROWS), name)), expected)


def test_a_score_that_goes_down_is_inverted():
    np.testing.assert_allclose(np.exp(score(read(ROWS), "column:toxicity:down")), [2, 4, 1])


def test_a_column_whose_name_holds_a_colon_is_found():
    rows = [{**row, "a:b": number} for number, row in enumerate(ROWS, 1)]
    np.testing.assert_allclose(np.exp(score(read(rows), "column:a:b")), [1, 2, 3])


def test_identity_takes_the_score_as_a_logarithm():
    values = np.array([-3.0, 0.0, 2.0])
    arguments = {"transform": "identity", "name": "x"}
    assert log_quality(values, up=True, **arguments).tolist() == [-3.0, 0.0, 2.0]
    assert log_quality(values, up=False, **arguments).tolist() == [3.0, 0.0, -2.0]


def test_ranks_are_shared_by_equals():
    q = np.exp(log_quality(np.array([5.0, 1.0, 5.0, 9.0]), up=True, transform="rank", name="x"))
    np.testing.assert_allclose(q, np.array([2.5, 1.0, 2.5, 4.0]) / 4)
    down = np.exp(log_quality(np.array([5.0, 1.0, 9.0]), up=False, transform="rank", name="x"))
    np.testing.assert_allclose(down, np.array([2.0, 3.0, 1.0]) / 3)


def test_quantiles_are_clipped_at_one_percent():
    q = np.exp(log_quality(np.arange(1000.0), up=True, transform="quantile", name="x"))
    assert q[0] == pytest.approx(0.01)
    assert q[-1] == pytest.approx(1.0)
    assert q[499] == pytest.approx(0.5)


@pytest.mark.parametrize("transform", ["log", "rank", "quantile", "identity"])
@pytest.mark.parametrize("up", [True, False])
def test_every_transform_keeps_better_rows_better(transform, up):
    values = np.random.default_rng(0).uniform(0.1, 9, 50)
    q = log_quality(values, up=up, transform=transform, name="x")
    order = np.argsort(values if up else -values)
    assert (np.diff(q[order]) >= 0).all()


def test_a_score_at_or_below_zero_has_no_logarithm():
    with pytest.raises(DataError, match=r"row 1 is -2.*\n.*2 of 3 rows.*\n.*--transform rank"):
        log_quality(np.array([1.0, -2.0, 0.0]), up=True, transform="log", name="x")


def test_a_constant_quality_is_refused():
    with pytest.raises(DataError, match="every row has the same x: 3"):
        log_quality(np.full(4, 3.0), up=True, transform="log", name="x")


@pytest.mark.parametrize("value", [None, True, "high", float("nan"), float("inf"), [1], {"a": 1}])
def test_a_column_without_a_number_is_an_error_at_its_row(value):
    rows = [*ROWS, {**ROWS[0], "rating": value}]
    with pytest.raises(DataError, match=r"<memory>:4: column 'rating' holds no finite number"):
        score(read(rows), "column:rating")


def test_a_missing_column_lists_the_fields():
    with pytest.raises(DataError, match=r"no column 'stars'\n.*instruction, output, rating"):
        score(read(ROWS), "column:stars")


@pytest.mark.parametrize("name", ["outputs", "column:", "column", "", "perplexity"])
def test_an_unknown_quality_is_refused(name):
    with pytest.raises(UsageError, match="--quality"):
        score(read(ROWS), name)


def test_a_tokenizer_counts_its_own_tokens(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("transformers")
    vocabulary = {"[UNK]": 0, "Sum": 1, "up": 2, ".": 3, "all": 4, "of": 5, "it": 6}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"})
    )
    counts = count_tokens(read(ROWS), str(tmp_path))
    assert counts.input.tolist() == [3, 3, 6]
    assert counts.output.tolist() == [1, 1, 1]
    assert counts.method == str(tmp_path)
