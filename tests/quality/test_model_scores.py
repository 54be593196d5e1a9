"""Scores of a language model against a direct computation, and which rows they hold for better.

The oracle (`by_hand`) reads one row at a time with transformers alone: all logits, softmax in
float64, autograd for gradients. Scores come by the public roads: `spanset.score`, and what a run of
`spanset select` writes down.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="scores of a model need the extra `models`")
pytest.importorskip("transformers", reason="scores of a model need the extra `models`")

import torch
from tests.conftest import write_lines
from tests.models.by_hand import DOWN, LOGARITHMS, SCORES, ByHand
from tests.models.model_folder import CONTEXT, save_model
from tests.models.tiny_models import FAMILIES

import spanset
from spanset.base.errors import DataError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.models import language_model
from spanset.models.passes import capture_run

SHARED = Path(__file__).parents[2].parent / "shared"
# The whole gradient, so that its length is exact; small batches, so that there are several.
EXACT = ModelConfig(sketch="none", batch_tokens=300)
CLOSE = 1e-5


def message(role, content):
    return {"role": role, "content": content}


TALKS = [
    [message("user", "What is two plus two?"), message("assistant", "Four, of course.")],
    [message("user", "Name a river."), message("assistant", "The Loire, which flows to the sea.")],
    [
        message("system", "Be brief."),
        message("user", "Name a river in France."),
        message("assistant", "The Loire."),
        message("user", "Where does it rise?"),
        message("assistant", "In the Massif Central, and it flows to the sea."),
    ],
    [message("user", "Say yes, please."), message("assistant", "Y")],
    [message("user", "Write about bread"), message("assistant", "Crème brûlée. " * 9)],
    [
        message("user", "One?"),
        message("assistant", "One."),
        message("user", "Two?"),
        message("assistant", "Two, too."),
        message("user", "Three?"),
        message("assistant", "No."),
    ],
]
ROWS = [{"messages": talk} for talk in TALKS]


@pytest.fixture(scope="module")
def llama(folders):
    return str(folders())


def raw_scores(model, rows, name, config=EXACT):
    """Scores by the public verb, the sign of lower-is-better taken out again."""
    got = spanset.score(
        read(rows), name, model=replace(config, model=str(model)), transform="identity"
    )
    return -got if name in DOWN else got


def worst_error(got, oracle, talks, name):
    """Largest error of a score, relative to the size of what it is computed from."""
    expected, size = np.array([oracle.score(oracle.tokens(talk), name) for talk in talks]).T
    assert (size > 0).all(), "the oracle is zero, so nothing is tested"
    assert len(np.unique(expected)) > 1, "all the same, so nothing is tested"
    return float((np.abs(got - expected) / size).max())


# Against a direct computation


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_score_is_that_of_a_direct_computation(folders, family, name):
    folder = folders(family)
    error = worst_error(raw_scores(folder, ROWS, name), ByHand(folder), TALKS, name)
    assert error <= CLOSE, f"{name} of {family}: relative error {error:.1e}"


@pytest.mark.parametrize("name", SCORES)
def test_supervising_the_last_turn_scores_the_last_turn(llama, name):
    config = replace(EXACT, supervise="last")
    got = raw_scores(llama, ROWS, name, config)
    error = worst_error(got, ByHand(llama, supervise="last"), TALKS, name)
    assert error <= CLOSE, f"relative error {error:.1e}"
    everything = raw_scores(llama, ROWS, name)
    several = np.array([len(talk) > 3 for talk in TALKS])
    assert (got != everything)[several].all(), "the earlier turns do not count anyway"


@pytest.mark.parametrize("name", SCORES)
def test_a_cut_row_is_scored_by_the_tokens_that_are_left(llama, name):
    config, oracle = replace(EXACT, max_length=30), ByHand(llama, max_length=30)
    full = ByHand(llama)
    cut = [len(full.tokens(talk).ids) > 30 for talk in TALKS]
    talks = [talk for talk in TALKS if oracle.tokens(talk).count]
    assert any(cut)
    assert not all(cut)
    rows = [{"messages": talk} for talk in talks]
    error = worst_error(raw_scores(llama, rows, name, config), oracle, talks, name)
    assert error <= CLOSE, f"relative error {error:.1e}"


@pytest.mark.parametrize(
    ("bos", "eos"), [("<s>", "</s>"), (None, "</s>"), (None, None)], ids=["bos", "eos", "neither"]
)
def test_an_answer_alone_comes_after_the_token_that_begins_a_text(tmp_path, bos, eos):
    folder = save_model(tmp_path / "m", bos=bos, eos=eos)
    oracle = ByHand(folder)
    assert (oracle.tokenizer.bos_token_id, oracle.tokenizer.eos_token_id) != (None, None) or not eos
    for name in ("ifd", "pmi"):
        error = worst_error(raw_scores(folder, ROWS, name), oracle, TALKS, name)
        assert error <= CLOSE, f"{name}: relative error {error:.1e}"


def test_an_answer_that_fills_the_context_is_read_alone_too(llama):
    """After the token that begins a text it is as long as the row may be, and no longer."""
    talks = [[message("user", ""), message("assistant", "sea " * 200)], TALKS[0]]
    for max_length in (CONTEXT, 20):
        oracle = ByHand(llama, max_length=max_length)
        kept = [talk for talk in talks if oracle.tokens(talk).count > 0]
        rows = [{"messages": talk} for talk in kept]
        config = replace(EXACT, max_length=max_length)
        got = raw_scores(llama, rows, "pmi", config)
        expected = np.array([oracle.score(oracle.tokens(talk), "pmi")[0] for talk in kept])
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("name", SCORES)
def test_scores_do_not_depend_on_batches_or_order(llama, name, monkeypatch, tmp_path):
    expected = raw_scores(llama, ROWS, name)
    order = np.random.default_rng(0).permutation(len(ROWS))
    for number, (budget, rows) in enumerate([(1, order), (100_000, order), (100_000, order[:4])]):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / str(number)))
        config = replace(EXACT, batch_tokens=budget)
        got = raw_scores(llama, [ROWS[row] for row in rows], name, config)
        np.testing.assert_allclose(got, expected[rows], rtol=2e-5, atol=2e-5)


def test_another_prompt_gives_other_scores(llama):
    """Negative control: the comparisons can fail."""
    other = [[message("user", "Anything else?"), *talk[-1:]] for talk in TALKS[:2]]
    for name in (*DOWN, "logit_margin", "ifd", "pmi"):
        got = raw_scores(llama, [{"messages": talk} for talk in other], name)
        assert worst_error(got, ByHand(llama), TALKS[:2], name) > 1e-3, name


def test_copies_have_the_same_scores_to_the_last_bit(llama):
    for name in SCORES:
        got = raw_scores(llama, [*ROWS, *ROWS[::-1]], name)
        assert np.array_equal(got[: len(ROWS)], got[len(ROWS) :][::-1]), name


@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_the_gradient_norm_is_that_of_the_target_layers(llama, targets):
    got = raw_scores(llama, ROWS, "gradient_norm", replace(EXACT, targets=targets))
    oracle = ByHand(llama)
    if targets == "all-linear":
        oracle.targets = [
            weight
            for name, weight in oracle.model.named_parameters()
            if weight.ndim == 2 and "embed" not in name and "lm_head" not in name
        ]
    error = worst_error(got, oracle, TALKS, "gradient_norm")
    assert error <= CLOSE, f"relative error {error:.1e}"


def test_a_sketch_gives_about_the_gradient_norm(llama):
    exact = raw_scores(llama, ROWS, "gradient_norm")
    config = ModelConfig(rank=32, dimension=2048, batch_tokens=300)
    got = raw_scores(llama, ROWS, "gradient_norm", config)
    assert np.abs(got / exact - 1).max() < 0.25
    assert np.abs(got / exact - 1).max() > 1e-4, "it is no sketch"


def test_checkpointing_does_not_change_scores(llama):
    config = replace(EXACT, gradient_checkpointing=True)
    expected, got = (raw_scores(llama, ROWS, "gradient_norm", one) for one in (EXACT, config))
    np.testing.assert_allclose(got, expected, rtol=CLOSE)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", SCORES)
def test_half_precision_gives_about_the_same_scores(llama, dtype, name):
    expected = raw_scores(llama, ROWS, name)
    got = raw_scores(llama, ROWS, name, replace(EXACT, model_dtype=dtype))
    assert np.isfinite(got).all()
    size = np.maximum(np.abs(expected), 1.0)
    assert (np.abs(got - expected) / size).max() < (0.15 if dtype == "bfloat16" else 0.03)


def test_real_rows_under_a_trained_model_are_scored_alike():
    folder, data = SHARED / "models/tiny-llama-7m", SHARED / "data/lima.json"
    if not (folder.exists() and data.exists()):
        pytest.skip(f"{folder} or {data} is not there")
    table = json.loads(data.read_text())
    found = [row for row in table if 200 < len(row["instruction"] + row["output"]) < 900]
    rows = [row for row in found if row["output"][:1].isalnum() and not row.get("input")][:6]
    talks = [
        [message("user", row["instruction"]), message("assistant", row["output"])] for row in rows
    ]
    assert len(talks) == 6
    oracle = ByHand(folder, max_length=512, header="<|assistant|>\n", end="<|end|>")
    config = replace(EXACT, max_length=512, batch_tokens=700)
    for name in SCORES:
        error = worst_error(raw_scores(folder, rows, name, config), oracle, talks, name)
        assert error <= CLOSE, f"{name}: relative error {error:.1e}"


# From the command line


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("features", [None, "hidden", "lexical"])
def test_a_selection_writes_down_the_quality_of_a_direct_computation(
    llama, tmp_path, monkeypatch, features, name
):
    monkeypatch.chdir(tmp_path)
    write_lines(Path("d.jsonl"), ROWS)
    flags = () if features is None else ("--features", features)
    oracle = ByHand(llama)
    expected = np.array([oracle.score(oracle.tokens(talk), name)[0] for talk in TALKS])
    if name not in LOGARITHMS:
        expected = np.log(expected)
    expected = -expected if name in DOWN else expected
    command = ("select", "d.jsonl", "-k", str(len(ROWS)), "--draws", "0", "--run", "r")
    by = ("--model", llama, "--sketch", "none", "--quality", name, "--lambda", "1")
    assert main([*command, *by, *flags]) == 0
    table = pq.read_table("r/selection.parquet").to_pydict()
    got = dict(zip(table["row"], table["log_quality"], strict=True))
    np.testing.assert_allclose([got[row] for row in range(len(ROWS))], expected, atol=1e-4)
    best_first = [expected[row] for row in table["row"]]
    assert best_first == sorted(best_first, reverse=True), "lambda = 1 sorts by quality"


def test_rows_that_cannot_be_scored_are_named(llama):
    long = [message("user", "a very long question " * 40), message("assistant", "No.")]
    rows = [ROWS[0], {"messages": long}]
    for name in SCORES:
        with pytest.raises(DataError, match="1 of 2 rows cannot be scored") as caught:
            raw_scores(llama, rows, name)
        assert ":2" in caught.value.where
        assert "--max-length" in caught.value.why


def test_rows_that_were_left_out_before_are_not_taken_for_those(llama):
    long = [message("user", "a very long question " * 40), message("assistant", "No.")]
    data = read([*ROWS[:2], {"messages": long}]).without(np.array([0]), ["not wanted"])
    for verb in (
        lambda: spanset.score(data, "perplexity", model=llama),
        lambda: spanset.represent(data, f"hidden:{llama}"),
    ):
        with pytest.raises(DataError, match="1 of 2 rows") as caught:
            verb()
        assert ":3" in caught.value.where
        assert "--max-length" in caught.value.why


# What is computed when


def fails(*_, **__):
    raise AssertionError("the model is loaded although nothing is to be computed")


def test_one_pass_serves_every_score_but_those_of_answers_alone(llama, monkeypatch):
    data = read(ROWS)
    spanset.represent(data, f"gradient:{llama}", model=EXACT)
    monkeypatch.setattr(language_model, "load_model", fails)
    for name in set(SCORES) - {"ifd", "pmi"}:
        raw_scores(llama, ROWS, name)
    with pytest.raises(AssertionError, match="the model is loaded"):
        raw_scores(llama, ROWS, "ifd")


def test_answers_alone_are_read_once_for_both_of_their_scores(llama, monkeypatch):
    raw_scores(llama, ROWS, "ifd")
    monkeypatch.setattr(language_model, "load_model", fails)
    raw_scores(llama, ROWS, "pmi")


def test_only_the_gradient_norm_takes_gradients(llama, monkeypatch):
    monkeypatch.setattr(capture_run, "GradientCapture", None)
    for name in set(SCORES) - {"gradient_norm"}:
        raw_scores(llama, ROWS, name)
    with pytest.raises(TypeError):
        raw_scores(llama, ROWS, "gradient_norm")


# Which rows are better


def train(folder, sequences, steps=150):
    """Overfit the model in a folder on sequences of tokens; all are padded to one batch."""
    import transformers

    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).train()
    longest = max(len(one.ids) for one in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for row, one in enumerate(sequences):
        ids[row, : len(one.ids)] = one.ids
        labels[row, : len(one.ids)] = one.ids.masked_fill(~one.supervised, -100)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)


GOOD = ["The Loire rises in France.", "Bread, of course.", "Four is two plus two."]
BAD = ["Loire sea two bread rises.", "Course of, bread poem.", "Central four where is it."]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A model that knows the good answers by heart; rows with good answers, then bad ones."""
    folder = save_model(tmp_path_factory.mktemp("learnt") / "m")
    prompts = ["Name a river.", "What is it?", "Explain two."]
    rows = [
        {"instruction": prompt, "output": answer}
        for answers in (GOOD, BAD)
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    oracle = ByHand(folder)
    talks = [[message("user", r["instruction"]), message("assistant", r["output"])] for r in rows]
    train(folder, [oracle.tokens(talk) for talk in talks[:3]], steps=60)
    return str(folder), rows


def is_better(quality, good):
    """Whether all rows that are meant to be good have a higher quality than all others."""
    return quality[:good].min() > quality[good:].max()


@pytest.mark.parametrize("transform", [None, "rank", "quantile"])
@pytest.mark.parametrize("name", ["perplexity", "gradient_norm", "el2n", "logit_margin"])
def test_answers_that_the_model_expects_are_better(learnt, name, transform):
    folder, rows = learnt
    config = replace(EXACT, model=folder)
    quality = spanset.score(read(rows), name, model=config, transform=transform)
    assert is_better(quality, 3), quality


@pytest.mark.parametrize("name", ["perplexity", "gradient_norm", "el2n", "logit_margin"])
def test_before_the_model_learnt_them_they_are_not(learnt, llama, name):
    """Negative control: it is the training that orders them."""
    quality = spanset.score(read(learnt[1]), name, model=replace(EXACT, model=llama))
    assert not is_better(quality, 3), quality


def test_a_selection_by_perplexity_picks_what_the_model_expects(learnt):
    folder, rows = learnt
    picks = spanset.select(
        read(rows), k=3, quality="perplexity", quality_weight=1.0, model=ModelConfig(model=folder)
    )
    assert sorted(picks.order.tolist()) == [0, 1, 2]


def test_longer_answers_are_better_by_answer_tokens(llama):
    rows = [{"instruction": "Count.", "output": "one two " * times} for times in (9, 6, 4, 1)]
    quality = spanset.score(read(rows), "answer_tokens", model=llama)
    assert (np.diff(quality) < 0).all(), quality


WORDS = ["river", "bread", "poem", "sea", "two", "France"]


@pytest.fixture(scope="module")
def copying(tmp_path_factory):
    """A model that says the word it is told to; six rows of which, and six that nothing tells."""
    folder = save_model(tmp_path_factory.mktemp("copying") / "m")
    follows = [[message("user", f"Say {word}"), message("assistant", word)] for word in WORDS]
    chance = [[message("user", "Anything"), message("assistant", word)] for word in WORDS]
    oracle = ByHand(folder)
    rows = [oracle.tokens(talk) for talk in follows + chance]
    train(folder, rows + [oracle.alone(row) for row in rows])
    return str(folder), [{"messages": talk} for talk in follows + chance]


def test_answers_that_the_prompt_tells_are_better_by_pmi_and_worse_by_ifd(copying):
    folder, rows = copying
    pmi, ifd = (spanset.score(read(rows), name, model=folder) for name in ("pmi", "ifd"))
    assert is_better(pmi, 6), pmi
    assert is_better(ifd[::-1], 6), ifd
    # A word of six and the end of the turn: the prompt is worth log 6 nats over two tokens or more.
    told = pmi[:6] * raw_scores(folder, rows[:6], "answer_tokens")
    assert np.abs(told - np.log(6)).max() < 0.3, told
    assert np.abs(pmi[6:]).max() < 0.3, "nothing is told by the other prompts"
    assert np.exp(ifd[:6]).max() < 0.3 < 0.7 < np.exp(ifd[6:]).min()
