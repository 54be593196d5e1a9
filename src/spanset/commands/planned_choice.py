"""What a choice would take: of this machine, or of the workers of a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from spanset.base import memory
from spanset.base.disk_space import free_bytes
from spanset.base.ray_cluster import Crowd
from spanset.base.scratch_files import is_mapped
from spanset.commands.choosing.choice_checks import may_be_in_rounds
from spanset.commands.choosing.selection_task import SelectionTask
from spanset.config.amounts import duration, size_of
from spanset.greedy.footprint import ROW
from spanset.greedy.partitioned import PARTS
from spanset.greedy.planned_runs import KEPT, ClusterCost, GreedyCost, PlannedRun, planned_runs
from spanset.kernels.choice import make_kernel

PATIENT = 300.0  # seconds of a choice, from which a quicker way is told


@dataclass(frozen=True)
class PlannedChoice:
    """What a choice takes; nothing is known of methods that hold no factor.

    Attributes
    ----------
    seconds : float
        About.
    memory, available : int or None
        Bytes of this machine's memory, and what there is.
    disk : dict
        Bytes of files for what memory does not hold.
    scratch : str
        Where they would be, and how much room is there; empty where there are none.
    quicker : str
        What two rounds would take, where one takes long.
    cluster : str
        What the workers of a cluster take, where one is asked for.
    """

    seconds: float = 0.0
    memory: int | None = None
    available: int | None = None
    disk: dict[str, int] = field(default_factory=dict)
    scratch: str = ""
    quicker: str = ""
    cluster: str = ""

    @classmethod
    def of(cls, task: SelectionTask, n: int, k: int, d: int, given: int) -> PlannedChoice:
        """Of k of n rows in d columns, beside so many that are given."""
        if not task.method.holds_factor:
            return cls()
        available, kept, disk = memory.available_bytes(), KEPT * n * d, dict[str, int]()
        if is_mapped(kept, available):
            disk["features as they are compared"], kept = kept, 0

        def cost_of(parts: int, crowd: Crowd | None) -> GreedyCost | ClusterCost:
            runs = _runs(task, n, k, d, given, parts)
            if crowd is None:
                return GreedyCost.of(runs, available, kept)
            return ClusterCost.of(runs, crowd)

        with task.on_cluster() as crowd:
            cost, quicker = cost_of(task.choosing.parts, crowd), ""
            if cost.seconds > PATIENT and may_be_in_rounds(task.config):
                other = cost_of(PARTS, crowd)
                quicker = _in_two_rounds(other) if other.seconds < cost.seconds / 2 else ""
        needed, cluster = cost.memory, ""
        if isinstance(cost, ClusterCost):
            needed, cluster = kept + ROW * n, _on_cluster(cost)
        elif cost.disk:
            disk["factor"] = cost.disk
        room = f"{task.scratch} ({size_of(free_bytes(task.scratch))} free)" if disk else ""
        return cls(cost.seconds, needed, available, disk, room, quicker, cluster)


def _runs(task: SelectionTask, n: int, k: int, d: int, given: int, parts: int) -> list[PlannedRun]:
    """Runs of the greedy engine, its rows dealt into so many parts."""
    config = task.config
    return planned_runs(
        n,
        k,
        d,
        make_kernel(config.features.kernel),
        dtype=config.compute.dtype,
        given=given,
        device=config.model.selection_device,
        workers=config.compute.workers,
        parts=parts,
    )


def _on_cluster(cost: ClusterCost) -> str:
    """What workers would take, in words."""
    crowd = cost.crowd
    each = f"each {size_of(cost.memory)} of memory"
    if cost.beside_file < cost.memory:
        each += f", or {size_of(cost.beside_file)} and {size_of(cost.disk)} on disk"
    workers = f"{crowd.workers:,} workers of {crowd.cpus:g} processors"
    return f"{workers}; {each}; network {size_of(cost.network)}"


def _in_two_rounds(cost: GreedyCost | ClusterCost) -> str:
    """What they would take, in words."""
    each = " each" if isinstance(cost, ClusterCost) else ""
    return f"about {duration(cost.seconds)} and {size_of(cost.memory)} of memory{each}: --rounds 2"
