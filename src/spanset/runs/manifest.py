"""The manifest of a run: by which versions, from what, how, and how it ended."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from spanset.base.software import processor, version_of
from spanset.data.dataset import Dataset
from spanset.greedy.selection import StopReason
from spanset.runs.finished import FinishedRun

PACKAGES = ("spanset", "numpy", "scipy", "scikit-learn", "pyarrow")
MODEL_PACKAGES = ("torch", "transformers", "tokenizers")


def manifest(
    run: FinishedRun, digests: Mapping[str, str], subsets: Sequence[Mapping[str, str | None]]
) -> dict[str, Any]:
    """All of it.

    Parameters
    ----------
    digests : mapping
        Those of the folder's files, by name.
    subsets : sequence of mapping
        `name` and `sha256` of each subset, wherever it went; of a stream the name is None.
    """
    data, picks = run.data, run.picks
    margin = picks.smallest_margin
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version_of(name) for name in PACKAGES},
            **{name: version_of(name) for name in MODEL_PACKAGES if name in sys.modules},
        },
        "machine": platform.machine(),
        "processor": processor(),
        "inputs": _inputs(data),
        "rows": {
            "read": data.total,
            "usable": len(data),
            "malformed": len(data.bad),
            "empty": len(data.empty),
            "unrepresented": len(data.unrepresented),
            "avoided": len(data.avoided),
            "picked": len(picks),
        },
        **({} if run.dropped is None else {"repeats": run.dropped.record()}),
        "stop_reason": picks.stop_reason.value,
        "smallest_margin": margin if np.isfinite(margin) else None,
        "ties": picks.ties,
        "settled": picks.settled,
        "features": dict(run.features),
        "quality": None if run.quality is None else dict(run.quality),
        "kernel": dict(run.kernel),
        "seed": run.seed,
        "tokens_counted_by": run.tokens.method,
        "diagnosis": [sign.summary() for sign in run.diagnosis],
        "subsets": [dict(subset) for subset in subsets],
        "files": dict(digests),
        "complete": picks.stop_reason is not StopReason.INTERRUPTED,
    }


def _inputs(data: Dataset) -> list[dict[str, Any]]:
    """Each input; what was recognised in its rows, and how often, where there is something."""
    inputs = []
    found = zip_longest(data.sources, data.formats, data.remarks)
    for source, format, remarks in found:
        entry = {"name": source.name, "sha256": source.sha256, "format": format.name}
        inputs.append({**entry, "remarks": dict(sorted(remarks.items()))} if remarks else entry)
    return inputs
