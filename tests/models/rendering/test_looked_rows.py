"""Many rows rendered in processes: the same as here."""

import os
from functools import partial

import numpy as np
import pytest

pytest.importorskip("transformers", reason="rendering needs the extra `models`")
pytest.importorskip("jinja2", reason="rendering needs the extra `models`")

from joblib import Parallel, delayed
from tests.models.model_folder import save_model
from tests.models.tiny_models import GEMMA

from spanset.base.errors import DataError, SpansetError
from spanset.base.stages import SILENT
from spanset.config.model_settings import ModelConfig
from spanset.data.conversation import Conversation, Turn
from spanset.data.reader import read
from spanset.models import language_model
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.looked_rows import looked_in_processes
from spanset.stores import survey as survey_module
from spanset.stores.status import Status

SYSTEM = {"role": "system", "content": "Be brief."}


class Notes(list):
    """A watcher that keeps what it is told."""

    note = list.append
    stage, progress, cancelled = SILENT.stage, SILENT.progress, SILENT.cancelled


def talk(number, *before, **more):
    asked = {"role": "user", "content": f"Say the number {number}." * (1 + number % 40)}
    said = {"role": "assistant", "content": f"It is {number}.", **more}
    return {"messages": [*before, asked, said]}


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """What a look at some rows finds, here or in processes; the model's folder by a short name."""
    monkeypatch.chdir(tmp_path)
    save_model(tmp_path / "m", template=GEMMA)
    monkeypatch.setattr(survey_module, "AT_ONCE", 9)

    def found(rows, *, shared, on_bad_row="skip"):
        monkeypatch.setattr(language_model, "SHARED_ROWS", 1 if shared else 1_000)
        monkeypatch.setattr(language_model, "processes", lambda: 2)
        notes, data = Notes(), read(rows)
        config = ModelConfig(max_length=100, supervise="last")
        model = LanguageModel.load("m", config, on_bad_row=on_bad_row, watcher=notes)
        seen = model.survey(data)
        return seen, model.kept_tokens(data), notes

    return found


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_that_did_other_work_are_not_taken(tmp_path):
    """A tokenizer is more than joblib lets a process grow by: it would end it, with a warning."""
    before = set(Parallel(2, backend="loky", max_nbytes=None)(delayed(os.getpid)() for _ in "ab"))
    assert all(map(is_there, before))
    save_model(tmp_path / "m")
    model = LanguageModel.load(str(tmp_path / "m"), ModelConfig())
    talks = [[one] for one in read([talk(number) for number in range(3)]).conversations()]
    found = model._look_in_processes()(talks)
    assert next(found).tokens[0] > 0
    assert not any(map(is_there, before))
    found.close()


def test_processes_find_what_is_found_here(looked):
    rows = [talk(number) for number in range(30)]
    rows += [talk(31, SYSTEM), talk(3), talk(32, reasoning_content="Hm.")]
    (here, kept_here, notes_here), (there, kept, notes) = (
        looked(rows, shared=shared) for shared in (False, True)
    )
    for name in ("status", "truncated", "first"):
        assert np.array_equal(getattr(there, name), getattr(here, name)), name
    for name in ("tokens", "supervised"):
        assert np.array_equal(there.columns[name], here.columns[name]), name
    assert {Status.PENDING, Status.NOT_RENDERED, Status.NOT_SUPERVISED} == set(here.status)
    assert here.truncated.any()
    assert notes == notes_here != []
    for row in range(len(rows)):
        assert (row in kept) == (row in kept_here) == (row not in (30, 31))
        if row in kept:
            own, other = kept[row].sequences[0], kept_here[row].sequences[0]
            assert own.ids.tolist() == other.ids.tolist()
            assert own.supervised.tolist() == other.supervised.tolist()


def test_a_row_that_is_refused_is_named_and_ends_them(looked):
    rows = [talk(number) for number in range(40)]
    rows.insert(25, talk(99, SYSTEM))
    with pytest.raises(DataError, match="cannot be rendered") as caught:
        looked(rows, shared=True, on_bad_row="stop")
    assert caught.value.where == "<memory>:26"
    assert "System role not supported" in caught.value.why


def test_a_process_that_is_ended_is_told():
    talks = [[Conversation((Turn("user", "Hello"), Turn("assistant", "Good day")))]]
    with pytest.raises(SpansetError, match="a process that renders rows was ended"):
        list(looked_in_processes(talks, partial(os._exit, 3), "none", "difference"))
