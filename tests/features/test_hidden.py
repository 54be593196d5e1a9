"""Hidden states: of transformers' own one a row, whatever the batch and what is supervised."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.places import SHARED

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

import torch
from tests.features.mean_states import (
    CLOSE,
    CONFIG,
    HALF,
    LONG,
    ROWS,
    messages,
    relative,
    states,
    unit,
)
from tests.models.by_hand import ByHand, one_state
from tests.models.model_folder import CONTEXT, store_of
from tests.models.tiny_models import FAMILIES, HIDDEN, VOCABULARY, make_model

import spanset
from spanset.config.model_settings import POOLINGS, ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.stores.columns import hidden_names
from spanset.stores.status import Status


def batch_of(rows, extra=0):
    """Token ids of rows as a batch, `extra` tokens of padding beside."""
    ids, supervised = rows
    batch = Batch.pad(ids, supervised)
    more = [(0, 0), (0, extra)]
    return replace(
        batch,
        ids=np.pad(batch.ids, more, constant_values=7),
        supervised=np.pad(batch.supervised, more),
    )


def made_up(n, seed=0):
    """Ids of rows of 1 to 20 tokens, and supervised tokens; one row has none."""
    rng = np.random.default_rng(seed)
    ids = [rng.integers(3, VOCABULARY, length) for length in [1, *rng.integers(2, 21, n - 1)]]
    return ids, [np.arange(len(one)) > len(one) // 2 for one in ids]


def one_by_one(model, ids, pooling):
    """Of the last of transformers' hidden states one, each row alone; float64."""
    found = []
    with torch.no_grad():
        for one in ids:
            out = model(input_ids=torch.from_numpy(one)[None], output_hidden_states=True)
            found.append(one_state(out.hidden_states[-1][0].double(), pooling).numpy())
    return np.array(found)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_pass_takes_transformers_last_hidden_states(family, pooling):
    loaded, rows = make_model(family), made_up(8)
    expected = one_by_one(loaded, rows[0], pooling)
    for extra in (0, 9):
        with ForwardPass(loaded, pooling=pooling) as once:
            got = once(batch_of(rows, extra)).hidden
        assert got.dtype == torch.float32
        error = relative(got.numpy(), expected)
        assert error <= CLOSE, f"relative error {error:.1e} with {extra} tokens of padding more"


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_pass_of_the_gradients_takes_the_same(family, checkpointing, pooling):
    loaded, rows = make_model(family), made_up(8)
    expected, layers = one_by_one(loaded, rows[0], pooling), find_layers(loaded)
    sketch = make_sketch("fold", layers, rank=4, dimension=32, seed=0)
    with GradientCapture(loaded, layers, pooling=pooling, checkpointing=checkpointing) as capture:
        got = capture(batch_of(rows), sketch).hidden
    assert not got.requires_grad
    assert relative(got.numpy(), expected) <= CLOSE


