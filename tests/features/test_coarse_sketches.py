"""What a run over gradients tells: the check of its sketch, advice that helps, progress."""

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.gradients import ROWS, SMALL, Notes
from tests.models.model_folder import store_of

from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.models.passes import capture_run
from spanset.models.passes.selfcheck import COARSE, SketchCheck
from spanset.stores.store import FeatureStore


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
