"""Gradient features from rows to unit vectors: against a computation by hand, and from Python."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.model_folder import (
    CONTEXT,
    edit_weights,
    files_of,
    gradients_are_zero,
    same_store,
    save_model,
    store_of,
    talk_rows,
)
from tests.models.tiny_models import GEMMA

import spanset
from spanset.base.errors import DataError, SpansetError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features import gradient
from spanset.features.gradient import GradientFeatures
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.features.stored import StoreFeatures
from spanset.models import language_model
from spanset.models.loading import load_model
from spanset.models.passes import capture_run, model_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.model_run import ModelRun
from spanset.models.passes.padded import Batch
from spanset.models.passes.selfcheck import COARSE, SketchCheck
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.stores import survey as survey_module
from spanset.stores.store import FeatureStore, Status
from spanset.stores.user_cache import cache_folder, cached_stores

SMALL = ModelConfig(rank=4, dimension=32, batch_tokens=300)
ROWS = talk_rows(20, copies=4)
LONG = {"instruction": "a very long question " * 40, "output": "No."}
HALF = 2e-3  # of float16, in a unit row


class Notes:
    """A watcher that remembers."""

    def __init__(self):
        self.notes, self.steps = [], []

    def note(self, text):
        self.notes.append(text)

    def progress(self, progress):
        self.steps.append(progress)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_model(tmp_path_factory.mktemp("gradient") / "m"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/spanset/stores"


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """Features of all rows, with the folder of their store."""
    place = tmp_path_factory.mktemp("whole") / "s"
    data = read(ROWS)
    made = GradientFeatures.load(model, SMALL)
    store_of(made, data, place)
    return StoreFeatures(str(place)).transform(data).X, place


def transform(model, rows, config=SMALL, **options):
    return GradientFeatures.load(model, config, **options).transform(read(rows))


def by_hand(model, rows, config=SMALL, seed=0):
    """Unit rows, one example at a time, with nothing in between."""
    made = GradientFeatures.load(model, config)
    loaded = load_model(made.model.files, device="cpu", dtype="float32")
    layers = find_layers(loaded, config.targets)
    sketch = make_sketch(
        config.sketch, layers, rank=config.rank, dimension=config.dimension, seed=seed
    )
    rendered = made.model.renderer.render(list(read(rows).conversations()))
    with GradientCapture(loaded, layers) as capture:
        sums = [
            capture(Batch.pad([one.ids], [one.supervised]), sketch).total.numpy()[0]
            for one in rendered
        ]
    return np.array([row / np.linalg.norm(row) for row in sums])


def fails(*_, **__):
    raise AssertionError("the model is loaded although nothing is to be computed")


# What the features are


def test_features_are_the_normalised_sketches_of_single_rows(model):
    X = transform(model, ROWS).X
    assert X.dtype == np.float32
    assert np.abs(X - by_hand(model, ROWS)).max() < HALF


def test_the_full_gradient_is_as_long_as_the_layers(model):
    config = ModelConfig(sketch="none", batch_tokens=300)
    made = GradientFeatures.load(model, config)
    X = transform(model, ROWS[:4], config).X
    assert X.shape[1] == made.dimension > 1000
    assert np.abs(X - by_hand(model, ROWS[:4], config)).max() < HALF


def test_rows_are_of_length_one(whole):
    assert np.allclose(np.linalg.norm(whole[0].astype(np.float64), axis=1), 1.0, atol=1e-6)


def test_the_lengths_of_the_gradients_are_known_and_can_count(whole):
    made = StoreFeatures(str(whole[1])).transform(data := read(ROWS))
    norm = FeatureStore(whole[1]).column("norm")
    assert made.lengths.tolist() == norm.tolist()
    X = spanset.represent(data, f"store:{whole[1]}", normalize=False)
    assert np.allclose(np.linalg.norm(X, axis=1), norm, rtol=1e-5)


def test_copies_have_the_same_features_to_the_last_bit(whole):
    X, place = whole
    assert np.array_equal(X[:4], X[16:])
    store = FeatureStore(place)
    for name in ("features", "norm", "loss", "tokens", "supervised", "status"):
        assert np.array_equal(store.column(name)[:4], store.column(name)[16:]), name


def test_copies_go_through_the_model_once(model, monkeypatch):
    seen, call = [], GradientCapture.__call__

    def counted(self, batch, *arguments):
        seen.append(len(batch.ids))
        return call(self, batch, *arguments)

    monkeypatch.setattr(GradientCapture, "__call__", counted)
    monkeypatch.setattr(capture_run, "check_sketching", lambda *_: SketchCheck(0.1, 0.1, 1.0))
    transform(model, ROWS)
    assert sum(seen) == 16


@pytest.mark.parametrize("budget", [1, 500, 10_000])
def test_features_do_not_depend_on_the_batches(model, whole, budget):
    config = ModelConfig(rank=4, dimension=32, batch_tokens=budget)
    assert np.abs(transform(model, ROWS, config).X - whole[0]).max() < 1e-3  # float16's last bit


def test_features_do_not_depend_on_the_other_rows(model, whole):
    order = [7, 3, 19, 0]
    X = transform(model, [ROWS[row] for row in order]).X
    assert np.abs(X - whole[0][order]).max() < 1e-3


def test_appended_rows_leave_the_others_as_they_are(model, whole):
    X = transform(model, [*ROWS, *talk_rows(25)[20:]]).X
    assert len(X) == 25
    assert np.abs(X[:20] - whole[0]).max() < 1e-3


def test_another_seed_gives_another_sketch_of_the_same_gradients(model, whole):
    X = transform(model, ROWS, seed=1).X
    assert np.abs(X - whole[0]).max() > 0.1
    assert np.abs(X - by_hand(model, ROWS, seed=1)).max() < HALF


def test_supervising_the_last_turn_alone_changes_rows_with_several_turns(model):
    turns = [("user", "One?"), ("assistant", "One."), ("user", "Two?"), ("assistant", "Two.")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    single = {"messages": row["messages"][:2]}
    last = ModelConfig(rank=4, dimension=32, supervise="last")
    one, other = transform(model, [row, single]).X, transform(model, [row, single], last).X
    assert np.abs(one[0] - other[0]).max() > 0.05
    assert np.abs(one[1] - other[1]).max() < 1e-3


# Rows that have no features


def test_rows_that_cannot_be_represented_are_left_out_and_listed(model):
    made = transform(model, [*ROWS[:3], LONG, ROWS[3], LONG])
    assert made.kept.tolist() == [0, 1, 2, 4]
    assert len(made.X) == len(made.data) == 4
    assert np.linalg.norm(made.X, axis=1).min() > 0.99, "a row of zeros"
    assert [row.row for row in made.data.unrepresented] == [3, 5]
    assert all("--max-length" in row.reason for row in made.data.unrepresented)
    assert made.data.ids.tolist() == [0, 1, 2, 4]


def test_a_longer_cut_represents_more_rows_but_is_bounded_by_the_context(model):
    short = ModelConfig(rank=4, dimension=32, max_length=50)
    assert len(transform(model, ROWS, short).kept) == 20
    with pytest.raises(UsageError, match="context"):
        GradientFeatures.load(model, ModelConfig(max_length=CONTEXT + 1))


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [(0.0, Status.ZERO, "zero"), (np.nan, Status.NON_FINITE, "not finite"),
     (np.inf, Status.NON_FINITE, "not finite")],
)  # fmt: skip
def test_a_gradient_without_a_direction_leaves_its_row_out(
    model, tmp_path, monkeypatch, value, status, reason
):
    passed = ModelRun._passed

    def spoilt(run, once, rows, read):
        found, was_split = passed(run, once, rows, read)
        found.total[rows == 2] = value
        return found, was_split

    monkeypatch.setattr(ModelRun, "_passed", spoilt)
    data = read(ROWS)
    store = store_of(GradientFeatures.load(model, SMALL), data, tmp_path / "s")
    assert np.flatnonzero(store.column("status") == status).tolist() == [2, 18]
    assert not store.column("features")[[2, 18]].any()
    made = StoreFeatures(str(store.path)).transform(data)
    assert [row.row for row in made.data.unrepresented] == [2, 18]
    assert all(reason in row.reason for row in made.data.unrepresented)


def test_no_row_with_a_gradient_is_an_error_every_time(model, tmp_path, monkeypatch):
    gradients_are_zero(monkeypatch)
    for _ in range(2):  # the second time everything is there already
        with pytest.raises(DataError, match="none of 20 rows") as caught:
            GradientFeatures.load(model, SMALL).transform(read(ROWS))
        assert "--model-dtype float32" in caught.value.fix


def test_new_rows_without_a_direction_do_not_stop_those_that_have_one(model, monkeypatch):
    transform(model, ROWS[:10])

    gradients_are_zero(monkeypatch)
    assert transform(model, ROWS[:15]).kept.tolist() == list(range(10))


def test_truncated_rows_are_represented_and_marked(model, tmp_path):
    rows = [*ROWS[:3], {"instruction": "Count", "output": "one two three " * 80}]
    store = store_of(GradientFeatures.load(model, SMALL), read(rows), tmp_path / "s")
    assert store.column("status").tolist() == [*[Status.OK] * 3, Status.TRUNCATED]
    assert store.column("tokens")[3] == CONTEXT
    assert store.manifest["cost"]["truncated"] == 1


def test_rows_that_the_template_refuses_are_left_out_where_that_is_asked_for(tmp_path):
    model = str(save_model(tmp_path / "m", template=GEMMA))
    plain = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
    system = [{"role": "system", "content": "Be brief."}, *plain]
    rows = [{"messages": plain}, {"messages": system}]
    with pytest.raises(DataError, match="System role not supported"):
        transform(model, rows)
    made = transform(model, rows, on_bad_row="skip")
    assert made.kept.tolist() == [0]
    assert "template" in made.data.unrepresented[0].reason


# The cache


def test_a_second_call_runs_no_model(model, cache, monkeypatch):
    first = transform(model, ROWS)
    monkeypatch.setattr(language_model, "load_model", fails)
    assert np.array_equal(transform(model, ROWS).X, first.X)
    assert len(list(cache.iterdir())) == 1
    assert cache_folder() == cache


def test_the_cache_goes_by_content_and_not_by_names(model, tmp_path, cache, monkeypatch):
    transform(model, ROWS)
    shutil.copytree(model, tmp_path / "copy")
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{**row, "rating": 4} for row in ROWS]))
    monkeypatch.setattr(language_model, "load_model", fails)
    GradientFeatures.load(str(tmp_path / "copy"), SMALL).transform(read(path))


def test_other_settings_rows_or_weights_have_a_store_of_their_own(model, tmp_path, cache):
    def change(weights):
        name = sorted(weights)[0]
        return {**weights, name: weights[name] + 0.5}

    transform(model, ROWS)
    transform(model, ROWS, seed=1)
    transform(model, ROWS[:-1])
    other = shutil.copytree(model, tmp_path / "other")
    edit_weights(other, change)
    transform(str(other), ROWS)
    assert len(list(cache.iterdir())) == 3
    assert len(cached_stores()) == 3, "fewer rows are in the store of all"


def test_how_many_rows_are_rendered_at_once_does_not_show_in_a_store(
    model, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(survey_module, "AT_ONCE", 3)
    store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert same_store(tmp_path / "s", whole[1])


# Stores as features


def test_a_store_gives_its_rows_in_any_order_and_any_number(whole):
    X, place = whole
    data = read(ROWS)
    for order in ([5, 3, 3, 1], [19], list(range(20))[::-1], list(range(20))):
        made = StoreFeatures(str(place)).transform(data[order])
        assert np.array_equal(made.X, X[order])
        assert made.kept.tolist() == list(range(len(order)))


def test_a_store_does_not_care_where_its_rows_come_from(whole):
    X, place = whole
    messages = [
        {
            "messages": [
                {"role": "user", "content": row["instruction"]},
                {"role": "assistant", "content": row["output"]},
            ]
        }
        for row in ROWS[4:9]
    ]
    assert np.array_equal(StoreFeatures(str(place)).transform(read(messages)).X, X[4:9])


def test_rows_that_a_store_lacks_are_counted_and_the_first_is_named(whole):
    others = talk_rows(30)[25:27]
    data = read([*ROWS[:3], others[0], others[1]])
    with pytest.raises(DataError) as caught:
        StoreFeatures(str(whole[1])).transform(data)
    assert "lacks 2 of 5 rows" in caught.value.what
    assert ":4 " in caught.value.why


def test_a_store_remembers_why_a_row_was_left_out(model, tmp_path):
    data = read([*ROWS[:3], LONG])
    store_of(GradientFeatures.load(model, SMALL), data, tmp_path / "s")
    made = StoreFeatures(str(tmp_path / "s")).transform(data[[3, 0]])
    assert made.kept.tolist() == [1]
    assert "--max-length" in made.data.unrepresented[0].reason
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        StoreFeatures(str(tmp_path / "s")).transform(data[[3]])
    assert "--max-length" in caught.value.why


def test_a_stores_dimension_is_known_without_its_rows(whole):
    assert StoreFeatures(str(whole[1])).dimension == 32


# Memory


def out_of_memory_above(monkeypatch, size, *, in_the_check=False):
    """A device that holds batches of `size` rows."""
    call = GradientCapture.__call__

    def limited(self, batch, reducer, *arguments):
        is_check = not hasattr(reducer, "dimension")
        if len(batch.ids) > size and (in_the_check or not is_check):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore text")
        return call(self, batch, reducer, *arguments)

    if not in_the_check:
        monkeypatch.setattr(capture_run, "check_sketching", lambda *_: SketchCheck(0.1, 0.1, 1.0))
    monkeypatch.setattr(GradientCapture, "__call__", limited)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_batch_that_does_not_fit_in_memory_is_split_and_noted(
    model, whole, tmp_path, monkeypatch, size
):
    out_of_memory_above(monkeypatch, size)
    watcher = Notes()
    made = GradientFeatures.load(model, SMALL, watcher=watcher)
    store = store_of(made, read(ROWS), tmp_path / "s")
    X = StoreFeatures(str(store.path)).transform(read(ROWS)).X
    assert np.abs(X - whole[0]).max() < 1e-3
    norm = FeatureStore(whole[1]).column("norm")
    assert np.allclose(store.column("norm"), norm, rtol=1e-5)
    assert store.complete
    assert store.manifest["splits"] == sorted(set(store.manifest["splits"])) != []
    notes = [note for note in watcher.notes if "split" in note]
    assert len(notes) == len(store.manifest["splits"])
    assert all("--batch-tokens" in note for note in notes)


def test_without_trouble_nothing_is_split(whole):
    assert FeatureStore(whole[1]).manifest["splits"] == []


def test_a_row_that_does_not_fit_alone_is_named(model, tmp_path, monkeypatch):
    out_of_memory_above(monkeypatch, 0)
    with pytest.raises(SpansetError) as caught:
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert "tokens does not fit in memory" in caught.value.what
    assert "Tried to allocate" in caught.value.why
    assert "more text" not in caught.value.why
    assert caught.value.where
    for flag in ("--max-length", "--gradient-checkpointing"):
        assert flag in caught.value.fix


def test_the_check_at_the_start_needs_no_more_memory_than_there_is(model, tmp_path, monkeypatch):
    """It takes up to 16 rows, and products of all their tokens: it may well be the largest."""
    out_of_memory_above(monkeypatch, 2, in_the_check=True)
    store = store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert store.complete


def test_any_other_failure_is_not_taken_for_lack_of_memory(model, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(GradientCapture, "__call__", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")


# The check and the progress


def test_the_self_check_is_recorded_and_as_expected(whole):
    check = FeatureStore(whole[1]).manifest["self_check"]
    assert 0 < check["error"] < 2 * check["expected"]
    assert check["largest"] < 4


def test_a_suspicious_check_is_told(model, tmp_path, monkeypatch):
    monkeypatch.setattr(capture_run, "check_sketching", lambda *_: SketchCheck(0.9, 0.01, 50.0))
    watcher = Notes()
    store = store_of(
        GradientFeatures.load(model, SMALL, watcher=watcher), read(ROWS), tmp_path / "s"
    )
    (warning,) = (note for note in watcher.notes if note.startswith("warning"))
    assert "90.0%" in warning
    assert "--rank" in warning
    assert store.manifest["self_check"]["error"] == 0.9


@pytest.mark.parametrize("sketch", ["fold", "factored"])
def test_a_sketch_too_coarse_for_the_rows_is_told_with_one_that_is_not(model, tmp_path, sketch):
    """The warning's advice silences it, if perhaps not at once: sixteen rows tell the noise."""
    settings, warnings = {"rank": 1, "dimension": 8}, []
    for number in range(3):
        watcher = Notes()
        config = ModelConfig(sketch=sketch, batch_tokens=300, **settings)
        made = GradientFeatures.load(model, config, watcher=watcher)
        store = store_of(made, read(ROWS), tmp_path / str(number))
        found = [note for note in watcher.notes if note.startswith("warning")]
        assert (store.manifest["self_check"]["ratio"] > COARSE) == bool(found)
        if not found:
            break
        warnings += found
        words = found[0].rpartition("use ")[2].split()
        settings |= {
            flag[2:]: int(value) for flag, value in zip(words[::2], words[1::2], strict=True)
        }
    else:
        pytest.fail(f"still too coarse: {found}")
    assert warnings
    assert all("coarse for these rows" in warning for warning in warnings)


