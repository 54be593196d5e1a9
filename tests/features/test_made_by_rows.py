"""What all features have in common that are made batch by batch on all processors."""

import threading
import time
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pytest
from tests.conftest import make_rows

from spanset.base.errors import DataError
from spanset.base.stages import SILENT
from spanset.data.reader import read
from spanset.features import lexical, made_by_rows
from spanset.features.lexical import lexical_features
from spanset.features.made_by_rows import MadeByRows
from spanset.stores import store as store_module
from spanset.stores.keeping import in_store, settings_folder, stores_in
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore

N = 40
BATCH = 3


class Watched(type(SILENT)):
    """A watcher that remembers, and stops after so many batches."""

    def __init__(self, stop_after=None):
        self.notes, self.steps, self.stop_after = [], [], stop_after

    def note(self, text):
        self.notes.append(text)

    def progress(self, progress):
        self.steps.append(progress)
        if len(self.steps) == self.stop_after:
            raise KeyboardInterrupt


@dataclass
class Lengths(MadeByRows):
    """Rows by the length of their text; some cannot be made, and every one is noted."""

    watcher: object = SILENT
    left_out: tuple = ()
    fails_at: int = -1
    is_slow: bool = False
    dimension: int = 4
    prepared: int = 0
    made: list = field(default_factory=list)

    @property
    def rows_at_once(self):
        return BATCH

    def settings(self):
        return {"kind": "lengths", "left_out": list(self.left_out)}

    def prepare(self):
        self.prepared += 1

    def seconds(self, data, seen):
        return 1.0

    def recipe(self):
        return Lengths

    def machine(self):
        return {}

    def vectors(self, data, rows):
        if self.is_slow:
            time.sleep(0.02 * (rows[0] // BATCH % 3))  # batches end in another order
        if self.fails_at in rows:
            raise DataError("this row is bad")
        self.made.append(rows.tolist())
        ids = data.ids[rows]
        X = np.stack([np.cos(ids), np.sin(ids), ids + 1.0, np.ones(len(ids))], axis=1)
        status = np.where(np.isin(ids, self.left_out), Status.NO_WORDS, Status.OK)
        X[status == Status.NO_WORDS] = 0.0
        X[ids == 11] *= 1e-9
        return X, status.astype(np.uint8)


def unit(data):
    ids = data.ids
    X = np.stack([np.cos(ids), np.sin(ids), ids + 1.0, np.ones(len(ids))], axis=1)
    return X / np.linalg.norm(X, axis=1)[:, None]


@pytest.fixture
def data():
    return read(make_rows(N))


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".npy"}


def test_every_row_is_made_once_in_batches_and_gets_its_own_vector(data):
    maker = Lengths(is_slow=True)
    made = maker.transform(data)
    assert np.abs(made.X - unit(data)).max() < 1e-3
    assert sorted(chain.from_iterable(maker.made)) == list(range(N))
    assert all(len(rows) <= BATCH for rows in maker.made)
    assert len(maker.made) == -(-N // BATCH)


def test_without_a_cache_the_same_numbers_are_made_and_it_is_said_once(data, no_cache, tmp_path):
    watcher = Watched()
    made = Lengths(watcher, is_slow=True).transform(data)
    parts = in_store(Lengths(), data, tmp_path / "s")
    assert np.array_equal(made.X, parts.represented(data).X)
    (note,) = watcher.notes
    assert note.startswith("warning: features are not kept")
    assert "file" in note


def test_a_second_call_makes_nothing(data):
    first = Lengths().transform(data)
    maker = Lengths()
    assert np.array_equal(maker.transform(data).X, first.X)
    assert maker.made == []


def test_the_same_command_beside_another_does_not_wait_for_it(data):
    maker = Lengths()
    wanted = maker.transform(data).X
    ((store,), _) = stores_in(settings_folder(maker))
    store.update(complete=False)
    watcher = Watched()
    with store.writing():  # as another process would
        made = Lengths(watcher).transform(data)
    assert np.array_equal(made.X, wanted)
    assert not watcher.notes, "nothing is amiss"


@pytest.mark.parametrize("way", ["cache", "none", "store"])
def test_rows_that_cannot_be_made_are_left_out_alike(data, way, tmp_path, request):
    maker = Lengths(left_out=(0, 7, 39))
    if way == "store":
        made = in_store(maker, data, tmp_path / "s").represented(data)
    else:
        if way == "none":
            request.getfixturevalue("no_cache")
        made = maker.transform(data)
    kept = [row for row in range(N) if row not in (0, 7, 39)]
    assert made.kept.tolist() == kept
    assert made.X.shape == (len(kept), 4)
    assert np.abs(made.X - unit(data[kept])).max() < 1e-3
    assert [one.row for one in made.data.unrepresented] == [0, 7, 39]
    assert made.data.unrepresented[1].reason == Status.NO_WORDS.reason


@pytest.mark.parametrize("cached", [True, False])
def test_data_of_which_nothing_can_be_made_are_refused(data, cached, request):
    if not cached:
        request.getfixturevalue("no_cache")
    with pytest.raises(DataError, match=f"none of {N} rows") as caught:
        Lengths(left_out=tuple(range(N))).transform(data)
    assert caught.value.why == Status.NO_WORDS.reason


@pytest.mark.parametrize("cached", [True, False])
def test_an_error_in_a_worker_is_the_error_of_the_run(data, cached, request, monkeypatch):
    if not cached:
        request.getfixturevalue("no_cache")
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", 2)
    maker = Lengths(fails_at=5)
    with pytest.raises(DataError, match="this row is bad"):
        maker.transform(data)
    assert len(maker.made) < 1 + 2 + 3, "the rest is not made"


def test_batches_that_wait_when_a_run_is_interrupted_are_not_started(data, monkeypatch):
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", 2)
    started, go_on, cancel = [], threading.Event(), made_by_rows.Future.cancel

    class Waiting(Lengths):
        def vectors(self, data, rows):
            started.append(int(rows[0]))
            go_on.wait(2.0)
            return super().vectors(data, rows)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(made_by_rows.Future, "result", interrupted)
    monkeypatch.setattr(made_by_rows.Future, "cancel", lambda one: cancel(one) or go_on.set())
    with pytest.raises(KeyboardInterrupt):
        next(Waiting()._each(data, [np.array([row]) for row in range(N)]))
    assert sorted(started) in ([0], [0, 1])


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("after", [1, 5, 13])
def test_a_run_that_was_interrupted_goes_on_to_the_same_bytes(
    data, tmp_path, monkeypatch, workers, after
):
    monkeypatch.setattr(store_module, "SYNC_EVERY", 0.0)
    in_store(Lengths(left_out=(7,)), data, tmp_path / "whole")
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", workers)
    with pytest.raises(KeyboardInterrupt):
        in_store(Lengths(Watched(after), left_out=(7,), is_slow=True), data, tmp_path / "s")
    store = FeatureStore(tmp_path / "s")
    there = store.rows_done
    assert not store.complete
    assert there == after * BATCH
    maker = Lengths(left_out=(7,))
    in_store(maker, data, tmp_path / "s")
    assert FeatureStore(tmp_path / "s").complete
    assert files_of(tmp_path / "s") == files_of(tmp_path / "whole")
    assert sum(map(len, maker.made)) == N - there, "what was there is not made again"


def test_progress_counts_rows_to_the_end(data):
    watcher = Watched()
    Lengths(watcher).transform(data)
    assert [step.rows for step in watcher.steps] == [*range(BATCH, N, BATCH), N]
    assert {step.wanted for step in watcher.steps} == {N}
    assert watcher.steps[-1].work_done == 1.0
    assert all(step.speed > 0 for step in watcher.steps)


def test_no_more_batches_are_held_than_are_worked_on(data, monkeypatch):
    """A slow reader of the result must not let all of the rest pile up."""
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", 2)
    maker = Lengths()
    batches = [np.array([row]) for row in range(N)]
    ahead = []
    for number, _ in enumerate(maker._each(data, batches)):
        time.sleep(0.005)
        ahead.append(len(maker.made) - number - 1)
    assert max(ahead) <= 3


def test_batches_are_made_by_as_many_threads_as_are_allowed(data, monkeypatch):
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", 3)
    gate = threading.Barrier(3, timeout=20)

    class Meeting(Lengths):
        def vectors(self, data, rows):
            if rows[0] < 3 * BATCH:
                gate.wait()  # none goes on before three are here
            return super().vectors(data, rows)

    assert len(Meeting().transform(data).X) == N


@pytest.mark.parametrize("cached", [True, False])
def test_what_all_workers_need_is_got_before_they_start(data, cached, request):
    if not cached:
        request.getfixturevalue("no_cache")
    seen = []

    class Noting(Lengths):
        def vectors(self, data, rows):
            seen.append(self.prepared)
            return super().vectors(data, rows)

    Noting().transform(data)
    assert min(seen) > 0


def test_an_idf_is_fitted_once_where_there_is_no_cache(no_cache, monkeypatch):
    """Were it fitted by every worker, their counts would be mixed up, and rows be others'."""
    monkeypatch.setattr(lexical, "BATCH", 5)
    data, fits, fit = read(make_rows(60)), [], lexical.LexicalFeatures._fit
    monkeypatch.setattr(
        lexical.LexicalFeatures,
        "_fit",
        lambda self: fits.append(threading.current_thread()) or fit(self),
    )
    features = lexical_features(data)
    wanted = lexical_features(data)
    wanted.prepare()
    rows = np.concatenate([wanted.vectors(data, rows)[0] for rows in np.split(np.arange(60), 12)])
    fits.clear()
    made = features.transform(data)
    assert fits == [threading.main_thread()]
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)[:, None]
    assert np.abs(made.X - rows / lengths).max() < 1e-3
