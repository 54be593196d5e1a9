"""Gradients of preference pairs: against autograd of the DPO loss, and what is taken of a pair."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.conftest import write_lines
from tests.models.by_hand import SCORES, ByHand
from tests.models.model_folder import SMALL, edit_weights, save_model, store_of
from tests.models.tiny_models import FAMILIES, NO_END

import spanset
from spanset.base.errors import DataError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.conversation import Conversation, Turn
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models import language_model
from spanset.models.language_model import LanguageModel
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.model_run import Passed, padded
from spanset.models.passes.targets import find_layers
from spanset.models.rendering.sides import read_rows
from spanset.sketches.kinds import make_sketch
from spanset.stores.store import Status

SHARED = Path(__file__).parents[2].parent / "shared"
EXACT = ModelConfig(sketch="none", batch_tokens=300)
HALF = 1e-3  # of float16, in a unit row
CLOSE = 1e-4

PAIRS = [
    {"prompt": "What is two plus two?", "chosen": "Four, of course.", "rejected": "A river."},
    {"prompt": "Name a river.", "chosen": "The Loire.", "rejected": "The sea, where it rises."},
    {"prompt": "Is it so?", "chosen": "Yes, it is two.", "rejected": "Yes, it is four."},
    {"prompt": "Write about bread", "chosen": "Crème brûlée. " * 4, "rejected": "No."},
    {"prompt": "Say yes.", "chosen": "Y", "rejected": "N"},
]
BEFORE = [("user", "One?"), ("assistant", "One."), ("user", "Two?")]


def message(role, content):
    return {"role": role, "content": content}


def messages(*turns):
    return [message(*turn) for turn in turns]


def sides(pair):
    """Both dialogues of a pair in plain fields."""
    prompt = message("user", pair["prompt"])
    return [[prompt, message("assistant", pair[side])] for side in ("chosen", "rejected")]


def plain(pairs, side):
    """Rows of one side."""
    return [{"messages": sides(pair)[side == "rejected"]} for pair in pairs]


@pytest.fixture(scope="module")
def model(folders):
    return str(folders())


def unit(X):
    X = np.asarray(X, np.float64)
    return X / np.linalg.norm(X, axis=-1, keepdims=True)


def dpo_gradient(oracle, chosen, rejected, beta, references=(-3.0, -7.5)):
    """Of Rafailov et al. (2023), equation 7, by autograd; one long vector, not normalised."""
    won, lost = (oracle.log_probability(oracle.tokens(side)) for side in (chosen, rejected))
    margin = (won - references[0]) - (lost - references[1])
    return oracle.gradient(-torch.nn.functional.logsigmoid(beta * margin)).numpy()


def difference_gradient(oracle, chosen, rejected):
    won, lost = (oracle.log_probability(oracle.tokens(side)) for side in (chosen, rejected))
    return oracle.gradient(lost - won).numpy()


def sft_gradient(oracle, talk):
    return oracle.gradient(-oracle.log_probability(oracle.tokens(talk))).numpy()


def captured(model, rows, config=EXACT):
    """Gradients as the pass gives them, float32 and not normalised: of all rows at once."""
    language = LanguageModel.load(str(model), config)
    read_as = read_rows(list(read(rows).conversations()), language.renderer, config.pair)
    layers = find_layers(language.loaded)
    sketch = make_sketch("none", layers, rank=1, dimension=1, seed=0)
    owner = np.repeat(np.arange(len(rows)), [len(one.sequences) for one in read_as])
    with GradientCapture(language.loaded, layers) as capture:
        return Passed.of_rows(capture(padded(read_as), sketch), owner).total


def features(model, rows, config=EXACT):
    """Unit rows as a store keeps them."""
    return spanset.represent(read(rows), f"gradient:{model}", model=config)


def worst(got, expected):
    """Largest distance of unit vectors; of opposite ones it would be 2."""
    return float(np.linalg.norm(unit(got) - unit(expected), axis=1).max())


# The direction of the DPO loss


@pytest.mark.parametrize("beta", [0.1, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradient_of_a_pair_is_that_of_the_dpo_loss_up_to_scale(folders, family, beta):
    oracle = ByHand(folders(family))
    expected = [dpo_gradient(oracle, *sides(pair), beta) for pair in PAIRS]
    assert all(gradient.any() for gradient in expected), "underflow: nothing is tested"
    error = worst(captured(folders(family), PAIRS), expected)
    assert error <= CLOSE, f"distance {error:.1e} of unit vectors (2 if the sign is wrong)"


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_a_reference_model_does_not_change_the_direction(model, beta):
    oracle = ByHand(model, dtype=torch.float64)
    got = captured(model, PAIRS)
    for references in ((0.0, 0.0), (-80.0, -20.0), (-5.0, -90.0)):
        expected = [dpo_gradient(oracle, *sides(pair), beta, references) for pair in PAIRS]
        assert worst(got, expected) <= CLOSE


def test_the_length_is_that_of_the_difference_of_log_probabilities(model):
    oracle = ByHand(model)
    expected = [difference_gradient(oracle, *sides(pair)) for pair in PAIRS]
    got = captured(model, PAIRS)
    errors = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert errors.max() <= CLOSE


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_a_store_keeps_the_direction(folders, family):
    oracle = ByHand(folders(family))
    expected = [dpo_gradient(oracle, *sides(pair), 0.1) for pair in PAIRS]
    assert np.abs(features(folders(family), PAIRS) - unit(expected)).max() < HALF


def test_sides_the_other_way_round_give_the_opposite(model):
    """Negative control: the sign is seen."""
    swapped = [{**one, "chosen": one["rejected"], "rejected": one["chosen"]} for one in PAIRS]
    got, other = captured(model, PAIRS), captured(model, swapped)
    assert worst(got, -other) <= CLOSE
    assert worst(got, other) > 1.9


def test_neither_side_alone_is_the_difference(model):
    """Negative control."""
    got = captured(model, PAIRS)
    for side in ("chosen", "rejected"):
        assert worst(got, captured(model, PAIRS, replace(EXACT, pair=side))) > 0.1


@pytest.fixture(scope="module")
def certain(tmp_path_factory):
    """A model that is sure of itself: logits six times as large."""
    folder = save_model(tmp_path_factory.mktemp("certain") / "m")

    def sharpen(weights):
        weights["lm_head.weight"] = weights["lm_head.weight"] * 6
        return weights

    edit_weights(folder, sharpen)
    return str(folder)


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_a_long_answer_that_is_all_but_impossible_does_not_underflow(certain, beta):
    """log p(chosen) - log p(rejected) is over a thousand nats: sigmoid of it is 0 in float32."""
    pair = {"prompt": "Say it", "chosen": "Y", "rejected": "the sea, brûlée and two " * 9}
    plainly, exactly = ByHand(certain), ByHand(certain, dtype=torch.float64)
    rows = [exactly.tokens(side) for side in sides(pair)]
    assert max(len(row.ids) for row in rows) < 128, "it is cut"
    margin = exactly.loss(rows[1]) - exactly.loss(rows[0])
    assert margin > 1000, f"{margin:.0f} nats"
    assert not dpo_gradient(plainly, *sides(pair), beta).any(), "float32 can do it: no test"

    got = captured(certain, [pair])
    assert np.isfinite(got).all()
    # A reference that gives the rejected side more takes the margin to where it can be computed.
    reference = (0.0, -margin + 20.0 / beta)
    expected = dpo_gradient(exactly, *sides(pair), beta, reference)
    assert expected.any()
    assert worst(got, [expected]) <= CLOSE
    assert np.abs(features(certain, [pair]) - unit([expected])).max() < HALF


def test_sides_that_differ_late_lose_no_digits_to_what_they_share(model):
    """What both begin with is left out: it would cancel, less its rounding."""
    start = "The Loire rises in the Massif Central, and flows to the sea. " * 2
    pair = {"prompt": "Tell", "chosen": f"{start}Yes", "rejected": f"{start}No"}
    expected = difference_gradient(ByHand(model, dtype=torch.float64), *sides(pair))
    assert worst(captured(model, [pair]), [expected]) <= CLOSE
    language = LanguageModel.load(model, EXACT)
    (row,) = read_rows(list(read([pair]).conversations()), language.renderer, "difference")
    one, other = (side.ids.tolist() for side in row.sequences)
    shared = next(i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y)
    for weights, sign in zip(row.weights, (1.0, -1.0), strict=True):
        assert not weights[:shared].any()
        assert (weights[shared:] == sign).all()


def test_pairs_do_not_depend_on_the_batch(model):
    together = captured(model, PAIRS)
    alone = np.concatenate([captured(model, [pair]) for pair in PAIRS])
    assert worst(together, alone) <= 1e-5
    order = [3, 0, 4, 2, 1]
    assert worst(captured(model, [PAIRS[i] for i in order]), together[order]) <= 1e-5


@pytest.mark.parametrize("budget", [1, 100_000])
def test_a_store_of_pairs_does_not_depend_on_its_batches(model, budget):
    expected = [difference_gradient(ByHand(model), *sides(pair)) for pair in PAIRS]
    got = features(model, PAIRS, replace(EXACT, batch_tokens=budget))
    assert np.abs(got - unit(expected)).max() < HALF


def test_half_precision_gives_about_the_same(model):
    expected = captured(model, PAIRS)
    for dtype in ("bfloat16", "float16"):
        got = captured(model, PAIRS, replace(EXACT, model_dtype=dtype))
        assert (np.sum(unit(got) * unit(expected), axis=1) > 0.98).all(), dtype


# One side


@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("family", ["llama", "gpt_neox", "gpt2"])
def test_one_side_is_the_gradient_of_fine_tuning_on_it(folders, family, side):
    config, oracle = replace(EXACT, pair=side), ByHand(folders(family))
    expected = [sft_gradient(oracle, row["messages"]) for row in plain(PAIRS, side)]
    assert worst(captured(folders(family), PAIRS, config), expected) <= CLOSE
    got = features(folders(family), PAIRS, config)
    assert np.abs(got - unit(expected)).max() < HALF
    assert np.abs(got - features(folders(family), plain(PAIRS, side))).max() < HALF


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_rows_that_are_no_pairs_are_as_ever_unless_the_rejected_side_is_asked_for(
    model, tmp_path, pair
):
    write_lines(tmp_path / "pairs.jsonl", PAIRS)
    write_lines(tmp_path / "plain.jsonl", plain(PAIRS, "chosen"))
    data = read([tmp_path / "pairs.jsonl", tmp_path / "plain.jsonl"])
    made = GradientFeatures.load(model, replace(EXACT, pair=pair)).transform(data)
    oracle, n = ByHand(model), len(PAIRS)
    of_pairs = captured(model, PAIRS, replace(EXACT, pair=pair))
    if pair == "rejected":
        assert made.kept.tolist() == list(range(n))
        reasons = {row.reason for row in made.data.unrepresented}
        assert reasons == {"it has no rejected side"}
    else:
        assert made.kept.tolist() == list(range(2 * n))
        expected = [sft_gradient(oracle, row["messages"]) for row in plain(PAIRS, "chosen")]
        assert np.abs(made.X[n:] - unit(expected)).max() < HALF
    assert np.abs(made.X[:n] - unit(of_pairs)).max() < HALF


def test_no_pair_at_all_is_an_error_where_the_rejected_side_is_asked_for(model):
    with pytest.raises(DataError, match="none of 5 rows") as caught:
        features(model, plain(PAIRS, "chosen"), replace(EXACT, pair="rejected"))
    assert "no rejected side" in caught.value.why
    assert "--pair rejected" in caught.value.fix


def test_sides_have_stores_of_their_own(model):
    made = [
        features(model, PAIRS, replace(EXACT, pair=p)) for p in ("difference", "chosen", "rejected")
    ]
    again = features(model, PAIRS)
    assert np.array_equal(again, made[0])
    for one in range(3):
        for other in range(one):
            assert np.abs(made[one] - made[other]).max() > 0.01


# What goes beside the gradient


@pytest.mark.parametrize("name", sorted(SCORES))
@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_scores_are_of_the_chosen_side_or_the_rejected(model, pair, name):
    rows = plain(PAIRS, "rejected" if pair == "rejected" else "chosen")
    oracle = ByHand(model)
    expected = [oracle.score(oracle.tokens(row["messages"]), name)[0] for row in rows]
    data, config = read(PAIRS), replace(EXACT, model=model, pair=pair)
    for _ in range(2):  # of a pass of its own, then of the pass of the gradients
        got = spanset.score(data, name, model=config, transform="identity")
        np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-5, atol=1e-5)
        spanset.represent(data, f"gradient:{model}", model=config)


def planned_passes(words, capsys):
    """Passes for the quality that a dry run names."""
    capsys.readouterr()
    assert main([*words, "--dry-run", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["to_score"]


def test_a_gradient_norm_beside_differences_takes_a_pass_of_its_own(model, tmp_path, capsys):
    """The length of a difference is no norm of a gradient of the chosen side's loss."""
    pairs = write_lines(tmp_path / "p.jsonl", PAIRS)
    others = write_lines(tmp_path / "o.jsonl", plain(PAIRS, "chosen"))
    words = ["-k", "2", "--model", model, "--quality", "gradient_norm"]
    (own,) = planned_passes(["select", str(pairs), *words], capsys)
    assert own["rows"] == len(PAIRS)
    assert not own["there"]
    assert planned_passes(["select", str(pairs), *words, "--pair", "chosen"], capsys) == []
    assert planned_passes(["select", str(others), *words], capsys) == []


