"""Measures of the words, by hand and against lexicalrichness, nltk and slow textbook forms."""

import random

import numpy as np
import pytest
from lexicalrichness import LexicalRichness
from nltk import ngrams
from scipy.optimize import curve_fit

import spanset
from spanset.diversity.measures import words
from spanset.diversity.measures.words import Distinct, TypeTokenRatio, VocdD
from spanset.diversity.sample import Sample

MEASURES = [TypeTokenRatio(), VocdD(), Distinct(1), Distinct(2), Distinct(3)]
CONSONANTS, VOWELS = "bcdfghjklmnprstvwz", "aeiou"


def sample_of(texts, seed=0):
    """Rows whose whole text is the given one: the prompt is empty, the answer never is."""
    data = spanset.read([{"prompt": "", "completion": text} for text in texts])
    X = np.ones((len(texts), 1), np.float32)
    return Sample(X, X, data, seed=seed)


def vocabulary(count):
    """Words of lower-case letters only, which every tokenizer leaves whole."""
    pairs = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]
    return [first + second for first in pairs for second in pairs][:count]


def random_texts(seed, rows=40, known=2_000, length=60):
    """Rows of words with frequencies like a language's: the r-th one's is as 1 / r."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, known + 1)
    lengths = rng.integers(1, length, size=rows)
    known_words = np.array(vocabulary(known))
    return [" ".join(rng.choice(known_words, n, p=weights / weights.sum())) for n in lengths]


def test_type_token_ratio_of_three_rows_by_hand():
    """49 words a and then b: 2 of 50 are distinct; 50 words c: 1 of 50; the last b is left out."""
    rows = ["a " * 49, "b " + "c " * 30, "c " * 20 + "b"]
    assert TypeTokenRatio()(sample_of(rows)) == (pytest.approx((2 / 50 + 1 / 50) / 2), 0.0)


@pytest.mark.parametrize(("n", "value"), [(1, 2 / 6), (2, 2 / 3), (3, 1.0)])
def test_distinct_of_three_rows_by_hand(n, value):
    """Words a b a, a b and b: 2 of 6 words, (a b, b a) of 3 pairs, 1 of 1 triple are distinct."""
    assert Distinct(n)(sample_of(["a b a", "A, b!", "b"])) == (pytest.approx(value), 0.0)


def test_vocd_of_one_repeated_word_by_hand():
    """Every ratio is 1 / N, and (D / N)(sqrt(1 + 2 N / D) - 1) = 1 / N has D = 1 / (2 N - 2)."""
    value, error = VocdD()(sample_of(["a " * 30, "a " * 30, "a " * 30]))
    assert 1 / (2 * 50 - 2) < value < 1 / (2 * 35 - 2)
    assert error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_type_token_ratio_is_that_of_lexicalrichness(seed):
    texts = random_texts(seed)
    peer = LexicalRichness(" ".join(texts))
    assert peer.words % 50  # the peer leaves out the last segment, even a full one
    assert TypeTokenRatio()(sample_of(texts)).value == pytest.approx(
        peer.msttr(segment_window=50), rel=1e-12
    )


@pytest.mark.parametrize("seed", range(3))
def test_vocd_is_that_of_lexicalrichness_within_the_error_of_both(seed):
    texts = random_texts(seed)
    value, error = VocdD()(sample_of(texts, seed))
    peer = LexicalRichness(" ".join(texts))
    assert error < 0.03 * value
    assert value == pytest.approx(peer.vocd(ntokens=50, within_sample=100, iterations=3), rel=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_of_d_is_that_of_a_general_solver(seed):
    rng = np.random.default_rng(seed)
    sizes = np.arange(35, 51)

    def curve(n, d):
        return d / n * (np.sqrt(1 + 2 * n / d) - 1)

    ratios = curve(sizes, rng.uniform(5, 300)) + 0.01 * rng.normal(size=16)
    expected = curve_fit(curve, sizes, ratios, p0=50)[0][0]
    assert words._fit(ratios) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_distinct_1_is_the_type_token_ratio_of_lexicalrichness(seed):
    texts = random_texts(seed)
    assert Distinct(1)(sample_of(texts)).value == LexicalRichness(" ".join(texts)).ttr


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_distinct_is_the_share_of_nltk_ngrams(seed, n):
    """Few words, so that many n-grams repeat, also across the boundaries of rows."""
    texts = random_texts(seed, known=8, length=12)
    grams = [gram for text in texts for gram in ngrams(text.split(), n)]
    assert Distinct(n)(sample_of(texts)).value == len(set(grams)) / len(grams)


def test_draws_are_uniform_and_without_replacement():
    """Every pair of 6 numbers is drawn as often as any other: Floyd's algorithm is not biased."""
    drawn = words._draw(6, 2, 30_000, np.random.default_rng(0))
    assert (drawn[:, 0] != drawn[:, 1]).all()
    pairs = np.sort(drawn, axis=1) @ [6, 1]
    counts = np.unique(pairs, return_counts=True)[1]
    assert len(counts) == 15
    assert np.abs(counts - 2_000).max() < 5 * np.sqrt(2_000)


