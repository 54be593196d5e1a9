"""A cluster in this process: workers are asked one after another, and may be lost."""

import numpy as np

from spanset.base.ray_cluster import WorkerLostError
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.crew import Crew
from spanset.greedy.factor import CancelledError
from spanset.greedy.partition import Partition


class LocalCluster:
    """So many workers; at the calls whose numbers are in `deaths` the worker asked is lost."""

    def __init__(self, workers, deaths=(), **options):
        self.workers, self.deaths, self.options = workers, set(deaths), options
        self.calls = 0
        self.moved = []  # numbers that went to or came from a worker, by method
        self.crews = []

    def split(self, n):
        return np.linspace(0, n, self.workers + 1).astype(int).tolist()

    def crew(self, X, shares, _cancelled):
        self.crews.append(LocalCrew(self, X, shares))
        return self.crews[-1]

    def chosen(self, parts, cancelled, on_note):
        for number in reversed(range(parts.count)):  # whoever is free: in any order
            part = parts.make(number)
            options = {"log_quality": part.log_quality, "on_note": on_note, **parts.options}
            if cancelled():
                raise CancelledError
            yield number, blocked_greedy(part.X, part.k, **options)


class LocalCrew(Crew):
    def __init__(self, cluster, X, shares):
        super().__init__(len(shares))
        self.cluster, self.X, self.shares = cluster, X, shares
        self.partitions = [self._made(number) for number in range(len(shares))]

    def packed(self, args):
        return args

    def asked(self, number, method, packed):
        return number, method, packed

    def answered(self, asked):
        number, method, args = asked
        self.cluster.calls += 1
        if self.cluster.calls in self.cluster.deaths:
            self.partitions[number].close()
            self.partitions[number] = None
            raise WorkerLostError
        found = getattr(self.partitions[number], method)(*args)
        self.cluster.moved.append((method, numbers_in(args) + numbers_in(found)))
        return found

    def replace(self, number, told, asked):
        self.partitions[number] = self._made(number)
        self.partitions[number].catch_up(told, asked)

    def close(self):
        for partition in self.partitions:
            partition.close()

    def _made(self, number):
        share = self.shares[number]
        return Partition(self.X[share.start : share.stop], share, **self.cluster.options)


def numbers_in(value):
    """Numbers in arrays, in any depth."""
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, (list, tuple)):
        return sum(map(numbers_in, value))
    return numbers_in(list(vars(value).values())) if hasattr(value, "__dict__") else 0
