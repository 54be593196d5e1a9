"""Diversity of the words: type-token ratio, vocd-D, distinct n-grams.

Words are runs of letters, digits and underscores in lower case, so a language written without
spaces has few and long ones. Every measure works on integer codes of the words.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.optimize import minimize_scalar

from spanset.base.array_types import FloatArray, IntArray
from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

SEGMENT = 50  # words of a segment of the type-token ratio

SIZES = range(35, 51)  # words of vocd's samples (McKee et al. 2000)
SAMPLES = 100  # of each size
FITS = 3  # values of D that are averaged

# Where D is looked for. One word alone gives about 0.01; at a million a fit's samples, 68,000
# words, hold one repeat at most, and more cannot be told apart.
D_RANGE = (1e-3, 1e6)


@dataclass(frozen=True)
class TypeTokenRatio:
    """Distinct words / words, mean over segments of 50 words (MSTTR).

    The words of all rows stand one after the other and are cut into segments; the last, shorter
    one is left out. The plain ratio falls as the text grows, whatever its diversity; segments of
    one length make data sets comparable. What repeats further apart than 50 words is not seen,
    copies of rows least of all: `Distinct` and `CompressionRatio` see them. Unit: fraction, from
    1/50 to 1. Higher is more diverse. NaN below 50 words. Johnson (1944) [johnson1944studies].
    """

    name: str = "type-token-ratio"
    unit: str = "fraction"
    better: Better = "higher"
    needs_rows: bool = True

    def __call__(self, sample: Sample) -> Estimate:
        """Mean over the segments of the sample's words, in the order of its rows."""
        words = _codes(sample)
        count = len(words) // SEGMENT
        if not count:
            return Estimate(float("nan"))
        segments = words[: count * SEGMENT].reshape(count, SEGMENT)
        return Estimate(float(_distinct(segments).mean()) / SEGMENT)


@dataclass(frozen=True)
class VocdD:
    """vocd-D: how slowly the type-token ratio falls as a sample of words grows.

    The mean ratio of 100 random samples of N words, drawn without replacement from the words of
    all rows, is taken for N = 35 ... 50; D is the least-squares fit of

        TTR(N) = (D / N) (sqrt(1 + 2 N / D) - 1)

    and the value is the mean of 3 such fits, with its standard error. It does not depend on the
    length of the text, and hardly sees copies of rows: they leave the frequencies of the words as
    they are. Unit: D itself. Higher is more diverse; prose has about 50 to 200. NaN below 50 words;
    at most 1e6, where no sample repeats a word. McKee et al. (2000) [mckee2000measuring].
    """

    name: str = "vocd-d"
    unit: str = "D"
    better: Better = "higher"
    needs_rows: bool = True

    def __call__(self, sample: Sample) -> Estimate:
        """Mean of three fits, and its standard error; the draws are seeded by the sample."""
        words = _codes(sample)
        if len(words) < SIZES[-1]:
            return Estimate(float("nan"))
        rng = np.random.default_rng(sample.seed)
        ratios = np.stack([_mean_ratios(words, size, rng) for size in SIZES], axis=1)
        found = np.array([_fit(curve) for curve in ratios])
        return Estimate(float(found.mean()), float(found.std(ddof=1)) / FITS**0.5)


@dataclass(frozen=True)
class Distinct:
    """distinct-n: distinct n-grams / n-grams over all rows; an n-gram lies within one row.

    The standard definition, over all words of the sample. It falls as the number of words grows
    (distinct-2 of random Alpaca rows is 0.62 for 1,000 of them and 0.38 for 10,000), so compare
    data sets whose texts are about equally long: rows are matched between data sets, words are
    not. `TypeTokenRatio` and `VocdD` do not depend on length. Unit: fraction, above 0 to 1. Higher
    is more diverse. NaN where no row has n words. Li et al. (2016) [li2016diversity].

    Time O(W log W) for W words.
    """

    n: int

    unit: str = "fraction"
    better: Better = "higher"
    needs_rows: bool = True

    @property
    def name(self) -> str:
        """As on the command line: ``distinct-2``."""
        return f"distinct-{self.n}"

    def __call__(self, sample: Sample) -> Estimate:
        """Share over all n-grams of the sample."""
        words = _codes(sample)
        if len(words) < self.n:
            return Estimate(float("nan"))
        row = np.repeat(np.arange(len(sample.words)), [len(row) for row in sample.words])
        within = row[: len(words) - self.n + 1] == row[self.n - 1 :]
        grams = _gram_codes(words, self.n)[within]
        return Estimate(len(np.unique(grams)) / len(grams) if len(grams) else float("nan"))


def _codes(sample: Sample) -> IntArray:
    """Every word of the sample as a number, equal for equal words; (W,)."""
    number: defaultdict[str, int] = defaultdict()
    number.default_factory = number.__len__  # a new word takes the next number
    words = chain.from_iterable(sample.words)
    return np.fromiter(map(number.__getitem__, words), np.int64)


def _gram_codes(words: IntArray, n: int) -> IntArray:
    """Every n-gram of consecutive words as a number, equal for equal n-grams; (W - n + 1,)."""
    count = len(words) - n + 1
    vocabulary = int(words.max()) + 1
    codes = words[:count]
    for step in range(1, n):
        # Renumbered from 0 at each step, codes stay below W: their product with the vocabulary
        # fits int64 for any text that fits memory.
        if step > 1:
            codes = np.unique(codes, return_inverse=True)[1]
        codes = codes * vocabulary + words[step : step + count]
    return codes


def _distinct(rows: IntArray) -> IntArray:
    """Number of distinct values of each row."""
    ordered = np.sort(rows, axis=1)
    return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)


def _mean_ratios(words: IntArray, size: int, rng: np.random.Generator) -> FloatArray:
    """Mean type-token ratio of random samples of `size` words, once for each fit; (FITS,)."""
    drawn = words[_draw(len(words), size, FITS * SAMPLES, rng)]
    return _distinct(drawn).reshape(FITS, SAMPLES).mean(axis=1) / size


def _draw(population: int, size: int, samples: int, rng: np.random.Generator) -> IntArray:
    """Samples of `size` numbers below `population` without replacement; (samples, size).

    Floyd's algorithm, all samples at once: step i draws a number up to the i-th largest allowed,
    and takes that bound itself where the number was drawn before. Time does not depend on the
    population.
    """
    drawn = np.empty((samples, size), np.int64)
    for step, bound in enumerate(range(population - size, population)):
        number = rng.integers(bound, size=samples, endpoint=True)
        repeats = (drawn[:, :step] == number[:, None]).any(axis=1)
        drawn[:, step] = np.where(repeats, bound, number)
    return drawn


def _fit(ratios: FloatArray) -> float:
    """D whose curve is nearest to the ratios in least squares."""
    sizes = np.array(SIZES)

    def distance(log_d: float) -> float:
        # The formula multiplied out: sqrt(1 + x) - 1 loses its digits where D is large.
        curve = 2.0 / (1.0 + np.sqrt(1.0 + 2.0 * sizes / np.exp(log_d)))
        return float(((curve - ratios) ** 2).sum())

    found = minimize_scalar(
        distance, bounds=np.log(D_RANGE), method="bounded", options={"xatol": 1e-7}
    )
    return float(np.exp(found.x))
