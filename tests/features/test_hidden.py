"""Hidden states: against transformers' own, where they are kept, and what takes no second pass."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

import torch
from tests.conftest import write_lines
from tests.models.by_hand import ByHand
from tests.models.model_folder import (
    CONTEXT,
    FEATURES,
    SMALL,
    Child,
    Moment,
    changed,
    edit_json,
    files_of,
    same_store,
    store_of,
    talk_rows,
)
from tests.models.tiny_models import FAMILIES, HIDDEN, VOCABULARY, make_model

import spanset
from spanset.base.errors import DataError, UsageError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models import language_model
from spanset.models.passes import capture_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.model_run import ModelRun
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.stores.store import FeatureStore, Status

SHARED = Path(__file__).parents[2].parent / "shared"
CONFIG = ModelConfig(rank=4, dimension=32, batch_tokens=300)
ROWS = talk_rows(20, copies=4)
LONG = {"instruction": "a very long question " * 40, "output": "No."}
HALF = 1e-3  # of float16, in a unit row
CLOSE = 1e-5
HIDDEN_STORE = ("features", "d.jsonl", "--features", "hidden:m", "--out", "s", *FEATURES[-2:])


@pytest.fixture(scope="module")
def model(folders):
    return str(folders())


@pytest.fixture
def folder(folders, tmp_path, monkeypatch):
    """Working folder with a model and rows."""
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(folders(), here / "m")
    write_lines(here / "d.jsonl", ROWS)
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def no_model(monkeypatch):
    """From when it is called on, no model is loaded."""

    def fails(*_, **__):
        raise AssertionError("the model is loaded although nothing is to be computed")

    return lambda: monkeypatch.setattr(language_model, "load_model", fails)


def messages(row):
    return [
        {"role": "user", "content": row["instruction"]},
        {"role": "assistant", "content": row["output"]},
    ]


def states(oracle, rows):
    """Mean state of each row, (n, w) float64."""
    return np.array([oracle.hidden(oracle.tokens(messages(row))).numpy() for row in rows])


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


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


def one_by_one(model, ids):
    """Mean of the last of transformers' hidden states, each row alone; float64."""
    found = []
    with torch.no_grad():
        for one in ids:
            out = model(input_ids=torch.from_numpy(one)[None], output_hidden_states=True)
            found.append(out.hidden_states[-1][0].double().mean(dim=0).numpy())
    return np.array(found)


def relative(got, expected):
    errors = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    return float(errors.max())


# What they are


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pass_takes_the_mean_of_transformers_last_hidden_state(family):
    loaded, rows = make_model(family), made_up(8)
    expected = one_by_one(loaded, rows[0])
    for extra in (0, 9):
        with ForwardPass(loaded, hidden=True) as once:
            got = once(batch_of(rows, extra)).hidden
        assert got.dtype == torch.float32
        error = relative(got.numpy(), expected)
        assert error <= CLOSE, f"relative error {error:.1e} with {extra} tokens of padding more"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_pass_of_the_gradients_takes_the_same(family, checkpointing):
    loaded, rows = make_model(family), made_up(8)
    expected, layers = one_by_one(loaded, rows[0]), find_layers(loaded)
    sketch = make_sketch("fold", layers, rank=4, dimension=32, seed=0)
    with GradientCapture(loaded, layers, hidden=True, checkpointing=checkpointing) as capture:
        got = capture(batch_of(rows), sketch).hidden
    assert not got.requires_grad
    assert relative(got.numpy(), expected) <= CLOSE