def test_the_default_sketch_is_fine_enough_for_diverse_rows(model, tmp_path):
    watcher = Notes()
    store_of(
        GradientFeatures.load(model, ModelConfig(), watcher=watcher), read(ROWS), tmp_path / "s"
    )
    assert not [note for note in watcher.notes if note.startswith("warning")]


def test_the_full_gradient_needs_no_check(model, tmp_path):
    config = ModelConfig(sketch="none", batch_tokens=300)
    store = store_of(GradientFeatures.load(model, config), read(ROWS[:4]), tmp_path / "s")
    assert store.manifest["self_check"] is None


def test_progress_ends_with_all_of_the_work(model, tmp_path):
    watcher = Notes()
    store_of(GradientFeatures.load(model, SMALL, watcher=watcher), read(ROWS), tmp_path / "s")
    done = [step.work_done for step in watcher.steps]
    assert done == sorted(done)
    assert done[-1] == 1.0
    last = watcher.steps[-1]
    assert last.rows == last.wanted
    assert "rows" in last.line
    assert "20 rows (16 distinct)" in watcher.notes[0]


def test_a_template_that_gives_two_results_for_a_row_is_an_error(model, tmp_path, monkeypatch):
    from spanset.models.rendering.renderer import RenderError

    def moody(data, renderer, rows, pair):
        return [RenderError("not on Sundays") for _ in rows]

    monkeypatch.setattr(model_run, "render_rows", moody)
    with pytest.raises(SpansetError, match="two results") as caught:
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert "Sundays" in caught.value.why


