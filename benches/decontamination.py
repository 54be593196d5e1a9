"""What `--avoid` finds: GSM8K's training rows beside its test set, and planted test questions.

200 test questions are planted with another answer: as they stand, with half of their common words
and names replaced, and with all of them replaced and the first two sentences swapped. Recall is the
share of them that is found, by words, by meaning (static features), and by either. Rows of the
training set that are found are listed: whether they are false alarms is for a reader to say. Rows
of sets that have nothing to do with it are false alarms.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benches.known_sets import SETS
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.features.static import StaticFeatures
from spanset.selectors.contamination import SHARE, THRESHOLDS, SharedRuns, contacts

PLANTED = 200
LEVELS = {"as they stand": 0.0, "half of the words": 0.5, "all words, sentences swapped": 1.0}
OTHERS = ("LIMA", "Alpaca", "role play", "Code Alpaca")
MOST = 5_000  # rows of those

WORDS = {
    "how many": "what number of", "how much": "what amount of", "each": "every",
    "buys": "purchases", "total": "overall sum", "has": "owns", "have": "possess",
    "gives": "hands over", "makes": "earns", "per": "for every", "week": "seven-day week",
    "day": "single day", "sells": "offers for sale", "number": "count", "takes": "requires",
    "left": "remaining", "times": "fold", "more": "additional", "bought": "purchased",
    "does": "will", "went": "travelled", "needs": "requires", "wants": "would like",
}  # fmt: skip
NAMES = ("Amara", "Felix", "Ingrid", "Tomas", "Yuki", "Priya", "Oskar", "Leila")


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Look for test questions in all of them."""
    features = StaticFeatures.load("", ModelConfig())
    threshold = THRESHOLDS["static"]
    test = read(data / "gsm8k_test.jsonl", on_empty="keep")
    made = features.transform(test)
    runs = SharedRuns.of(one.prompt for one in test.conversations())

    def found(rows: Dataset, threshold: float | None) -> list[Any]:
        return contacts(rows, features.transform(rows).X, made.data, made.X, threshold)

    train = read(data / "gsm8k_train.jsonl")
    started = perf_counter()
    alarms = found(train, threshold)
    seconds = perf_counter() - started
    listed = [
        [train.conversation(one.row).prompt, test.conversation(one.other).prompt, one.how]
        for one in alarms
    ]
    print(f"training set: {len(alarms)} of {len(train):,} rows, {seconds:.1f} s")
    rng = random.Random(0)
    chosen = rng.sample(range(len(test)), 20 if quick else PLANTED)
    planted = {}
    for name, level in LEVELS.items():
        rows = read(
            [
                {"question": paraphrase(test.conversation(row).prompt, rng, level), "answer": "12"}
                for row in chosen
            ]
        )
        by_words = runs.in_texts(one.text for one in rows.conversations())[0] >= SHARE
        near = np.zeros(len(rows), bool)
        near[[one.row for one in found(rows, threshold) if not np.isnan(one.cosine)]] = True
        planted[name] = {
            "by words": float(by_words.mean()),
            "by meaning": float(near.mean()),
            "either": float((by_words | near).mean()),
        }
        print(name, {how: f"{100 * share:.0f} %" for how, share in planted[name].items()})
    others = {}
    for name in OTHERS:
        rows = read(data / SETS[name])
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64)]
        others[name] = {"rows": len(rows), "found": len(found(rows, threshold))}
    print(others)
    return {
        "threshold": threshold,
        "training_rows": len(train),
        "training_rows_found": listed,
        "seconds": seconds,
        "planted": planted,
        "other_sets": others,
    }


def paraphrase(text: str, rng: random.Random, level: float) -> str:
    """The question with so large a share of common words and of names replaced."""
    for word, other in WORDS.items():

        def replaced(match: re.Match[str], other: str = other) -> str:
            return other if rng.random() < level else match.group()

        text = re.sub(rf"\b{word}\b", replaced, text, flags=re.IGNORECASE)
    for name in sorted(set(re.findall(r"\b[A-Z][a-z]{3,}\b", text))):
        pattern = rf"\b{name}\b"
        if len(re.findall(pattern, text)) > 1 and rng.random() < level:
            text = re.sub(pattern, rng.choice(NAMES), text)
    sentences = re.split(r"(?<=[.!?])\s+", text)
    if level == 1.0 and len(sentences) > 2:
        sentences[0], sentences[1] = sentences[1], sentences[0]
    return " ".join(sentences)