def test_a_store_of_differences_has_no_gradient_norm_of_pairs(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "p.jsonl", PAIRS)
    assert main(["features", "p.jsonl", "--model", model, "--out", "s"]) == 0
    words = ["select", "p.jsonl", "-k", "2", "--features", "store:s", "--quality", "gradient_norm"]
    for last in ([], ["--dry-run"]):
        assert main([*words, *last]) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert "the store holds no gradient_norm" in error
        assert "the score is of the chosen side" in error
        assert f"fix: name the model that is to score the rows: --model {model}" in error
    assert main([*words, "--model", model]) == 0


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_hidden_states_are_of_the_chosen_side_or_the_rejected(model, monkeypatch, pair):
    rows = plain(PAIRS, "rejected" if pair == "rejected" else "chosen")
    oracle, config = ByHand(model), replace(EXACT, pair=pair)
    expected = unit([oracle.hidden(oracle.tokens(row["messages"])).numpy() for row in rows])
    data = read(PAIRS)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    assert np.abs(X - expected).max() < HALF


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_gradients_of_pairs_leave_hidden_states_that_serve(model, monkeypatch, pair):
    config, data = replace(EXACT, pair=pair), read(PAIRS)
    features(model, PAIRS, config)

    def fails(*_, **__):
        raise AssertionError("the model is loaded although nothing is to be computed")

    monkeypatch.setattr(language_model, "load_model", fails)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    rows, oracle = plain(PAIRS, "rejected" if pair == "rejected" else "chosen"), ByHand(model)
    expected = unit([oracle.hidden(oracle.tokens(row["messages"])).numpy() for row in rows])
    assert np.abs(X - expected).max() < HALF


