"""Experiment 3: LDD of data sets beside how well a model does that is tuned on them.

    python -m experiments.sets FILES... --model M

As many rows of each set are drawn, several times; a model is tuned on each draw and judged by rows
held out of every set, each set of equal weight but its own. LDD is measured on matched draws, by
static features and by the gradients of the model. The table tells both, and how they correlate.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import spanset
from spanset.base.short_names import short_names
from spanset.diversity.correlation import correlate

HELD_OUT = 100  # rows of each set that judge all models
ROWS = 800  # that a model is tuned on


def main() -> None:
    """Run it, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="LDD of data sets beside the models they train.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("-k", type=int, default=ROWS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--learning-rate", type=float, default=2e-5)
    parser.add_argument("--features", nargs="*", default=["static"])
    parser.add_argument("--out", default="experiments/runs/sets")
    arguments = parser.parse_args()
    found = judged(arguments)
    Path(arguments.out).mkdir(parents=True, exist_ok=True)
    path = Path(arguments.out) / "sets.json"
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for row in found["sets"]:
        print(row)
    print(found["correlations"])


def judged(arguments: argparse.Namespace) -> dict[str, Any]:
    """Loss of every set's models on the other sets, and LDD of every set."""
    names = short_names(arguments.files)
    sets = [spanset.read(path) for path in arguments.files]
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(one)) for one in sets]
    k = min(arguments.k, *(len(one) - HELD_OUT for one in sets))
    held = {
        name: one[np.sort(order[:HELD_OUT])]
        for name, one, order in zip(names, sets, orders, strict=True)
    }
    losses: dict[str, list[float]] = {}
    for name, one, order in zip(names, sets, orders, strict=True):
        rest = order[HELD_OUT:]
        draws = {
            f"draw {n}": np.sort(rng.choice(rest, k, replace=False)) for n in range(arguments.draws)
        }
        outcome = spanset.trial(
            one,
            draws,
            model=arguments.model,
            evaluations={other: rows for other, rows in held.items() if other != name},
            home=0,
            seeds=1,
            draws=2,
            epochs=arguments.epochs,
            learning_rate=arguments.learning_rate,
            out=f"{arguments.out}/{name}",
        )
        choices = outcome.record()["choices"]
        losses[name] = [choice["groups"]["away"]["mean"] for choice in choices]
        print(name, losses[name], flush=True)
    diversity = {
        features: spread(arguments.files, names, features, k) for features in arguments.features
    }
    means = {name: float(np.mean(values)) for name, values in losses.items()}
    return {
        "k": k,
        "sets": [
            {"set": name, "losses": losses[name], **{f: ldd[name] for f, ldd in diversity.items()}}
            for name in names
        ],
        "correlations": {features: related(ldd, means) for features, ldd in diversity.items()},
    }


def spread(files: list[str], names: list[str], features: str, k: int) -> dict[str, float]:
    """LDD of matched draws of every set."""
    data = {name: spanset.read(path) for name, path in zip(names, files, strict=True)}
    found = spanset.measure(data, "ldd", features=features, n=k)
    return {one.name: one.measurements["ldd"].value for one in found}


def related(ldd: dict[str, float], losses: dict[str, float]) -> dict[str, Any]:
    """How LDD goes with the loss: positive where more diverse sets train better models."""
    names = list(losses)
    return asdict(
        correlate("ldd", [ldd[one] for one in names], [losses[one] for one in names], "lower")
    )


if __name__ == "__main__":
    main()