# Python's verbs


def test_represent_gives_unit_rows(model, whole):
    data = read(ROWS)
    X = spanset.represent(data, f"gradient:{model}", model=SMALL)
    assert np.array_equal(X, whole[0])
    assert np.array_equal(spanset.represent(data, f"store:{whole[1]}"), X)


def test_represent_leaves_no_row_out_silently(model):
    with pytest.raises(DataError, match="1 of 4 rows") as caught:
        spanset.represent(read([*ROWS[:3], LONG]), f"gradient:{model}", model=SMALL)
    assert "--max-length" in caught.value.why


def test_given_rows_are_represented_alike(model):
    data, given = read(ROWS[:10]), read([*ROWS[3:5], LONG])
    pick = spanset.select(data, k=8, features=f"gradient:{model}", model=SMALL, given=given)
    assert not {3, 4} & set(pick.order.tolist())
    assert len(pick) == 8


# The second and fifth rows cannot be represented.
GAPPED = [ROWS[0], LONG, ROWS[1], ROWS[2], {**LONG, "output": "Yes."}, *ROWS[3:8]]


def test_the_order_counts_rows_of_the_data_that_were_given(model):
    data = read(GAPPED)
    features = f"gradient:{model}"
    pick = spanset.select(data, k=8, features=features, model=SMALL)
    assert sorted(pick.order.tolist()) == [0, 2, 3, 5, 6, 7, 8, 9]
    X = transform(model, [row for row in GAPPED if row["instruction"] != LONG["instruction"]]).X
    kept = np.array([0, 2, 3, 5, 6, 7, 8, 9])
    assert pick.order.tolist() == kept[spanset.select(X, k=8).order].tolist()