def test_the_state_before_the_final_norm_is_another():
    """Negative control."""
    loaded, rows = make_model("llama"), made_up(8)
    with ForwardPass(loaded, pooling="mean") as once:
        got = once(batch_of(rows)).hidden.numpy()
    loaded.model.norm = torch.nn.Identity()
    assert relative(got, one_by_one(loaded, rows[0], "mean")) > 0.1


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_unit_rows_of_the_last_layer(folders, family, pooling):
    folder, data, config = folders(family), read(ROWS), replace(CONFIG, pooling=pooling)
    expected = states(ByHand(folder), ROWS, pooling)
    X = spanset.represent(data, f"hidden:{folder}", model=config)
    assert X.dtype == np.float32
    assert X.shape == (len(ROWS), HIDDEN)
    assert np.abs(X - unit(expected)).max() < HALF
    lengths = np.linalg.norm(
        spanset.represent(data, f"hidden:{folder}", model=config, normalize=False), axis=1
    )
    assert np.abs(lengths / np.linalg.norm(expected, axis=1) - 1).max() < CLOSE


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("features", ["hidden", "gradient"])
def test_half_precision_gives_about_the_same(model, tmp_path, dtype, features, pooling):
    kind = {"hidden": HiddenFeatures, "gradient": GradientFeatures}[features]
    config = replace(CONFIG, model_dtype=dtype, pooling=pooling)
    store = store_of(kind.load(model, config), read(ROWS), tmp_path / "s")
    column = "features" if features == "hidden" else hidden_names(pooling)[0]
    got = store.column(column).astype(np.float64)
    expected = ByHand(model, dtype=getattr(torch, dtype))
    assert np.abs(unit(got) - unit(states(expected, ROWS, pooling))).max() < 0.02
    assert np.abs(unit(got) - unit(states(ByHand(model), ROWS, pooling))).max() < 0.1


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("budget", [1, 500, 10_000])
def test_features_do_not_depend_on_the_batches(model, budget, pooling):
    data, config = read(ROWS), replace(CONFIG, batch_tokens=budget, pooling=pooling)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    assert np.abs(X - unit(states(ByHand(model), ROWS, pooling))).max() < HALF


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_cut_row_has_the_state_of_the_tokens_that_are_left(model, tmp_path, pooling):
    rows = [ROWS[0], {"instruction": "Count", "output": "one two three " * 80}]
    config = replace(CONFIG, pooling=pooling)
    store = store_of(HiddenFeatures.load(model, config), read(rows), tmp_path / "s")
    assert store.column("status").tolist() == [Status.OK, Status.TRUNCATED]
    assert store.column("tokens")[1] == CONTEXT
    expected = unit(states(ByHand(model), rows, pooling))
    assert np.abs(store.column("features") - expected).max() < HALF


def test_supervision_does_not_change_the_mean(model):
    talk = [("user", "One?"), ("assistant", "One."), ("user", "Two?"), ("assistant", "Two.")]
    data = read([{"messages": [{"role": role, "content": text} for role, text in talk]}, *[
        {"messages": messages(row)} for row in ROWS[:2]]])  # fmt: skip
    one, other = (
        spanset.represent(data, f"hidden:{model}", model=replace(CONFIG, supervise=which))
        for which in ("all", "last")
    )
    assert np.array_equal(one, other)


def test_copies_have_the_same_features_to_the_last_bit(model):
    X = spanset.represent(read(ROWS), f"hidden:{model}", model=CONFIG)
    assert np.array_equal(X[:4], X[16:])


def test_a_row_without_supervised_tokens_is_left_out(model):
    made = HiddenFeatures.load(model, CONFIG).transform(read([*ROWS[:2], LONG]))
    assert made.kept.tolist() == [0, 1]
    assert "--max-length" in made.data.unrepresented[0].reason


def test_real_rows_under_a_trained_model_have_transformers_states():
    folder, path = SHARED / "models/tiny-llama-7m", SHARED / "data/lima.json"
    if not (folder.exists() and path.exists()):
        pytest.skip(f"{folder} or {path} is not there")
    table = json.loads(path.read_text())
    rows = [row for row in table if 200 < len(row["instruction"] + row["output"]) < 900]
    rows = [row for row in rows if row["output"][:1].isalnum() and not row.get("input")][:8]
    oracle = ByHand(folder, max_length=512, header="<|assistant|>\n", end="<|end|>")
    config = ModelConfig(max_length=512, batch_tokens=1500)
    X = spanset.represent(read(rows), f"hidden:{folder}", model=config)
    assert np.abs(X - unit(states(oracle, rows))).max() < HALF
    batch = Batch.pad(
        [(one := oracle.tokens(messages(row))).ids.numpy() for row in rows],
        [oracle.tokens(messages(row)).supervised.numpy() for row in rows],
    )
    assert one.count
    with ForwardPass(oracle.model, pooling="mean") as once:
        assert relative(once(batch).hidden.numpy(), states(oracle, rows)) <= CLOSE
