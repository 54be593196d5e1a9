"""Experiment 3: LDD of data sets beside how well a model does that is tuned on them.

    python -m experiments.sets FILES... --model M

As many rows of each set are drawn, three times or more; a model is tuned on each draw and judged by
rows held out of every set but its own, beside what models of other sets reach there. LDD is of
matched draws, by each of the features. The table tells both, and how they correlate.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import spanset
from spanset.base.array_types import FloatArray
from spanset.base.short_names import short_names
from spanset.diversity.correlation import correlate


def main() -> None:
    """Run it, print the table, keep it as JSON."""
    parser = argparse.ArgumentParser(description="LDD of data sets beside the models they train.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("-k", type=int, default=800, help="rows that a model is tuned on")
    parser.add_argument("--held-out", type=int, default=100, help="rows of each set that judge all")
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
    """Loss of every set's models on all sets, and LDD of every set."""
    names = short_names(arguments.files)
    sets = [spanset.read(path) for path in arguments.files]
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(one)) for one in sets]
    k = min(arguments.k, *(len(one) - arguments.held_out for one in sets))
    held = {
        name: one[np.sort(order[: arguments.held_out])]
        for name, one, order in zip(names, sets, orders, strict=True)
    }
    # First, so that what cannot be measured shows before hours of training.
    diversity = {features: spread(sets, names, features) for features in arguments.features}
    losses = np.zeros((len(sets), arguments.draws, len(sets)))  # tuned on, draw, judged by
    for number, (one, order) in enumerate(zip(sets, orders, strict=True)):
        rest = one[np.sort(order[arguments.held_out :])]
        # Random rows of the set are what is asked for: the trial's own draws are more of them.
        outcome = spanset.trial(
            rest,
            {"first": np.sort(rng.choice(len(rest), k, replace=False))},
            model=arguments.model,
            evaluations=held,
            home=0,
            seeds=1,
            draws=arguments.draws - 1,
            epochs=arguments.epochs,
            learning_rate=arguments.learning_rate,
            out=f"{arguments.out}/{names[number]}",
        )
        (group,), beside = outcome.groups, outcome.controls.of_rows[0]
        for draw, scored in enumerate(
            outcome.scored("first", group)
            + outcome.scored(outcome.controls.all[beside].name, group)
        ):
            losses[number, draw] = [by.mean for by in scored]
        print(names[number], losses[number].mean(axis=0).round(3).tolist(), flush=True)
    away = beside_others(losses.mean(axis=1))
    means = dict(zip(names, away.tolist(), strict=True))
    return {
        "k": k,
        "judged_by": names,
        "sets": [
            {
                "set": name,
                "losses": losses[number].tolist(),
                "beside_others": means[name],
                **{features: ldd[name] for features, ldd in diversity.items()},
            }
            for number, name in enumerate(names)
        ],
        "correlations": {features: related(ldd, means) for features, ldd in diversity.items()},
    }


def beside_others(losses: FloatArray) -> FloatArray:
    """Of each set's models: the loss by the other sets less that of all models not tuned on these.

    Sets are of different difficulty, and each is home to one model: without both taken away, a set
    would look good for being judged by easier ones.
    """
    away = np.where(np.eye(len(losses), dtype=bool), np.nan, losses)
    return np.nanmean(away - np.nanmean(away, axis=0), axis=1)


def spread(sets: list[spanset.Dataset], names: list[str], features: str) -> dict[str, float]:
    """LDD of matched draws of every set, of 80 % of the rows of the smallest that have features."""
    found = spanset.measure(dict(zip(names, sets, strict=True)), "ldd", features=features)
    return {one.name: one.measurements["ldd"].value for one in found}


def related(ldd: dict[str, float], losses: dict[str, float]) -> dict[str, Any]:
    """How LDD goes with the loss: positive where more diverse sets train better models."""
    names = list(losses)
    return asdict(
        correlate("ldd", [ldd[one] for one in names], [losses[one] for one in names], "lower")
    )


if __name__ == "__main__":
    main()
