"""A Ray cluster of several nodes on this machine, which share its processors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.cluster_utils import Cluster


@contextmanager
def ray_nodes(count: int, *, cpus: int, store: int) -> Iterator[str]:
    """So many nodes, joined; their address.

    Parameters
    ----------
    cpus : int
        Processors that each says it has.
    store : int
        Bytes of each node's store; for its tests Ray takes 150 MB, and puts the rest on disk.
    """
    node: dict[str, Any] = {"num_cpus": cpus, "object_store_memory": store}
    nodes = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(count - 1):
        nodes.add_node(**node)
    ray.init(address=nodes.address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield str(nodes.address)
    finally:
        ray.shutdown()
        nodes.shutdown()