def test_a_log_quality_belongs_to_the_rows_that_were_given(model):
    log_q = np.arange(10.0)
    pick = spanset.select(
        read(GAPPED), k=3, features=f"gradient:{model}", model=SMALL,
        quality=log_q, quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [9, 8, 7]
    pick = spanset.select(
        read(GAPPED), k=3, features=f"gradient:{model}", model=SMALL,
        quality=-log_q, quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [0, 2, 3]


def test_the_tokens_of_a_budget_belong_to_the_rows_that_were_given(model):
    counts = np.array([1, 100, 1, 1, 100, 1, 1, 1, 50, 50])
    pick = spanset.select(
        read(GAPPED), tokens=6, token_counts=counts, features=f"gradient:{model}", model=SMALL,
        quality=-counts.astype(float), quality_weight=1.0,
    )  # fmt: skip
    assert sorted(pick.order.tolist()) == [0, 2, 3, 5, 6, 7]


@pytest.mark.parametrize("entries", [8, 11])
def test_tokens_of_another_number_of_rows_are_refused(model, entries):
    """Eight rows are represented, ten were given."""
    with pytest.raises(UsageError) as caught:
        spanset.select(
            read(GAPPED), tokens=6, token_counts=np.ones(entries, int),
            features=f"gradient:{model}", model=SMALL,
        )  # fmt: skip
    assert "10" in str(caught.value)


def test_a_share_is_one_of_the_rows_that_were_given(model):
    """As on the command line."""
    pick = spanset.select(read(GAPPED), k="50%", features=f"gradient:{model}", model=SMALL)
    assert len(pick) == 5


def test_a_score_by_name_is_that_of_the_rows_that_are_left(model):
    rows = [{**row, "rating": number + 1} for number, row in enumerate(GAPPED)]
    pick = spanset.select(
        read(rows), k=2, features=f"gradient:{model}", model=SMALL,
        quality="column:rating", quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [9, 8]


def test_a_store_that_is_not_finished_is_no_features(model, tmp_path, monkeypatch):
    def stops(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gradient, "capture_rows", stops)
    with pytest.raises(KeyboardInterrupt):
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    before = files_of(tmp_path / "s")
    with pytest.raises(UsageError, match="not finished"):
        StoreFeatures(str(tmp_path / "s")).transform(read(ROWS))
    assert files_of(tmp_path / "s") == before


def test_fit_transform_gives_the_representation_for_more_rows(model, whole):
    made, fitted = fit_transform(parse_features(f"gradient:{model}"), read(ROWS[:10]), model=SMALL)
    assert np.abs(made.X - whole[0][:10]).max() < 1e-3
    assert np.abs(fitted.transform(read(ROWS[10:])).X - whole[0][10:]).max() < 1e-3


def test_a_model_path_may_be_relative_or_in_the_home_folder(model, monkeypatch):
    monkeypatch.chdir(Path(model).parent)
    monkeypatch.setenv("HOME", str(Path(model).parent))
    digests = {
        GradientFeatures.load(name, SMALL).model.files.digest for name in ("m", "./m", "~/m")
    }
    assert digests == {GradientFeatures.load(model, SMALL).model.files.digest}