def test_a_draw_of_everything_is_a_permutation():
    drawn = words._draw(50, 50, 10, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(50), (10, 1)))


@pytest.mark.parametrize("measure", [VocdD(), Distinct(1), Distinct(2), Distinct(3)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_copies_of_half_of_the_rows_lower_the_value(measure, seed):
    """Few rows: vocd-D sees copies only where they make the words fewer."""
    texts = random_texts(seed, rows=20)
    copied = texts[:10] * 2
    assert measure(sample_of(copied)).value < measure(sample_of(texts)).value


@pytest.mark.parametrize("measure", MEASURES, ids=str)
def test_a_richer_vocabulary_raises_the_value(measure):
    poor, rich = (sample_of(random_texts(0, known=known)) for known in (100, 2_000))
    assert measure(poor).value < measure(rich).value


@pytest.mark.parametrize("measure", [TypeTokenRatio(), VocdD()], ids=str)
def test_four_times_the_text_leaves_the_value(measure):
    short, long = (sample_of(random_texts(0, rows=rows)) for rows in (100, 400))
    assert measure(short).value == pytest.approx(measure(long).value, rel=0.05)


@pytest.mark.parametrize("measure", MEASURES, ids=str)
@pytest.mark.parametrize("texts", [["?!"], ["?!", "...", "—"]])
def test_without_words_there_is_no_value(measure, texts):
    assert np.isnan(measure(sample_of(texts)).value)


@pytest.mark.parametrize("texts", [["word"], ["?!", "word", "."]])
def test_of_one_word_only_distinct_1_has_a_value(texts):
    values = [measure(sample_of(texts)).value for measure in MEASURES]
    np.testing.assert_array_equal(values, [np.nan, np.nan, 1.0, np.nan, np.nan])


def test_no_ngram_spans_two_rows():
    assert np.isnan(Distinct(2)(sample_of(["one", "two", "three"])).value)


@pytest.mark.parametrize("measure", [TypeTokenRatio(), VocdD()], ids=str)
def test_fifty_words_are_the_fewest(measure):
    assert np.isnan(measure(sample_of(["a b c d e f g"] * 7)).value)
    assert np.isfinite(measure(sample_of(["a b c d e f g"] * 7 + ["a"])).value)


def test_words_that_never_repeat_have_the_largest_d():
    """Every ratio is 1, which no D reaches: the end of the range where it is looked for."""
    value, error = VocdD()(sample_of([" ".join(vocabulary(500))]))
    assert value == pytest.approx(1e6, rel=1e-3)
    assert error < 1.0


@pytest.mark.parametrize("measure", MEASURES, ids=str)
def test_unicode_and_lone_surrogates_are_words_or_none(measure):
    value, error = measure(sample_of(["Ünïcode naïve 数据集 данные 🎉 \ud800 x" * 20, "ß ẞ"]))
    assert 0 < value < 1e6
    assert np.isfinite(error)


def test_upper_case_makes_no_other_word():
    assert Distinct(1)(sample_of(["Word WORD", "word"])).value == pytest.approx(1 / 3)


def test_the_same_seed_gives_the_same_value():
    texts = random_texts(0)
    first, again, other = (VocdD()(sample_of(texts, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_standard_error_is_that_over_seeds():
    texts = random_texts(0)
    found = np.array([VocdD()(sample_of(texts, seed)) for seed in range(30)])
    assert found[:, 0].std(ddof=1) == pytest.approx(np.sqrt((found[:, 1] ** 2).mean()), rel=0.5)


def test_row_order_leaves_distinct_as_it_is():
    texts = random_texts(0)
    shuffled = random.Random(0).sample(texts, len(texts))
    for n in (1, 2, 3):
        assert Distinct(n)(sample_of(texts)) == Distinct(n)(sample_of(shuffled))


def test_names_and_directions():
    assert [measure.name for measure in MEASURES] == [
        "type-token-ratio",
        "vocd-d",
        "distinct-1",
        "distinct-2",
        "distinct-3",
    ]
    assert all(measure.better == "higher" and measure.needs_rows for measure in MEASURES)
