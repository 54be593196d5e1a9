"""Rows whose gradient has no direction, or that cannot be rendered, are left out and listed."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.gradients import LONG, ROWS, SMALL, transform
from tests.models.model_folder import CONTEXT, gradients_are_zero, save_model, store_of
from tests.models.tiny_models import GEMMA

import spanset
from spanset.base.errors import DataError, SpansetError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.stored import StoreFeatures
from spanset.models import language_model
from spanset.models.passes import model_run
from spanset.models.passes.model_run import ModelRun
from spanset.stores.status import Status


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
    queued = ModelRun._queued

    def spoilt(run, once, rows, read):
        flight, was_split = queued(run, once, rows, read)
        found = flight.landed()
        found.total[rows == 2] = value
        return found, was_split

    monkeypatch.setattr(ModelRun, "_queued", spoilt)
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


def test_a_template_that_gives_two_results_for_a_row_is_an_error(model, tmp_path, monkeypatch):
    from spanset.models.rendering.chat_templates import RenderError

    def moody(data, renderer, rows, pair):
        return [RenderError("not on Sundays") for _ in rows]

    monkeypatch.setattr(model_run, "render_rows", moody)
    monkeypatch.setattr(language_model, "KEPT_SHARE", 0.0)  # so that it is asked again
    with pytest.raises(SpansetError, match="two results") as caught:
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert "Sundays" in caught.value.why


def test_represent_leaves_no_row_out_silently(model):
    with pytest.raises(DataError, match="1 of 4 rows") as caught:
        spanset.represent(read([*ROWS[:3], LONG]), f"gradient:{model}", model=SMALL)
    assert "--max-length" in caught.value.why
