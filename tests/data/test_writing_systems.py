"""Writing systems of texts: by their letters alone."""

from __future__ import annotations

import sys

import pytest

from spanset.data.writing_systems import writing_system


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("What is a river?", "Latin"),
        ("Größe, ça va, Çok güzel", "Latin"),
        ("\uff26\uff35\uff2c\uff2c width", "Latin"),
        ("Что такое река?", "Cyrillic"),
        ("ποταμός", "Greek"),
        ("ما هو النهر", "Arabic"),
        ("מהו נהר", "Hebrew"),
        ("नदी क्या है", "Devanagari"),
        ("แม่น้ำคืออะไร", "Thai"),
        ("什么是河流", "Chinese characters"),
        ("川とは何ですか", "Japanese"),
        ("カタカナ", "Japanese"),
        ("강이란 무엇입니까", "Korean"),
        ("河流 is", "Chinese characters"),
        ("河流 is a river", "Latin"),
        ("1 + 1 = 2", "no letters"),
        ("😀 ١٢٣ €", "no letters"),
        ("", "no letters"),
        ("\ud800 \ufffd", "no letters"),
        ("ラーメン ー", "Japanese"),
        ("ª", "other"),
        ("µ", "other"),
        ("々", "other"),
    ],
)
def test_the_system_of_most_letters_is_told(text, system):
    assert writing_system(text) == system


def test_a_tenth_of_kana_makes_chinese_characters_japanese():
    assert writing_system("河" * 100 + "の" * 10) == "Japanese"
    assert writing_system("河" * 101 + "の" * 10) == "Chinese characters"


def test_every_character_has_a_system_or_none():
    for code in range(0, sys.maxunicode + 1, 37):
        letter = chr(code)
        found = writing_system(letter)
        assert (found == "no letters") == (not letter.isalpha())
        assert found.isascii(), hex(code)
        assert found, hex(code)


def test_equal_counts_go_by_name():
    assert writing_system("дa") == writing_system("aд") == "Cyrillic"