def test_tokens_are_of_both_sides_and_supervised_ones_of_the_first(model, tmp_path):
    store = store_of(GradientFeatures.load(model, EXACT), read(PAIRS), tmp_path / "s")
    oracle = ByHand(model)
    tokens = [[oracle.tokens(side) for side in sides(pair)] for pair in PAIRS]
    assert store.column("tokens").tolist() == [sum(len(x.ids) for x in both) for both in tokens]
    assert store.column("supervised").tolist() == [both[0].count for both in tokens]


# Shapes of pairs


def both(*turns):
    return [message(*turn) for turn in turns]


SHAPES = {
    "lists": {
        "prompt": both(("user", "Two?")),
        "chosen": both(("assistant", "Two.")),
        "rejected": both(("assistant", "Four.")),
    },
    "whole-dialogues": {
        "chosen": both(*BEFORE, ("assistant", "Two, too.")),
        "rejected": both(*BEFORE, ("assistant", "Four.")),
    },
    "history-in-the-prompt": {
        "prompt": both(("system", "Be brief."), *BEFORE),
        "chosen": both(("assistant", "Two, too.")),
        "rejected": both(("assistant", "Four.")),
    },
    "several-turns-a-side": {
        "prompt": both(("user", "Two?")),
        "chosen": both(("assistant", "Two."), ("user", "Sure?"), ("assistant", "Of course.")),
        "rejected": both(("assistant", "Four."), ("user", "Really?"), ("assistant", "No.")),
    },
    "sides-part-at-a-question": {
        "chosen": both(*BEFORE[:2], ("user", "Is it so?"), ("assistant", "Yes.")),
        "rejected": both(*BEFORE[:2], ("user", "Where is it?"), ("assistant", "In France.")),
    },
    "sides-of-different-lengths": {
        "chosen": both(*BEFORE, ("assistant", "Two.")),
        "rejected": both(("user", "One?"), ("assistant", "A river.")),
    },
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Two?"}],
        "chosen": {"from": "gpt", "value": "Two."},
        "rejected": {"from": "gpt", "value": "Four."},
    },
    "two-outputs": {"instruction": "Two?", "output": ["Two.", "Four."]},
}


