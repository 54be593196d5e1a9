"""How far the rows' text compresses."""

from __future__ import annotations

import lzma
from dataclasses import dataclass

from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample

# zlib, which the reference uses, looks back 32 KiB: about 90 rows. With half of 10,000 Alpaca rows
# made copies of others far away, its ratio (level 9) went from 2.73 to 2.77, bz2's from 3.74 to
# 4.08, that of lzma with all text in its window from 3.01 to 5.06 (preset 1, 0.5 s for 3.6 MB) or
# from 3.81 to 6.88 (preset 6, 2.7 s).
PRESET = 1
WINDOW = 1 << 26  # bytes at most that a repetition may lie back: the encoder takes 8 times as much
SMALLEST_WINDOW = 1 << 12  # that lzma accepts


@dataclass(frozen=True)
class CompressionRatio:
    """Bytes of text / bytes compressed: redundant text compresses better.

    The texts are joined by newlines and encoded in UTF-8. The compressor is lzma (preset 1, no
    container) with a window of up to 64 MiB, so that a row which repeats one far away is seen,
    as it is not by the gzip of the reference: values are not comparable with its. The ratio grows
    slowly with the amount of text, so compare texts of about equal length. Unit: ratio, about 3
    for English prose. Lower is more diverse. NaN where there is no text.
    Shaib et al. (2024) [shaib2024standardizing].

    Time about 0.15 s a megabyte of text; memory about 8 bytes a byte of it.
    """

    name: str = "compression-ratio"
    unit: str = "ratio"
    better: Better = "lower"
    needs_rows: bool = True

    def __call__(self, sample: Sample) -> Estimate:
        """Ratio of all texts of the sample, in the order of its rows."""
        text = "\n".join(sample.texts).encode("utf-8", "surrogatepass")
        return Estimate(len(text) / compressed_size(text) if text else float("nan"))


def compressed_size(text: bytes) -> int:
    """Bytes that lzma makes of the text."""
    window = min(max(len(text), SMALLEST_WINDOW), WINDOW)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": PRESET, "dict_size": window}]
    return len(lzma.compress(text, lzma.FORMAT_RAW, filters=filters))
