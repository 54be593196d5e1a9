"""The greedy on Ray: the picks and bytes of one machine, actors that die, and errors in words."""

import socket
import sys
import threading

import numpy as np
import pytest
from tests.conftest import make_rows
from tests.greedy.cases import random_unit

pytest.importorskip("ray", reason="needs the extra `cluster`")

import ray

import spanset
from spanset.base import ray_actors, ray_cluster
from spanset.base.errors import SpansetError, UsageError
from spanset.base.ray_cluster import Crowd, joined
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy import ray_crew
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.partitioned import two_rounds
from spanset.greedy.quotas import Quotas
from spanset.greedy.ray_crew import RayCluster
from spanset.greedy.selection import StopReason
from spanset.kernels.rbf import RBF


@pytest.fixture(scope="module")
def here():
    """A cluster on this machine, joined for all tests."""
    with joined("local"):
        yield


def cluster(workers):
    return RayCluster(Crowd(workers, 1.0 / workers))


def tied(n, seed=0):
    """Corners of a cube and their copies among other rows."""
    rng = np.random.default_rng(seed)
    corners = unit_rows(np.sign(random_unit(rng, n // 2, 10)), float)
    return np.concatenate([corners, random_unit(rng, n - n // 2, 10)])[rng.permutation(n)]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_picks_are_those_of_one_machine(here, workers):
    X, rng = tied(2_000), np.random.default_rng(1)
    options = {"log_quality": rng.normal(size=2_000), "quality_weight": 0.2, "given": X[:9]}
    for more in ({}, options, {"mixed": True}):
        expected = blocked_greedy(X, 300, RBF(), **more)
        found = blocked_greedy(X, 300, RBF(), cluster=cluster(workers), **more)
        assert found.order.tolist() == expected.order.tolist()
        np.testing.assert_allclose(found.gains, expected.gains, atol=1e-9)
        assert found.ties == expected.ties


def test_quotas_hold_over_all_workers(here):
    X, groups = tied(900), np.random.default_rng(2).integers(0, 2, 900)
    quotas = Quotas(groups, np.array([50, 0]), np.array([60, 30]), 80, ("a", "b"))
    expected = blocked_greedy(X, 80, RBF(), quotas=quotas)
    found = blocked_greedy(X, 80, RBF(), quotas=quotas, cluster=cluster(2))
    assert found.order.tolist() == expected.order.tolist()


class Killer:
    """A cluster whose actors are killed at random moments, so many times."""

    def __init__(self, workers, times):
        self.inner, self.times = cluster(workers), times
        self.ended = threading.Event()

    def split(self, n):
        return self.inner.split(n)

    def crew(self, *args):
        self.made = self.inner.crew(*args)
        threading.Thread(target=self._kill, daemon=True).start()
        return self.made

    def _kill(self):
        rng = np.random.default_rng(0)
        for _ in range(self.times):
            if self.ended.wait(rng.uniform(0.2, 1.5)):
                return
            ray.kill(self.made._actors[rng.integers(len(self.made._actors))])


def test_actors_that_are_killed_change_nothing(here):
    X = tied(4_000)
    expected = blocked_greedy(X, 400, RBF(), block=2)
    killer = Killer(2, 4)
    found = blocked_greedy(X, 400, RBF(), block=2, cluster=killer)
    killer.ended.set()
    assert killer.made.replaced > 0
    assert found.order.tolist() == expected.order.tolist()
    np.testing.assert_allclose(found.gains, expected.gains, atol=1e-9)


def test_what_float32_cannot_do_goes_to_other_actors_in_float64(here):
    X, notes = random_unit(np.random.default_rng(3), 400, 12), []
    X = np.concatenate([X, unit_rows(X + 1e-4, float)])
    expected = blocked_greedy(X, 700, RBF())
    found = blocked_greedy(X, 700, RBF(), mixed=True, cluster=cluster(2), on_note=notes.append)
    assert found.order.tolist() == expected.order.tolist()
    assert "\n" not in notes[0]  # no traceback of another process
    assert notes[0].endswith("selecting in float64 throughout")


def test_an_interruption_leaves_the_picks_made(here):
    X, asked = random_unit(np.random.default_rng(4), 2_000, 12), iter(range(10**6))
    found = blocked_greedy(X, 400, RBF(), cluster=cluster(2), cancelled=lambda: next(asked) > 12)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert found.order.tolist() == blocked_greedy(X, len(found), RBF()).order.tolist()


def test_two_rounds_are_those_of_one_machine(here):
    X = tied(4_000)
    for more in ({}, {"given": X[:9]}):
        expected = two_rounds(X, 200, RBF(), parts=5, **more)
        found = two_rounds(X, 200, RBF(), parts=5, cluster=cluster(2), **more)
        assert found.order.tobytes() == expected.order.tobytes()
        assert found.gains.tobytes() == expected.gains.tobytes()


def test_what_a_part_tells_comes_from_the_workers(here):
    """Most of a part's picks are near copies: too close for float32."""
    X, notes = random_unit(np.random.default_rng(3), 400, 12), []
    X = np.concatenate([X, unit_rows(X + 1e-4, float)])
    options = {"parts": 2, "mixed": True}
    expected = two_rounds(X, 700, RBF(), **options)
    found = two_rounds(X, 700, RBF(), cluster=cluster(2), on_note=notes.append, **options)
    assert found.order.tolist() == expected.order.tolist()
    assert notes
    assert all(note.endswith("selecting in float64 throughout") for note in notes)


def test_an_interruption_of_two_rounds_leaves_no_picks(here):
    found = two_rounds(tied(4_000), 200, RBF(), cluster=cluster(1), cancelled=lambda: True)
    assert found.stop_reason is StopReason.INTERRUPTED


def test_the_command_and_the_verb_pick_the_same_there(here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spanset.read(make_rows(300)).write("d.jsonl")
    command = ["select", "d.jsonl", "-k", "40", "--features", "lexical", "--no-report"]
    assert main([*command, "--run", "one"]) == 0
    assert main([*command, "--run", "many", "--ray", "local", "--ray-workers", "3"]) == 0
    for name in ("subset.jsonl", "ids.txt", "selection.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()
    assert main(["verify", "many"]) == 0
    X = random_unit(np.random.default_rng(5), 300, 8)
    expected = spanset.select(X, 40).order.tolist()
    assert spanset.select(X, 40, ray="local", ray_workers=2).order.tolist() == expected
    assert ray.is_initialized()  # who had joined before is still there


def test_the_plan_tells_what_the_workers_take(here, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    spanset.read(make_rows(300)).write("d.jsonl")
    np.save("x.npy", random_unit(np.random.default_rng(7), 300, 8))
    command = ["select", "d.jsonl", "-k", "40", "--features", "array:x.npy", "--dry-run"]
    assert main([*command, "--ray", "local", "--ray-workers", "2"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    # 150 rows of 40 + 8 numbers, 8 more as they are kept, and 128 bytes.
    assert "2 workers of" in told
    assert "each 80 KiB of memory; network" in told
    assert "in two rounds" not in told
    monkeypatch.setattr("spanset.commands.planned_choice.PATIENT", 0.0)
    monkeypatch.setattr(
        "spanset.greedy.planned_runs.greedy_seconds", lambda n, *_, **__: 999.0 if n == 300 else 1.0
    )
    assert main([*command, "--ray", "local", "--ray-workers", "2"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    # 16 parts by two workers, each of half the processors, and a round here.
    assert "in two rounds about 17 s and" in told
    assert "of memory each: --rounds 2" in told


# What goes wrong


@pytest.mark.parametrize(
    ("options", "where", "says"),
    [
        ({"ray": "somewhere"}, "--ray", "is no address"),
        ({"ray": "host:port"}, "--ray", "is no address"),
        ({"ray": "http://host:80"}, "--ray", "is no address"),
        ({"ray": "127.0.0.1:9"}, "--ray 127.0.0.1:9", "no Ray cluster answers"),
        ({"ray": "ray://127.0.0.1:9"}, "--ray ray://127.0.0.1:9", "no Ray cluster answers"),
        ({"ray_workers": 2}, "--ray-workers", "it goes with --ray"),
        ({"ray": "local", "ray_workers": 0}, "--ray-workers", "0 workers"),
        ({"ray": "local", "method": "random"}, "--ray", "--method random"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(options, where, says):
    with pytest.raises(UsageError) as caught:
        spanset.select(np.eye(5), 2, **options)
    assert caught.value.where == where
    assert says in caught.value.what


def test_a_cluster_that_ended_is_not_waited_for(monkeypatch):
    """Ray's own note of the last cluster outlives it; `local` does not look at it."""
    monkeypatch.setattr(ray._private.services, "find_gcs_addresses", set)
    for found, says in (("127.0.0.1:9", "no Ray cluster answers"), (None, "no Ray cluster runs")):
        monkeypatch.setattr(ray._private.services, "find_bootstrap_address", lambda _, a=found: a)
        with pytest.raises(UsageError, match=says):
            spanset.select(np.eye(5), 2, ray="auto")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:19")
    with pytest.raises(UsageError) as caught:
        spanset.select(np.eye(5), 2, ray="auto")
    assert ":19: " in caught.value.why


def test_a_cluster_that_asks_for_a_token_is_told_so(monkeypatch):
    def init(**_):
        reason = "AuthenticationError: InvalidAuthToken: Authentication token is missing"
        raise ConnectionError("Failed to connect") from RuntimeError(reason)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    with socket.create_server(("127.0.0.1", 0)) as there:
        address = f"127.0.0.1:{there.getsockname()[1]}"
        with pytest.raises(UsageError, match="cannot join") as caught:
            spanset.select(np.eye(5), 2, ray=address)
    assert "a token" in caught.value.why
    assert "RAY_AUTH_MODE=token" in caught.value.fix


def test_ray_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpansetError, match=r"spanset\[cluster\]"):
        spanset.select(np.eye(5), 2, ray="local")


def test_workers_of_other_versions_are_refused(here, monkeypatch):
    monkeypatch.setattr(ray_cluster, "__version__", "9.9")
    with pytest.raises(UsageError, match=r"a worker has spanset") as caught:
        blocked_greedy(np.eye(5), 2, RBF(), cluster=cluster(2))
    assert "spanset 9.9" in caught.value.why


def test_a_machine_without_room_is_told(here, monkeypatch):
    monkeypatch.setattr(ray_actors, "START", 1.0)
    with pytest.raises(SpansetError, match="no worker of 64 processors started in 1 s"):
        blocked_greedy(np.eye(5), 2, RBF(), cluster=RayCluster(Crowd(1, 64.0)))


def test_an_error_of_a_worker_is_told_in_its_own_words(here, tmp_path, monkeypatch):
    """A partition that shares its machine with so many others that memory holds none of them."""
    monkeypatch.setattr(ray_crew, "most_on_one", lambda _: 10**9)
    X = random_unit(np.random.default_rng(6), 400, 8)
    with pytest.raises(SpansetError, match="of memory") as caught:
        blocked_greedy(X, 100, RBF(), cluster=RayCluster(Crowd(1, 0.5), scratch=tmp_path))
    assert "Traceback" not in str(caught.value)
    assert caught.value.fix
