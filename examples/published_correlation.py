"""Correlate published log determinant distances with published win rates.

    python examples/published_correlation.py

published_scores.csv is about 10,000 rows that each of 14 methods picked from 50,000 of Alpaca, and
likewise of UltraChat: `score` is the length-controlled win rate on AlpacaEval, in percent, of a 7B
model tuned on them, and `ldd` their log determinant distance at n = 10,000 in gradient space, in
nats per example. Only methods that have both figures are in it; one has them for Alpaca alone.

published_win_rates.csv has the win rates of nine data sets of up to 50,000 rows: it shows the file
that `spanset measure --scores` takes.

All figures are the author's: Wang et al. 2024, arXiv 2402.02318, author's published notebook
(note_pruning.ipynb by Peiqi Wang), rounded here.
"""

import csv
from pathlib import Path

from spanset.diversity.correlation import Correlation, correlate

SCORES = Path(__file__).with_name("published_scores.csv")


def read(prefix: str) -> tuple[list[float], list[float]]:
    """Read distances and scores of the methods that have both."""
    with SCORES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[f"{prefix}ldd"]]
    return (
        [float(row[f"{prefix}ldd"]) for row in rows],
        [float(row[f"{prefix}score"]) for row in rows],
    )


def line(title: str, found: Correlation) -> str:
    """Write one line of the table."""
    values = (
        f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
        for value, (low, high) in (
            (found.pearson, found.pearson_interval),
            (found.spearman, found.spearman_interval),
        )
    )
    return f"{title:<12}{found.n:>7}  " + "  ".join(f"{value:<22}" for value in values).rstrip()


def main() -> None:
    """Run the command."""
    print("Distance (lower: more diverse) and win rate; 95 % intervals over the methods")
    print(f"{'rows of':<12}{'methods':>7}  {'Pearson':<22}  Spearman")
    for title, prefix in (("Alpaca", ""), ("UltraChat", "ultrachat_")):
        print(line(title, correlate("ldd", *read(prefix), "lower")))
    print(
        "A good measure is negative here: on Alpaca it is, on UltraChat it is not. The points are"
    )
    print("few, and no random draw of ways to pick rows: do not read much into one such table.")


if __name__ == "__main__":
    main()
