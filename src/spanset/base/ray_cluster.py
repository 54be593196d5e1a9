"""A Ray cluster: one that runs, found by its address, or one made on this machine."""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.base.version import __version__
from spanset.base.workers import available_workers

PATIENCE = 5.0  # seconds for a machine to answer
LOCAL, AUTO = "local", "auto"


@dataclass(frozen=True)
class Crowd:
    """How many workers there are, and what each may use.

    Attributes
    ----------
    workers : int
        Workers.
    cpus : float
        Processors of a worker; less than one where there are more workers than processors.
    has_gpus : bool
        Whether each has a GPU of its own.
    memory : int or None
        Bytes that the cluster has for each, as its machines said when they started; None where
        they did not say.
    """

    workers: int
    cpus: float
    has_gpus: bool = False
    memory: int | None = None

    @property
    def threads(self) -> int:
        """Of a worker."""
        return max(1, int(self.cpus))


class WorkerLostError(Exception):
    """A worker ended without an answer."""


def check_address(address: str | None, workers: int | None) -> None:
    """Refuse what is no address, and workers without a cluster, before anything is done.

    Raises
    ------
    UsageError
        The first of them; or nothing answers at the address.
    MissingExtraError
        Ray is not installed.
    """
    if address is None:
        if workers is not None:
            raise UsageError("it goes with --ray", where="--ray-workers", fix="leave it out")
        return
    if workers is not None and workers < 1:
        raise UsageError(f"{workers} workers", where="--ray-workers", fix="give 1 or more")
    require("ray", extra="cluster")
    if address != LOCAL:
        _require_answer(address)


@contextmanager
def joined(address: str, workers: int | None = None, *, device: str = "cpu") -> Iterator[Crowd]:
    """Join a cluster for a while; one that was joined before is joined as it is.

    Parameters
    ----------
    address : str
        ``local`` makes one on this machine, ``auto`` finds the one that runs here or that
        ``RAY_ADDRESS`` names; else HOST:PORT, or ray://HOST:PORT.
    workers : int, optional
        By default one a machine, or one a GPU.
    device : str
        What is computed on; on ``cuda`` each worker has a GPU.

    Raises
    ------
    UsageError
        Nothing answers there, it is of another version, or it has nothing to compute with.
    MissingExtraError
        Ray is not installed.
    """
    ray = require("ray", extra="cluster")
    was_joined = ray.is_initialized()
    if not was_joined:
        _join(ray, address)
    try:
        yield crowd_of(ray, workers, has_gpus=device.startswith("cuda"))
    finally:
        if not was_joined:
            ray.shutdown()


def versions() -> dict[str, str]:
    """What workers have to have in common with who asks them."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, "numpy": np.__version__, "spanset": __version__}


def require_same_versions(found: dict[str, str], node: str) -> None:
    """Refuse a worker with other versions: it would compute, or understand, something else."""
    own = versions()
    other = [f"{name} {found.get(name)}" for name, one in own.items() if found.get(name) != one]
    if other:
        here = ", ".join(f"{name} {one}" for name, one in own.items())
        raise UsageError(
            f"a worker has {', '.join(other)}",
            where=f"--ray: node {node}",
            why=f"here are {here}",
            fix="install the same versions on every machine of the cluster",
        )


def _join(ray: Any, address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        ray.init("local", num_cpus=available_workers(), include_dashboard=False, **options)
        return
    _require_answer(address)
    try:
        ray.init(address=address, **options)
    except Exception as error:  # of many kinds, by what is wrong there
        why = str(error).partition("\n")[0]
        fix = "start one (ray start --head), give the HOST:PORT that it printed, or --ray local"
        if "InvalidAuthToken" in f"{error} {error.__cause__}":
            why = "it asks for a token: a cluster does that whose first machine has one"
            fix = "set RAY_AUTH_MODE=token, with that machine's ~/.ray/auth_token here"
        raise UsageError(
            "cannot join the Ray cluster", where=f"--ray {address}", why=why, fix=fix
        ) from error


def _require_answer(address: str) -> None:
    """Ray itself would wait for minutes."""
    found = _found() if address == AUTO else address
    if found is None:
        return
    try:
        socket.create_connection(_host_and_port(found), timeout=PATIENCE).close()
    except OSError as error:
        of = "" if found == address else f"{found}: "
        raise UsageError(
            "no Ray cluster answers there",
            where=f"--ray {address}",
            why=f"{of}{error.strerror or error}",
            fix="start one (ray start --head), and give the HOST:PORT that it printed",
        ) from error


def _found() -> str | None:
    """Where ``auto`` leads: what is written down there may have ended long ago."""
    try:
        # No public function tells; where a version has another, Ray finds out by itself.
        services = import_module("ray._private.services")
        return services.canonicalize_bootstrap_address(AUTO)
    except (ImportError, AttributeError):
        return None
    except (ConnectionError, ValueError) as error:
        raise UsageError(
            "no Ray cluster runs here",
            where=f"--ray {AUTO}",
            fix="start one (ray start --head), set RAY_ADDRESS, or give --ray local",
        ) from error


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address if "://" in address else f"ray://{address}")
        host, port, scheme = parts.hostname, parts.port, parts.scheme
    except ValueError:
        host = port = scheme = None
    if host is None or port is None or scheme != "ray":
        raise UsageError(
            f"{address!r} is no address",
            where="--ray",
            fix="give HOST:PORT, auto for the cluster that this machine is part of, or local",
        )
    return host, port


def crowd_of(ray: Any, workers: int | None, *, has_gpus: bool = False) -> Crowd:
    """Workers of a cluster, and what each may use; as many as asked for, or by default."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = [int(one.get("GPU", 0.0)) for one in nodes]
    if has_gpus:
        if not any(gpus):
            raise UsageError(
                "the Ray cluster has no GPU",
                where="--ray",
                fix="start nodes that have one, or use --device cpu",
            )
        nodes = [one for one, has in zip(nodes, gpus, strict=True) if has]
        workers = sum(gpus) if workers is None else min(workers, sum(gpus))
    nodes = [one for one in nodes if one.get("CPU", 0.0) >= 1.0]
    cpus, memories = ([one.get(name, 0.0) for one in nodes] for name in ("CPU", "memory"))
    if not cpus:
        raise UsageError(
            "the Ray cluster has no processor to compute with",
            where="--ray",
            fix="start nodes with --num-cpus 1 or more",
        )
    if workers is None:
        return Crowd(len(cpus), float(int(min(cpus))), memory=int(min(memories)) or None)
    memory = int(min(sum(memories) / workers, *memories)) or None
    return Crowd(workers, _processors_each(cpus, workers), has_gpus, memory)


def _processors_each(cpus: list[float], workers: int) -> float:
    """The most that each of so many workers can have: none is on two machines."""
    share = max(1, int(sum(cpus) / workers))
    while share > 1 and sum(int(one / share) for one in cpus) < workers:
        share -= 1
    places = sum(map(int, cpus))
    return float(share) if places >= workers else 1.0 / -(-workers // places)
