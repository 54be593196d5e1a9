"""How the processors and memory of a cluster are shared out."""

from types import SimpleNamespace

import pytest

from spanset.base.ray_cluster import Crowd, crowd_of

GIB = 2**30


def ray_of(*cpus, memory=8 * GIB, gpus=0):
    resources = [{"CPU": float(one), "memory": float(memory)} for one in cpus]
    resources = [one | ({"GPU": float(gpus)} if gpus else {}) for one in resources]
    nodes = [{"Alive": True, "Resources": one} for one in resources]
    return SimpleNamespace(nodes=lambda: [*nodes, {"Alive": False, "Resources": {"CPU": 99.0}}])


@pytest.mark.parametrize(
    ("cpus", "workers", "expected"),
    [
        ((2, 2, 2), None, Crowd(3, 2.0, memory=8 * GIB)),
        ((4, 2), None, Crowd(2, 2.0, memory=8 * GIB)),
        ((2, 2, 2), 1, Crowd(1, 2.0, memory=8 * GIB)),  # not the 6 of all: it is on one machine
        ((2, 2, 2), 2, Crowd(2, 2.0, memory=8 * GIB)),
        ((2, 2, 2), 5, Crowd(5, 1.0, memory=24 * GIB // 5)),
        ((2, 2, 2), 7, Crowd(7, 0.5, memory=24 * GIB // 7)),
        ((8, 2), 1, Crowd(1, 8.0, memory=8 * GIB)),
        ((8, 2), 3, Crowd(3, 2.0, memory=16 * GIB // 3)),
        ((8, 2), 2, Crowd(2, 4.0, memory=8 * GIB)),
        ((2,), 2, Crowd(2, 1.0, memory=4 * GIB)),
        ((0, 4), None, Crowd(1, 4.0, memory=8 * GIB)),
    ],
)
def test_every_worker_finds_a_machine_with_its_processors(cpus, workers, expected):
    found = crowd_of(ray_of(*cpus), workers)
    assert found == expected
    assert sum(int(one / found.cpus) for one in cpus) >= found.workers


def test_workers_that_have_gpus_are_as_many_as_there_are():
    assert crowd_of(ray_of(8, 8, gpus=2), None, has_gpus=True) == Crowd(4, 4.0, True, 4 * GIB)
    assert crowd_of(ray_of(8, 8, gpus=2), 9, has_gpus=True).workers == 4


def test_memory_that_no_machine_tells_is_not_known():
    assert crowd_of(ray_of(2, memory=0), None) == Crowd(1, 2.0)
