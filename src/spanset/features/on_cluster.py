"""Features made on a Ray cluster, where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from spanset.base.errors import UsageError
from spanset.base.ray_cluster import joined
from spanset.config.cluster_settings import ClusterConfig
from spanset.config.model_settings import ModelConfig
from spanset.models.model_files import model_device
from spanset.stores.maker import Maker


@contextmanager
def made_on(cluster: ClusterConfig, maker: Maker, model: ModelConfig) -> Iterator[Maker]:
    """The maker itself, or one that has the same made by workers of the cluster.

    The cluster is joined when there is something to make.

    Raises
    ------
    UsageError
        Nothing answers there, workers of other versions, or with another model.
    """
    if cluster.ray is None:
        yield maker
        return
    # Imported here, since it imports ray.
    from spanset.stores.ray_making import RayMaker

    device = model_device(model.device) if maker.batch[0] == "tokens" else "cpu"
    join = partial(joined, cluster.ray, cluster.ray_workers, device=device)
    with RayMaker(maker, join) as shared:
        yield shared


def check_making(cluster: ClusterConfig, model: ModelConfig) -> None:
    """Refuse a model over several cards on a cluster."""
    if cluster.ray is not None and model.device_map is not None:
        raise UsageError(
            "layers over all cards are not computed on a cluster, where a worker has one",
            where=f"--device-map {model.device_map}",
            fix="leave out one of the two; --quantize 4bit or 8bit makes a model smaller",
        )
