"""Gradient features from rows to unit vectors: against a computation by hand, and from Python."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.gradients import LONG, ROWS, SMALL, transform
from tests.models.model_folder import talk_rows

import spanset
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.features.stored import StoreFeatures
from spanset.models.loading import load_model
from spanset.models.passes import capture_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.selfcheck import SketchCheck
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.stores.store import FeatureStore

HALF = 2e-3  # of float16, in a unit row


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


def test_represent_gives_unit_rows(model, whole):
    data = read(ROWS)
    X = spanset.represent(data, f"gradient:{model}", model=SMALL)
    assert np.array_equal(X, whole[0])
    assert np.array_equal(spanset.represent(data, f"store:{whole[1]}"), X)


def test_given_rows_are_represented_alike(model):
    data, given = read(ROWS[:10]), read([*ROWS[3:5], LONG])
    pick = spanset.select(data, k=8, features=f"gradient:{model}", model=SMALL, given=given)
    assert not {3, 4} & set(pick.order.tolist())
    assert len(pick) == 8


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
