"""What static features are made of: each choice beside its alternatives, on the same rows.

Parts and shares (what is asked, what is said, how it is worded), weights of tokens (smooth inverse
frequency by the table's own rank order, a constant mean taken away), and what becomes of characters
that the tokenizer spells in bytes. Neighbours of the same T0 template (every fourth row), copies
planted among 4,000 public rows found at a cosine of 0.95, LDD of LIMA and Alpaca (n = 800 of 823),
and Chinese neighbours that English sentence embeddings have, too.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benches.known_sets import SETS
from benches.neighbours import EVERY, neighbour_shares, read_t0
from benches.representations import (
    ALIGNED,
    PICKS,
    POOL,
    ROWS,
    nearest_rows,
    pairs_above,
    planted_rows,
    rows_of,
    some_rows,
)
from spanset import measure, read
from spanset.base.unit_rows import unit_rows
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.static import ASKED, SAID, WORDED, StaticFeatures
from spanset.features.token_units import CHARACTERS

OWN = (ASKED, SAID, WORDED)
# Asked, said, worded.
MIXES = (
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (0.7, 0.0, 0.3),
    (0.5, 0.2, 0.3),
    OWN,
    (0.5, 0.0, 0.5),
)
RARE = 1e-3  # of smooth inverse frequency: a / (a + p)
FIRST_WORD = 259  # tokens from here on stand in the order in which they were merged
THRESHOLD = 0.95

Features = npt.NDArray[np.float32]


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure all choices."""
    static = StaticFeatures.load("", ModelConfig())
    with tempfile.TemporaryDirectory() as folder:
        rows = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        t0 = rows[np.arange(0, len(rows), 80 if quick else EVERY)]
        labels = np.array([Path(source.name).stem for source in t0.sources])[t0.source]
        made = {"t0": _parts(static, t0)}
        weighed = {name: neighbour_shares(X, labels) for name, X in _weights(static, t0).items()}
    planted, origin = planted_rows(data, 10 if quick else 150, 0.05 if quick else 1.0)
    pairs = {(own, row) for row, own in enumerate(origin) if own >= 0}
    made["copies"] = _parts(static, rows_of(planted))
    for name in ("LIMA", "Alpaca"):
        made[name] = _parts(static, some_rows(read(data / SETS[name]), ROWS, 0))
    chinese = read(data / "formats" / "alpaca_zh_已完成.json")[np.arange(200 if quick else ALIGNED)]
    english = unit_rows(np.load(data / "alpaca_minilm_384.npy")[chinese.ids], np.float32)
    wanted = nearest_rows(english)
    made["chinese"] = _parts(static, chinese)
    found: dict[str, Any] = {"asked alone, tokens weighed": weighed, "mixes": {}}
    for shares in MIXES:
        mixed = {name: _mixed(parts, shares) for name, parts in made.items()}
        near = neighbour_shares(mixed["t0"], labels)
        there = pairs.intersection(pairs_above(mixed["copies"], np.arange(len(planted)), THRESHOLD))
        sets = {name: mixed[name] for name in ("LIMA", "Alpaca")}
        ldd = measure(sets, "ldd", n=PICKS, pool=POOL)
        own = {
            "same template": near,
            "copies found": len(there) / len(pairs),
            "ldd": {one.name: one.measurements["ldd"].value for one in ldd},
            "chinese": _hits(mixed["chinese"], wanted),
        }
        found["mixes"][" ".join(f"{share:g}" for share in shares)] = own
        print(f"asked, said, worded {shares}: {own}")
    found["characters"] = {
        name: _hits(X, wanted) for name, X in _characters(static, chinese).items()
    }
    for name in ("asked alone, tokens weighed", "characters"):
        print(f"{name}: {found[name]}")
    return found


def _parts(static: StaticFeatures, rows: Dataset) -> list[Features]:
    """Unit rows of each part."""
    X = np.concatenate(
        [static.vectors(rows, some)[0] for some in np.array_split(np.arange(len(rows)), 50)]
    )
    d = static.table.vectors.shape[1]
    return [unit_rows(part, np.float32) for part in np.split(X, [d, 2 * d], axis=1)]


def _mixed(parts: list[Features], shares: tuple[float, ...]) -> Features:
    kept = [np.sqrt(share) * part for share, part in zip(shares, parts, strict=True) if share]
    return np.concatenate(kept, axis=1).astype(np.float32)


def _hits(X: Features, wanted: npt.NDArray[np.int64]) -> dict[str, float]:
    hits = (nearest_rows(X)[:, :, None] == wanted[:, None, :]).any(axis=2)
    return {"1": float(hits[:, 0].mean()), "10": float(hits.mean())}


def _weights(static: StaticFeatures, rows: Dataset) -> dict[str, Features]:
    """What is asked, with tokens weighed otherwise, or less a mean; unit rows."""
    units = static._units(list(rows.conversations()))
    plain = units.is_asked & (units.units < CHARACTERS)
    tokens, own = units.units[plain], units.rows[plain]
    vectors = static.table.vectors
    rank = np.maximum(np.arange(len(vectors)) - FIRST_WORD, 1)
    common = np.where(np.arange(len(vectors)) < FIRST_WORD, 0.0, 1.0 / (rank + 10.0))
    common /= common.sum()
    counts = np.zeros((len(rows), len(vectors)), np.float32)
    np.add.at(counts, (own, tokens), 1.0)
    logs = np.where(counts > 0, 1.0 + np.log(np.maximum(counts, 1.0)), 0.0).astype(np.float32)
    rare = (RARE / (RARE + common)).astype(np.float32)
    mean = (common[:, None] * vectors).sum(axis=0)
    found = {}
    for name, weights, less in (
        ("counts", counts, 0.0),
        ("1 + log of counts", logs, 0.0),
        ("smooth inverse frequency", counts * rare, 0.0),
        ("less the table's mean", counts, mean),
        ("both", counts * rare, mean),
    ):
        made = weights @ vectors / weights.sum(axis=1, keepdims=True) - less
        found[name] = unit_rows(made, np.float32)
    return found


def _characters(static: StaticFeatures, rows: Dataset) -> dict[str, Features]:
    """What is asked: bytes by the table's vectors for bytes, left out, or as characters."""
    units = static._units(list(rows.conversations()))
    asked, d = units.is_asked, static.table.vectors.shape[1]
    ids = static.table.tokens([talk.prompt for talk in rows.conversations()])
    bytes_ = np.stack([static.table.vectors[one].mean(axis=0) for one in ids])
    known = asked & (units.units < CHARACTERS)
    return {
        "vectors of bytes": unit_rows(bytes_, np.float32),
        "left out": static._meaning(units, known)[0].astype(np.float32),
        "a vector a character": static._meaning(units, asked)[0].astype(np.float32).reshape(-1, d),
    }
