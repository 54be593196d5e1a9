"""Who does what: for each task spanset and the tools that can do it, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benches.peer_tools.comparisons import (
    Made,
    compare_choices,
    compare_gradients,
    compare_repeats,
    cover,
    log_det,
    radius,
)


@dataclass(frozen=True)
class Entry:
    """A tool's part: its environment, the adapter, and the task's name there."""

    tool: str
    adapter: str
    task: str


@dataclass(frozen=True)
class Task:
    """What is compared.

    Attributes
    ----------
    name : str
        Of the task, by which spanset's adapter knows it, too.
    title : str
        What is printed.
    peers : dict
        What each way is called, and who does it.
    compare : callable
        What came of a way beside what came of spanset's.
    """

    name: str
    title: str
    peers: dict[str, Entry]
    compare: Callable[[Made, dict[str, Any], dict[str, Any]], dict[str, Any]]
    also: dict[str, Entry] = field(default_factory=dict)  # needed to compare; not compared


def _by(tool: str, task: str) -> Entry:
    return Entry(tool, f"by_{tool.replace('-', '_')}.py", task)


TASKS = (
    Task(
        "facility",
        "facility location",
        {"apricot": _by("apricot", "facility"), "submodlib": _by("submodlib", "facility")},
        compare_choices("facility", "rbf", cover),
    ),
    Task(
        "farthest",
        "farthest first",
        {"submodlib": _by("submodlib", "farthest")},
        compare_choices("kcenter", "rbf", radius),
    ),
    Task(
        "dpp-rbf",
        "greedy determinant, rbf kernel",
        {"submodlib": _by("submodlib", "dpp-rbf")},
        compare_choices("dpp", "rbf", log_det("rbf")),
    ),
    Task(
        "dpp-linear",
        "greedy determinant, linear kernel",
        {"pyversity": _by("semhash", "dpp-linear"), "dppy, a draw": _by("dppy", "dpp-linear")},
        compare_choices("dpp", "linear", log_det("linear")),
    ),
    Task(
        "dpp-linear-all",
        "greedy determinant, linear kernel, all rows",
        {"pyversity": _by("semhash", "dpp-linear-all")},
        compare_choices("dpp", "linear", log_det("linear"), "all-vectors.npy"),
    ),
    Task("deita", "best score first", {"deita": _by("deita", "deita")}, compare_choices("deita")),
    Task(
        "gradients",
        "gradients of all linear layers",
        {"bergson": _by("bergson", "gradients")},
        compare_gradients,
        also={
            "spanset": _by("spanset", "gradients-exact"),
            "bergson": _by("bergson", "gradients-exact"),
        },
    ),
    Task(
        "repeats-of-vectors",
        "repeats at cosine 0.95, the same vectors of 768 columns",
        {
            "semhash, exact index": _by("semhash", "repeats-of-vectors-exact"),
            "semhash, its usual index": _by("semhash", "repeats-of-vectors"),
        },
        compare_repeats,
    ),
    Task(
        "repeats-of-texts",
        "repeats, from the file to the rows kept, by each tool's defaults",
        {
            "semhash": _by("semhash", "repeats-of-texts"),
            "datasketch": _by("datasketch", "repeats-of-texts"),
            "text-dedup": _by("text-dedup", "repeats-of-texts"),
            "data-juicer": _by("data-juicer", "repeats-of-texts"),
        },
        compare_repeats,
    ),
)