def shape_sides(row):
    """Both dialogues of a row of `SHAPES`."""
    if isinstance(row.get("prompt"), list):
        return [row["prompt"] + row[side] for side in ("chosen", "rejected")]
    if isinstance(row.get("chosen"), list):
        return [row["chosen"], row["rejected"]]
    answers = ("Two.", "Four.")
    return [both(("user", "Two?"), ("assistant", answer)) for answer in answers]


@pytest.mark.parametrize("supervise", ["all", "last"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_pair_gives_the_gradient_of_its_dialogues(model, shape, supervise):
    row, oracle = SHAPES[shape], ByHand(model, supervise=supervise)
    expected = dpo_gradient(oracle, *shape_sides(row), 0.1)
    got = captured(model, [row], replace(EXACT, supervise=supervise))
    assert worst(got, [expected]) <= CLOSE


def test_dialogues_that_part_at_different_turns_are_different_rows():
    """Both have the same chosen side, and the same turns after the one that they part at."""
    start = tuple(Turn(*turn) for turn in BEFORE)
    answer = (Turn("assistant", "Four."),)
    early = Conversation((*start, Turn("assistant", "Two.")), answer, shared=1)
    late = early._replace(shared=3)
    assert early.digest() != late.digest()


def test_rows_that_part_at_different_turns_get_gradients_of_their_own(model):
    chosen = both(*BEFORE, ("assistant", "Two."))
    rows = [
        {"chosen": chosen, "rejected": both(*BEFORE[:1], ("assistant", "Four."))},
        {"chosen": chosen, "rejected": both(*BEFORE, ("assistant", "Four."))},
    ]
    expected = [dpo_gradient(ByHand(model), row["chosen"], row["rejected"], 0.1) for row in rows]
    assert worst(expected[:1], expected[1:]) > 0.1
    assert np.abs(features(model, rows) - unit(expected)).max() < HALF


# Pairs that give no direction


EQUAL = {"prompt": "Is it so?", "chosen": "Yes.", "rejected": "Yes."}
TAIL = "it is two and " * 12
LATE = {"prompt": "Is it so?", "chosen": f"{TAIL}yes.", "rejected": f"{TAIL}no."}


@pytest.mark.parametrize(("pair", "max_length"), [(EQUAL, None), (LATE, 30)])
def test_sides_that_are_the_same_are_left_out_with_that_reason(model, tmp_path, pair, max_length):
    config = replace(EXACT, max_length=max_length)
    data = read([PAIRS[0], pair])
    store = store_of(GradientFeatures.load(model, config), data, tmp_path / "s")
    assert store.column("status")[1] == Status.SAME_SIDES
    made = GradientFeatures.load(model, config).transform(data)
    assert made.kept.tolist() == [0]
    assert "the same within --max-length" in made.data.unrepresented[0].reason
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        features(model, [pair], config)
    assert "--pair chosen" in caught.value.fix
    one_side = features(model, [pair], replace(config, pair="chosen"))
    assert np.linalg.norm(one_side) > 0.99, "what the message says to do works"


def test_sides_that_differ_late_are_told_apart_where_they_are_not_cut(model):
    """Negative control of the test above."""
    assert GradientFeatures.load(model, EXACT).transform(read([LATE])).kept.tolist() == [0]


def test_sides_that_are_the_same_have_hidden_states_and_scores(model):
    data, config = read([PAIRS[0], EQUAL]), replace(EXACT, model=model)
    GradientFeatures.load(model, EXACT).transform(data)
    assert HiddenFeatures.load(model, EXACT).transform(data).kept.tolist() == [0, 1]
    assert len(spanset.score(data, "perplexity", model=config)) == 2


def test_a_side_that_is_the_start_of_the_other_is_told_apart(tmp_path):
    """Where nothing ends a turn, one side may be all of what both begin with."""
    folder = save_model(tmp_path / "m", template=NO_END)
    pair = {"prompt": "Is it?", "chosen": "Yes", "rejected": "Yes, of course it is"}
    for row in (pair, {**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]}):
        got = captured(folder, [row])
        assert np.isfinite(got).all()
        assert got.any()


@pytest.mark.parametrize("empty", ["", "  \n"])
@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_a_pair_with_an_empty_side_never_yields_a_row_of_zeros(model, pair, side, empty):
    data = read([PAIRS[0], {**PAIRS[1], side: empty}])
    made = GradientFeatures.load(model, replace(EXACT, pair=pair)).transform(data)
    assert np.isfinite(made.X).all()
    assert (np.abs(np.linalg.norm(made.X, axis=1) - 1) < 1e-3).all()
    assert 0 in made.kept


def test_pairs_whose_answers_are_cut_away_say_so(model):
    """The question is where they part, and no answer is left to learn from after it."""
    long = "a very long question " * 40
    rows = [
        {"prompt": long, "chosen": "Yes.", "rejected": "No."},
        {
            "chosen": both(*BEFORE[:2], ("user", f"One, {long}"), ("assistant", "Yes.")),
            "rejected": both(*BEFORE[:2], ("user", f"Two, {long}"), ("assistant", "No.")),
        },
    ]
    for row in rows:
        with pytest.raises(DataError, match="none of 1 rows") as caught:
            features(model, [row])
        assert "--max-length" in caught.value.why
        assert "--model-dtype" not in caught.value.fix


# From end to end


def test_a_selection_of_pairs_from_the_command_line(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines(Path("d.jsonl"), [*PAIRS, EQUAL])
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--model", model, *SMALL)
    assert main([*pick, "--run", "r", "--quality", "perplexity"]) == 0
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert manifest["features"]["pair"] == "difference"
    assert manifest["rows"]["unrepresented"] == 1
    subset = [json.loads(line) for line in Path("r/subset.jsonl").read_text().splitlines()]
    assert len(subset) == 3
    assert all(row in PAIRS for row in subset)
    table = pq.read_table("r/selection.parquet").to_pydict()
    oracle = ByHand(model)
    expected = [
        -oracle.loss(row := oracle.tokens(sides(PAIRS[number])[0])) / row.count
        for number in table["row"]
    ]
    np.testing.assert_allclose(table["log_quality"], expected, rtol=1e-5)
    for number, side in enumerate(("chosen", "rejected")):
        assert main([*pick, "--run", f"r{number}", "--pair", side]) == 0
        manifest = json.loads(Path(f"r{number}/manifest.json").read_text())
        assert manifest["features"]["pair"] == side
        assert manifest["rows"]["unrepresented"] == 0
    assert main(["select", "--config", "r0/config.toml", "--run", "again"]) == 0
    assert Path("again/ids.txt").read_bytes() == Path("r0/ids.txt").read_bytes()


def test_real_pairs_under_a_trained_model():
    folder, data = SHARED / "models/tiny-llama-7m", SHARED / "data/formats/dpo_en_demo.json"
    if not (folder.exists() and data.exists()):
        pytest.skip(f"{folder} or {data} is not there")
    table = json.loads(data.read_text())
    found = [row for row in table if len(json.dumps(row)) < 1400 and len(row["conversations"]) == 1]
    texts = [[row["chosen"]["value"], row["rejected"]["value"]] for row in found]
    rows = [
        row for row, both in zip(found, texts, strict=True) if all(t[:1].isalpha() for t in both)
    ]
    rows = rows[:4]
    assert len(rows) == 4
    oracle = ByHand(folder, max_length=512, header="<|assistant|>\n", end="<|end|>")
    expected = []
    for row in rows:
        question = message("user", row["conversations"][0]["value"])
        won, lost = (
            [question, message("assistant", row[side]["value"])] for side in ("chosen", "rejected")
        )
        expected.append(difference_gradient(oracle, won, lost))
    got = captured(folder, rows, replace(EXACT, max_length=512))
    assert worst(got, expected) <= CLOSE