def test_the_state_before_the_final_norm_is_another():
    """Negative control."""
    loaded, rows = make_model("llama"), made_up(8)
    with ForwardPass(loaded, hidden=True) as once:
        got = once(batch_of(rows)).hidden.numpy()
    loaded.model.norm = torch.nn.Identity()
    assert relative(got, one_by_one(loaded, rows[0])) > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_the_unit_means_of_the_last_layer(folders, family):
    folder, data = folders(family), read(ROWS)
    expected = states(ByHand(folder), ROWS)
    X = spanset.represent(data, f"hidden:{folder}", model=CONFIG)
    assert X.dtype == np.float32
    assert X.shape == (len(ROWS), HIDDEN)
    assert np.abs(X - unit(expected)).max() < HALF
    lengths = np.linalg.norm(
        spanset.represent(data, f"hidden:{folder}", model=CONFIG, normalize=False), axis=1
    )
    assert np.abs(lengths / np.linalg.norm(expected, axis=1) - 1).max() < CLOSE


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("features", ["hidden", "gradient"])
def test_half_precision_gives_about_the_same(model, tmp_path, dtype, features):
    kind = {"hidden": HiddenFeatures, "gradient": GradientFeatures}[features]
    config = replace(CONFIG, model_dtype=dtype)
    store = store_of(kind.load(model, config), read(ROWS), tmp_path / "s")
    got = store.column("hidden" if features == "gradient" else "features").astype(np.float64)
    expected = ByHand(model, dtype=getattr(torch, dtype))
    assert np.abs(unit(got) - unit(states(expected, ROWS))).max() < 0.02
    assert np.abs(unit(got) - unit(states(ByHand(model), ROWS))).max() < 0.1


@pytest.mark.parametrize("budget", [1, 500, 10_000])
def test_features_do_not_depend_on_the_batches(model, budget):
    data = read(ROWS)
    X = spanset.represent(data, f"hidden:{model}", model=replace(CONFIG, batch_tokens=budget))
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF


def test_a_cut_row_has_the_mean_of_the_tokens_that_are_left(model, tmp_path):
    rows = [ROWS[0], {"instruction": "Count", "output": "one two three " * 80}]
    store = store_of(HiddenFeatures.load(model, CONFIG), read(rows), tmp_path / "s")
    assert store.column("status").tolist() == [Status.OK, Status.TRUNCATED]
    assert store.column("tokens")[1] == CONTEXT
    assert np.abs(store.column("features") - unit(states(ByHand(model), rows))).max() < HALF


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
    with ForwardPass(oracle.model, hidden=True) as once:
        assert relative(once(batch).hidden.numpy(), states(oracle, rows)) <= CLOSE


# Where they are kept


def test_hidden_states_beside_gradients_are_those_of_a_pass_of_their_own(model, tmp_path):
    data = read(ROWS)
    beside = store_of(GradientFeatures.load(model, CONFIG), data, tmp_path / "g")
    own = store_of(HiddenFeatures.load(model, CONFIG), data, tmp_path / "h")
    assert np.abs(beside.column("hidden") - own.column("features")).max() < HALF
    np.testing.assert_allclose(beside.column("hidden_norm"), own.column("norm"), rtol=CLOSE)
    for name in ("loss", "el2n", "margin"):
        np.testing.assert_allclose(beside.column(name), own.column(name), rtol=1e-4, atol=1e-5)
    for name in ("tokens", "supervised", "rows", "status"):
        assert np.array_equal(beside.column(name), own.column(name)), name


def test_after_gradients_hidden_states_take_no_pass(model, no_model):
    data = read(ROWS)
    spanset.represent(data, f"gradient:{model}", model=CONFIG)
    no_model()
    X = spanset.represent(data, f"hidden:{model}", model=CONFIG)
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF
    other_order = [5, 3, 19, 0]
    some = spanset.represent(data[other_order], f"hidden:{model}", model=CONFIG)
    assert np.array_equal(some, X[other_order])


def test_another_sketch_and_other_targets_serve_as_well(model, no_model):
    config = replace(CONFIG, targets="all-linear", sketch="none")
    spanset.represent(read(ROWS[:4]), f"gradient:{model}", model=config)
    no_model()
    spanset.represent(read(ROWS[:4]), f"hidden:{model}", model=CONFIG)


@pytest.mark.parametrize("change", ["supervise", "max_length", "model_dtype", "model"])
def test_gradients_of_other_settings_do_not_serve(model, folders, no_model, change):
    values = {"supervise": "last", "max_length": 64, "model_dtype": "bfloat16"}
    other, config = model, CONFIG
    if change == "model":
        other = str(folders("gpt2"))
    else:
        config = replace(CONFIG, **{change: values[change]})
    spanset.represent(read(ROWS[:4]), f"gradient:{other}", model=config)
    no_model()
    with pytest.raises(AssertionError, match="the model is loaded"):
        spanset.represent(read(ROWS[:4]), f"hidden:{model}", model=CONFIG)


