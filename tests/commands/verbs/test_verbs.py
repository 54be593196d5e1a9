"""The Python verbs: what they refuse, and edge cases of budgets and qualities."""

import numpy as np
import pytest
from tests.conftest import make_rows

import spanset
from spanset.base.unit_rows import unit_rows


@pytest.fixture
def features():
    return unit_rows(np.random.default_rng(0).normal(size=(60, 8)), np.float32)


def test_a_budget_far_below_the_mean_length_still_grows_its_room(features):
    counts = np.array([10] * 59 + [100_000])
    found = spanset.select(features, tokens=100, token_counts=counts)
    assert counts[found.order].sum() <= 100
    plain = spanset.select(features, k=60).order
    fitting = int((np.cumsum(counts[plain]) <= 100).sum())
    assert found.order.tolist() == plain[:fitting].tolist()


@pytest.mark.parametrize("method", ["dpp", "random"])
def test_a_budget_that_ends_the_run_is_the_reason_also_for_equal_lengths(features, method):
    counts = np.full(60, 10)
    found = spanset.select(features, tokens=105, token_counts=counts, method=method)
    assert len(found) == 10
    assert found.stop_reason is spanset.StopReason.TOKEN_BUDGET


def test_a_first_pick_beyond_the_budget_leaves_no_picks(features):
    counts = np.array([500] + [10] * 59)
    quality = np.array([9.0] + [0.0] * 59)
    found = spanset.select(
        features, tokens=100, token_counts=counts, quality=quality, quality_weight=0.9
    )
    assert len(found) == 0
    assert found.stop_reason is spanset.StopReason.TOKEN_BUDGET


@pytest.mark.parametrize("method", ["dpp", "top", "random"])
def test_a_quality_that_does_not_fit_is_refused_by_every_method(features, method):
    for quality in (np.arange(100.0), np.full(60, np.nan)):
        with pytest.raises(spanset.UsageError, match="quality"):
            spanset.select(features, k=3, quality=quality, method=method)


@pytest.mark.parametrize("method", ["random", "top"])
def test_methods_that_do_not_look_at_given_rows_refuse_them(features, method):
    with pytest.raises(spanset.UsageError, match="--given"):
        spanset.select(features, k=3, quality=np.arange(60.0), given=features, method=method)


@pytest.mark.parametrize(
    "wrong", [{"dtype": "float16"}, {"k": ""}, {"method": "best"}, {"kernel": "cubic"}, {"k": 61}]
)
def test_wrong_arguments_are_usage_errors(features, wrong):
    with pytest.raises(spanset.UsageError):
        spanset.select(features, **{"k": 3, **wrong})


def test_a_small_share_given_as_a_float_is_a_share():
    with pytest.raises(spanset.UsageError, match="is no row"):
        spanset.select(np.eye(100), k=0.00001)


@pytest.mark.parametrize(
    "verb", [spanset.represent, lambda rows: spanset.score(rows, "input_tokens")]
)
def test_rows_that_were_not_read_yet_are_refused_in_words(verb):
    with pytest.raises(spanset.UsageError, match=r"spanset.read\(rows\)"):
        verb(make_rows(3))


def test_a_data_set_says_what_it_is_in_one_line():
    assert repr(spanset.read(make_rows(3))) == "Dataset(3 rows of <memory> (alpaca))"


def test_an_input_is_never_replaced(tmp_path, monkeypatch):
    from tests.conftest import write_lines

    from spanset.cli import main

    monkeypatch.chdir(tmp_path)
    source = write_lines(tmp_path / "s-10.jsonl", make_rows(40))
    given = write_lines(tmp_path / "given.jsonl", make_rows(5, seed=1))
    before = source.read_bytes(), given.read_bytes()
    words = ["select", "s-10.jsonl", "--given", "given.jsonl", "--force"]
    assert main([*words, "-k", "10,20", "-o", "s.jsonl"]) == 2
    assert main([*words, "-k", "10", "-o", "given.jsonl"]) == 2
    assert (source.read_bytes(), given.read_bytes()) == before


def test_sizes_beyond_what_can_be_picked_keep_their_names(tmp_path, monkeypatch, capsys):
    from tests.conftest import write_lines

    from spanset.cli import main

    monkeypatch.chdir(tmp_path)
    rows = make_rows(30)
    write_lines(tmp_path / "rows.jsonl", rows + rows[:20])
    assert main(["select", "rows.jsonl", "-k", "10,50"]) == 0
    assert "after 30 of 50" in capsys.readouterr().out
    folder = tmp_path / "spanset-run"
    counts = [(folder / f"subset-{k}.jsonl").read_bytes().count(b"\n") for k in (10, 50)]
    assert counts == [10, 30]


def test_features_alone_are_not_scored_by_name():
    with pytest.raises(spanset.UsageError, match="no rows to score"):
        spanset.select(np.eye(3), k=1, quality="output_tokens")


@pytest.mark.parametrize("counts", [None, np.ones(2, np.int64)])
def test_a_token_budget_needs_the_tokens_of_each_row(counts):
    with pytest.raises(spanset.UsageError, match="needs the tokens of each row"):
        spanset.select(np.eye(3), tokens=2, token_counts=counts)
