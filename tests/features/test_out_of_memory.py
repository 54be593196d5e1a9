"""A batch that does not fit in memory is split; a row that does not is named."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.features.gradients import ROWS, SMALL, Notes
from tests.models.model_folder import store_of

from spanset.base.errors import SpansetError
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.stored import StoreFeatures
from spanset.models.passes import capture_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.selfcheck import SketchCheck
from spanset.stores.store import FeatureStore


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