def test_without_hidden_states_beside_gradients_they_are_made(model, monkeypatch):
    data, config = read(ROWS), replace(CONFIG, hidden=False)
    spanset.represent(data, f"gradient:{model}", model=config)
    passes = []
    call = ForwardPass.__call__
    monkeypatch.setattr(
        ForwardPass, "__call__", lambda *args: passes.append(len(args[1].ids)) or call(*args)
    )
    monkeypatch.setattr(capture_run, "GradientCapture", None)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    assert sum(passes) == 16, "each distinct row once"
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF


def test_rows_that_gradients_lack_are_made_and_no_others(model, monkeypatch):
    spanset.represent(read(ROWS[:10]), f"gradient:{model}", model=CONFIG)
    passes = []
    call = ForwardPass.__call__
    monkeypatch.setattr(
        ForwardPass, "__call__", lambda *args: passes.append(len(args[1].ids)) or call(*args)
    )
    X = spanset.represent(read(ROWS[:14]), f"hidden:{model}", model=CONFIG)
    assert sum(passes) == 4
    assert np.abs(X - unit(states(ByHand(model), ROWS[:14]))).max() < HALF


def test_lengths_are_those_of_hidden_states_wherever_they_lie(model):
    """Beside gradients their column has another name, and the gradients' lengths have theirs."""
    spanset.represent(read(ROWS[:10]), f"gradient:{model}", model=CONFIG)
    expected = np.linalg.norm(states(ByHand(model), ROWS[:14]), axis=1)
    for _ in range(2):  # the second time both stores are there already
        made = HiddenFeatures.load(model, CONFIG).transform(read(ROWS[:14]))
        np.testing.assert_allclose(made.lengths, expected, rtol=CLOSE)


def test_stores_without_hidden_states_do_not_hide_those_that_have_them(model, no_model):
    """Both lie in one folder of the cache: whether hidden states are kept is no other setting."""
    for row in range(8):
        config = replace(CONFIG, hidden=row % 2 == 1)
        spanset.represent(read(ROWS[row : row + 1]), f"gradient:{model}", model=config)
    no_model()
    spanset.represent(read(ROWS[1:8:2]), f"hidden:{model}", model=CONFIG)


@pytest.mark.parametrize("name", ["perplexity", "el2n", "logit_margin", "answer_tokens"])
def test_gradients_without_hidden_states_serve_scores(model, no_model, name):
    data, config = read(ROWS), replace(CONFIG, model=model, hidden=False)
    spanset.represent(data, f"gradient:{model}", model=config)
    no_model()
    oracle = ByHand(model)
    expected = [oracle.score(oracle.tokens(messages(row)), name)[0] for row in ROWS]
    got = spanset.score(data, name, model=config, transform="identity")
    np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-4)


def test_rows_with_a_zero_gradient_have_hidden_states(model, monkeypatch):
    passed = ModelRun._passed

    def spoilt(run, once, rows, read):
        found, was_split = passed(run, once, rows, read)
        if found.total is not None:
            found.total[rows == 2] = 0.0
        return found, was_split

    monkeypatch.setattr(ModelRun, "_passed", spoilt)
    data = read(ROWS)
    assert 2 not in GradientFeatures.load(model, CONFIG).transform(data).kept
    X = spanset.represent(data, f"hidden:{model}", model=CONFIG)
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF


# Stores that the user names


def test_the_hidden_states_of_a_store_of_gradients(folder, no_model):
    assert main(list(FEATURES)) == 0
    no_model()
    X = spanset.represent(read("d.jsonl"), "store:s:hidden")
    assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF
    lengths = np.linalg.norm(
        spanset.represent(read("d.jsonl"), "store:s:hidden", normalize=False), axis=1
    )
    np.testing.assert_allclose(lengths, FeatureStore(Path("s")).column("hidden_norm"), rtol=CLOSE)
    assert spanset.represent(read("d.jsonl"), "store:s").shape[1] == 32


