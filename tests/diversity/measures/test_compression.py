"""Compression ratio, by hand, against the compressor's own file and an easier one."""

import lzma
import zlib

import numpy as np
import pytest

import spanset
from spanset.diversity.measures.compression import CompressionRatio, compressed_size
from spanset.diversity.sample import Sample


def sample_of(texts):
    """Rows whose whole text is the given one."""
    data = spanset.read([{"prompt": "", "completion": text} for text in texts])
    X = np.ones((len(texts), 1), np.float32)
    return Sample(X, X, data)


def random_texts(rows, seed=0, length=300):
    """Rows of random letters, in which next to nothing repeats."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz    "))
    return ["".join(rng.choice(letters, length)) for _ in range(rows)]


def test_three_rows_by_hand():
    """The text is newline, ab, for each row, newlines between: 11 bytes."""
    sample = sample_of(["ab"] * 3)
    joined = b"\nab\n\nab\n\nab"
    assert "\n".join(sample.texts).encode() == joined
    assert CompressionRatio()(sample) == (11 / compressed_size(joined), 0.0)


def test_the_size_is_that_of_an_xz_file_less_its_container():
    """Header, index and footer of a file are at most 80 bytes."""
    text = "\n".join(random_texts(100)).encode()
    file = len(lzma.compress(text, preset=1, check=lzma.CHECK_NONE))
    assert 0 <= file - compressed_size(text) <= 80


def test_random_bytes_do_not_compress():
    text = np.random.default_rng(0).bytes(10_000)
    assert len(text) <= compressed_size(text) <= len(text) + 20


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_half_of_the_rows_raise_the_ratio(seed):
    """Twice, nearly: a copy costs next to nothing."""
    texts = random_texts(200, seed)
    value = CompressionRatio()(sample_of(texts)).value
    copied = CompressionRatio()(sample_of(texts[:100] * 2)).value
    assert 1.8 * value < copied < 2.0 * value


def test_copies_far_away_are_seen_where_zlib_sees_none():
    """Rows and their copies lie 150 kB apart; zlib looks back 32 KiB."""
    texts = random_texts(500)
    value = CompressionRatio()(sample_of(texts * 2)).value
    assert value > 1.8 * CompressionRatio()(sample_of(texts)).value
    joined = "\n".join(texts * 2).encode()
    assert len(joined) / len(zlib.compress(joined, 9)) < 0.6 * value


@pytest.mark.parametrize("texts", [["word"], [".", "?!"], ["\ud800"], ["naïve 数据集 🎉"] * 3])
def test_small_and_odd_texts_have_a_value(texts):
    assert 0 < CompressionRatio()(sample_of(texts)).value < 100


def test_without_text_there_is_no_value():
    """No row that was read lacks an answer, so the texts are put in place of its own."""
    sample = sample_of(["word"])
    sample.__dict__["texts"] = [""]
    assert np.isnan(CompressionRatio()(sample).value)


def test_name_and_direction():
    measure = CompressionRatio()
    assert (measure.name, measure.unit, measure.better) == ("compression-ratio", "ratio", "lower")
    assert measure.needs_rows
