"""Writing systems of texts, by the names that Unicode gives to their letters.

Not languages: Latin letters write English as well as Turkish. No table is kept: the first words of
a letter's name say what it belongs to (LATIN SMALL LETTER A, CJK UNIFIED IDEOGRAPH-4E00).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache

# Words of letters' names, and what readers call the system; others go by their word.
NAMES = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
}
# Words that stand before the system's in names of letters: FULLWIDTH LATIN SMALL LETTER A.
BEFORE = frozenset(("FULLWIDTH", "HALFWIDTH", "MODIFIER", "MATHEMATICAL", "SQUARED", "CIRCLED"))
# One of these is in the name of a letter of a system: not of the micro sign or an ordinal.
KINDS = frozenset(("LETTER", "SYLLABLE", "CHARACTER", "IDEOGRAPH", "IDEOGRAPHIC", "MARK"))
NO_LETTERS = "no letters"
OTHER = "other"

# Japanese is written with Chinese characters among its own letters: from this share of its own on
# they count as Japanese.
JAPANESE_SHARE = 0.1


def writing_system(text: str) -> str:
    """The system that most letters of a text belong to; time O(length)."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NO_LETTERS
    found = Counter[str]()
    for letter, count in Counter(text).items():
        if system := _system_of(letter):
            found[system] += count
    if not found:
        return NO_LETTERS
    own, chinese = found["Japanese"], found["Chinese characters"]
    if own and own >= JAPANESE_SHARE * chinese:
        found["Japanese"] += found.pop("Chinese characters", 0)
    return min(found, key=lambda system: (-found[system], system))


@cache
def _system_of(letter: str) -> str:
    """The system of a letter; nothing of what is none."""
    if not letter.isalpha():
        return ""
    words = unicodedata.name(letter, "").replace("-", " ").split()
    first = next((word for word in words if word not in BEFORE), "")
    if not KINDS.intersection(words) or first in KINDS:
        return OTHER
    return NAMES.get(first, first.capitalize())