def test_a_store_of_hidden_states_is_its_features(folder, no_model):
    assert main(list(HIDDEN_STORE)) == 0
    no_model()
    for named in ("store:s", "store:s:hidden"):
        X = spanset.represent(read("d.jsonl"), named)
        assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF


@pytest.mark.parametrize(
    ("entry", "value"),
    [("settings", None), ("settings", {}), ("data", None), ("data", {}), ("columns", None)],
)
def test_another_model_s_damaged_store_in_the_cache_stands_in_nobody_s_way(
    folder, tmp_path, monkeypatch, entry, value
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = tmp_path / "cache/spanset/stores/other/store"
    assert main(list(FEATURES)) == 0
    store.parent.mkdir(parents=True)
    shutil.copytree("s", store)
    edit_json(store / "manifest.json", **{entry: value})
    X = spanset.represent(read("d.jsonl"), "hidden:m", model=CONFIG)
    assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF
    with pytest.raises(DataError, match="cannot be read"):
        FeatureStore(store)


def test_a_row_that_was_left_out_of_a_store_is_left_out_of_its_hidden_states(folder):
    write_lines(Path("d.jsonl"), [*ROWS, LONG])
    assert main(list(FEATURES)) == 0
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0")
    assert main([*pick, "--features", "store:s", "--run", "a"]) == 0
    assert main([*pick, "--features", "store:s:hidden", "--run", "b"]) == 0
    for run in ("a", "b"):
        (left_out,) = Path(run, "bad_rows.jsonl").read_text().splitlines()
        assert "--max-length" in json.loads(left_out)["reason"]


def test_rows_that_no_store_holds_are_still_refused(folder, capsys):
    assert main(list(FEATURES)) == 0
    write_lines(Path("d.jsonl"), [*ROWS, *talk_rows(30)[25:]])
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0")
    for features in ("store:s", "store:s:hidden"):
        assert main([*pick, "--features", features]) == 1
        assert "lacks 5 of 25 rows" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["none-beside", "lexical"])
def test_hidden_states_that_are_not_beside_are_an_error_that_helps(folder, kind):
    command = {
        "none-beside": (*FEATURES, "--no-hidden"),
        "lexical": ("features", "d.jsonl", "--features", "lexical", "--out", "s"),
    }[kind]
    assert main(list(command)) == 0
    with pytest.raises(UsageError, match="no hidden states") as caught:
        spanset.represent(read("d.jsonl"), "store:s:hidden")
    words = caught.value.fix.partition("spanset ")[2].split()
    words = [{"DATA": "d.jsonl", "hidden:M": "hidden:m", "STORE": "t"}.get(w, w) for w in words]
    assert main(words) == 0
    assert len(spanset.represent(read("d.jsonl"), "store:t")) == len(ROWS)


def test_a_folder_whose_name_ends_so_is_a_store(folder):
    assert main(list(changed(HIDDEN_STORE, "--out", "t:hidden"))) == 0
    X = spanset.represent(read("d.jsonl"), "store:t:hidden")
    assert X.shape == (len(ROWS), HIDDEN)


@pytest.mark.parametrize("command", [FEATURES, HIDDEN_STORE], ids=["beside", "alone"])
def test_shards_merged_are_the_bytes_of_one_run(folder, command):
    assert main(list(command)) == 0
    Path("s").rename("whole")
    for number in (2, 1):
        assert main([*command, "--shard", f"{number}/2"]) == 0
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), Path("whole"))
    column = "hidden.npy" if command is FEATURES else "features.npy"
    assert np.load(Path("s") / column).any(axis=1).all(), "rows of zeros are equal anyway"


@pytest.mark.parametrize("command", [FEATURES, HIDDEN_STORE], ids=["beside", "alone"])
@pytest.mark.parametrize("moment", [("pwrite", 9), ("pwrite", 40), ("fsync", 6)], ids=str)
def test_a_killed_run_goes_on_to_the_same_bytes(folder, command, moment):
    assert main(list(command)) == 0
    Path("s").rename("undisturbed")
    child = Child(*command, moment=Moment(*moment))
    assert child.end() < 0, child.err
    assert not FeatureStore(Path("s")).complete
    assert Child(*command).end() == 0
    left, right = files_of(Path("s")), files_of(Path("undisturbed"))
    assert [name for name in left if left[name] != right[name]] in ([], ["manifest.json"])
    assert left.keys() == right.keys()


