"""Settings of a Ray cluster: the same of every command that can compute on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from spanset.config.amounts import count_flag
from spanset.config.groups import COMPUTE


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """Where it is computed, if not here."""

    ray: Annotated[str | None, Parameter(group=COMPUTE)] = None
    """Compute on a Ray cluster (extra `cluster`): HOST:PORT, auto for the one that this machine is
    part of, or local. Changes nothing but speed and what fits."""

    ray_workers: Annotated[int | None, Parameter(converter=count_flag, group=COMPUTE)] = None
    """Workers there, by default one a machine, or one a GPU."""