def test_rows_added_to_a_store_bring_their_hidden_states(folder):
    assert main(list(FEATURES)) == 0
    rows = talk_rows(22)
    write_lines(Path("d.jsonl"), rows)
    assert main(list(FEATURES)) == 0
    X = spanset.represent(read("d.jsonl"), "store:s:hidden")
    assert np.abs(X - unit(states(ByHand("m"), rows))).max() < HALF


# The kernel's width


def gamma_of(*flags):
    run = f"run-{len(list(Path().iterdir()))}"
    words = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--run", run, *SMALL)
    assert main([*words, *flags]) == 0
    return json.loads(Path(run, "manifest.json").read_text())["kernel"]["gamma"]


def test_hidden_states_have_a_narrower_kernel_unless_told_otherwise(folder):
    assert main(list(FEATURES)) == 0
    for flags in (
        ("--features", "hidden:m"),
        ("--features", "hidden", "--model", "m"),
        ("--features", "store:s:hidden"),
    ):
        assert gamma_of(*flags) == 2.5
    assert gamma_of("--features", "hidden:m", "--gamma", "0.25") == 0.25
    for flags in (("--model", "m"), ("--features", "store:s"), ("--features", "lexical")):
        assert gamma_of(*flags) == 0.25


def test_the_manifest_names_hidden_states_as_the_features(folder):
    assert main(list(FEATURES)) == 0
    for number, features in enumerate(("hidden:m", "store:s:hidden")):
        words = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--features", features)
        assert main([*words, "--run", f"r{number}"]) == 0
    one, other = (json.loads(Path(f"r{n}/manifest.json").read_text())["features"] for n in range(2))
    assert one["kind"] == "hidden"
    assert one == other


def test_python_and_the_command_line_pick_the_same(folder):
    words = ("select", "d.jsonl", "-k", "5", "--draws", "0", "--features", "hidden:m", "--run", "r")
    assert main(list(words)) == 0
    ids = list(map(int, Path("r/ids.txt").read_text().split()))
    data = read("d.jsonl")
    picks = spanset.select(data, k=5, features="hidden:m")
    assert picks.order.tolist() == ids
    X = spanset.represent(data, "hidden:m")
    assert np.array_equal(picks.gains, spanset.select(X, k=5, gamma=2.5).gains)
    assert not np.allclose(picks.gains, spanset.select(X, k=5, gamma=0.25).gains, rtol=0.1)


def test_measuring_hidden_states_takes_their_gamma_too(folder, capsys):
    capsys.readouterr()
    words = ("measure", "d.jsonl", "--json", "--draws", "1", "--metrics", "ldd")
    for flags, gamma in (
        (("--features", "hidden:m"), 2.5),
        (("--features", "lexical"), 0.25),
        (("--features", "hidden:m", "--gamma", "1"), 1.0),
    ):
        assert main([*words, *flags]) == 0
        assert json.loads(capsys.readouterr().out)["kernel"]["gamma"] == gamma
    data = read("d.jsonl")
    measured = spanset.measure(data, features="hidden:m", metrics=["ldd"], draws=1)
    by_hand = spanset.measure(
        spanset.represent(data, "hidden:m"), metrics=["ldd"], draws=1, gamma=2.5
    )
    assert measured["ldd"].value == by_hand["ldd"].value


def test_lengths_count_where_they_are_asked_for(folder):
    words = ("select", "d.jsonl", "-k", "5", "--draws", "0", "--features", "hidden:m")
    more = ("--no-normalize", "--gamma", "0.01", "--run", "r")
    assert main([*words, *more]) == 0
    ids = list(map(int, Path("r/ids.txt").read_text().split()))
    X = spanset.represent(read("d.jsonl"), "hidden:m", normalize=False)
    assert relative(X, states(ByHand("m"), ROWS)) < HALF
    assert spanset.select(X, k=5, normalize=False, gamma=0.01).order.tolist() == ids
