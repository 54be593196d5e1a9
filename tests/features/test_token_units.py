"""Units: what a text is cut into, against the slow way, whatever was cut before."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.static_by_hand import ByHand
from tests.models.static_models import bytes_as_pieces, table_of, word_pieces, write_model
from tokenizers.pre_tokenizers import WhitespaceSplit

from spanset.features import token_units
from spanset.features.token_units import CHARACTERS, UnitCutter, character_vectors, units_of
from spanset.models.static_tables import StaticTable

TEXTS = [
    "A river, and again a river.",
    "def f(x):\n\treturn x + 1\r\n\r\n\r\nprint(f(2))",
    "解释\U00029e3d量子纠缠 🦑🦑 สวัสดี مرحبا",
    "",
    " \n\t ",
    "one\u2028two\u200bthree\ufeff",
    "\ud800 alone \x00 <s> </s> <unk> <0x80>",
    "word " * 50 + "w" * 3000,
    "\U0001f469\u200d\U0001f467 é e\u0301 ﬁ",
]


@pytest.fixture(scope="module")
def table():
    return StaticTable.load()


def table_with(folder, tokenizer):
    folder = write_model(folder, tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    return StaticTable.load(str(folder))


def pieces_of(cutter, texts):
    units, lengths = cutter.cut(texts)
    assert units.dtype == np.int64
    return [one.tolist() for one in np.split(units, np.cumsum(lengths)[:-1])]


def test_units_of_texts_are_those_of_the_slow_way(table):
    by_hand = ByHand(table)
    assert pieces_of(UnitCutter(table), TEXTS) == [by_hand.units(text) for text in TEXTS]


def test_characters_that_are_spelled_in_bytes_are_units_and_others_are_tokens(table):
    (units,) = pieces_of(UnitCutter(table), ["数\U00029e3d"])
    blank, known, spelled = units
    names = table.tokenizer.get_vocab()
    assert (blank, known) == (names["▁"], names["数"])
    assert spelled == CHARACTERS + (0xF0 + 1) + (0xA9 + 1 << 9) + (0xB8 + 1 << 18) + (
        0xBD + 1 << 27
    )


def test_single_bytes_below_128_stay_tokens(table):
    (units,) = pieces_of(UnitCutter(table), ["a\x00"])
    assert units[-1] == table.tokenizer.get_vocab()["<0x00>"]


def test_a_word_is_the_same_wherever_it_stands(table):
    cutter = UnitCutter(table)
    alone, first, later, after_a_line = pieces_of(
        cutter, ["river", "river x", "x river", "x\nriver"]
    )
    assert first[: len(alone)] == later[-len(alone) :] == after_a_line[-len(alone) :] == alone


def test_ends_of_lines_are_said_once_and_blanks_are_nothing(table):
    cutter = UnitCutter(table)
    one, many, wide = pieces_of(cutter, ["a\nb", "\n\n a \r\n\n\u2028 \t\n b\n\n", "a \t b"])
    (line,) = pieces_of(cutter, ["a b"])
    assert one == many
    assert wide == line
    assert len(one) > len(line), "the end of a line is a sign of its own"


def test_nothing_at_all_has_no_units(table):
    units, lengths = UnitCutter(table).cut([])
    assert (len(units), len(lengths)) == (0, 0)
    units, lengths = UnitCutter(table).cut(["", " \n"])
    assert (len(units), lengths.tolist()) == (0, [0, 0])


def test_words_that_the_tokenizer_makes_nothing_of_have_no_units(tmp_path):
    table = table_with(tmp_path, word_pieces())
    assert pieces_of(UnitCutter(table), ["\x01", "river \x01 poem", "\x01"]) == [[], [4, 6], []]


@pytest.mark.parametrize("limits", [(0, 2**22), (3, 2**22), (2**18, 5), (2**18, 2**22)])
def test_what_was_cut_before_or_forgotten_changes_nothing(table, monkeypatch, limits):
    wanted = [pieces_of(UnitCutter(table), [text])[0] for text in TEXTS]
    monkeypatch.setattr(token_units, "KEPT_WORDS", limits[0])
    monkeypatch.setattr(token_units, "KEPT_UNITS", limits[1])
    cutter, rng = UnitCutter(table), random.Random(0)
    for _ in range(20):
        numbers = rng.choices(range(len(TEXTS)), k=rng.randrange(6))
        got = pieces_of(cutter, [TEXTS[number] for number in numbers]) if numbers else []
        assert got == [wanted[number] for number in numbers]


def test_no_more_is_remembered_than_is_allowed(table, monkeypatch):
    monkeypatch.setattr(token_units, "KEPT_WORDS", 100)
    cutter = UnitCutter(table)
    for start in range(0, 1000, 10):
        cutter.cut([f"word{number}" for number in range(start, start + 10)])
        assert len(cutter._numbers) <= 110
    monkeypatch.setattr(token_units, "KEPT_UNITS", 100)
    for start in range(0, 1000, 10):
        cutter.cut([f"word{number}" for number in range(start, start + 10)])
        assert len(cutter._units) <= 100 + 10 * 8


def test_a_word_is_cut_once_however_often_it_occurs(table, monkeypatch):
    seen, tokens = [], StaticTable.tokens
    monkeypatch.setattr(
        StaticTable, "tokens", lambda t, texts: seen.extend(texts) or tokens(t, texts)
    )
    cutter = UnitCutter(table)
    cutter.cut(["a river and a river", "a\nriver"])
    cutter.cut(["river and a poem"])
    assert sorted(seen) == ["\n", "a", "and", "poem", "river"]


def test_threads_that_share_what_is_remembered_do_not_change_it(table, monkeypatch):
    monkeypatch.setattr(token_units, "KEPT_WORDS", 5)  # forgotten while others read
    wanted = [pieces_of(UnitCutter(table), [text])[0] for text in TEXTS]
    cutter, jobs = UnitCutter(table), [random.Random(n).sample(range(9), 5) for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda job: pieces_of(cutter, [TEXTS[n] for n in job]), jobs))
    assert got == [[wanted[number] for number in job] for job in jobs]


def test_what_another_thread_forgets_right_after_is_nothing_to_this_one(table):
    cutter = UnitCutter(table)
    wanted = pieces_of(cutter, TEXTS)

    class Lock:
        """Another thread forgets everything as soon as it may."""

        def __enter__(self):
            pass

        def __exit__(self, *_):
            cutter._forget()

    cutter._lock = Lock()
    assert pieces_of(cutter, TEXTS) == wanted


@pytest.mark.parametrize("before", [[], ["数"], ["数 <0x80>"], ["a", "数", "<0x95>"]])
def test_a_byte_at_the_start_of_a_word_is_not_joined_to_the_word_before(tmp_path, before):
    """Some tokenizers read "<0x80>" in a text as the byte: no rest of a character goes with it."""
    tokenizer = bytes_as_pieces()
    tokenizer.pre_tokenizer = WhitespaceSplit()  # a word begins with its own first byte
    table = table_with(tmp_path, tokenizer)
    cutter = UnitCutter(table)
    if before:
        cutter.cut(before)
    character = CHARACTERS + 0xE6 + 1 + (0x95 + 1 << 9) + (0xB0 + 1 << 18)
    assert pieces_of(cutter, ["数 <0x80> 数"]) == [[character, CHARACTERS + 0x80 + 1, character]]


# Joining


def joined_by_hand(words, byte_of):
    """Units of each word: a byte from 128 on begins a unit, those from 128 to 191 go on with it."""
    made = []
    for word in words:
        units = []
        for token in word:
            byte = byte_of.get(token, -1)
            if 128 <= byte < 192 and units and isinstance(units[-1], list):
                units[-1].append(byte)
            else:
                units.append([byte] if byte >= 128 else token)
        made.append(units)
    return made


def number_of(unit):
    if not isinstance(unit, list):
        return unit
    return CHARACTERS + sum((byte + 1) << min(9 * place, 27) for place, byte in enumerate(unit))


@given(st.lists(st.lists(st.integers(0, 299), max_size=8), min_size=1, max_size=6))
def test_bytes_are_joined_to_characters_within_words_only(words):
    byte_tokens = np.full(300, -1, np.int16)
    byte_tokens[40:296] = np.arange(256)
    byte_of = {token: token - 40 for token in range(40, 296)}
    tokens = np.array([token for word in words for token in word], np.int64)
    ends = np.cumsum([len(word) for word in words])
    units, starts = units_of(tokens, byte_tokens, ends)
    wanted = joined_by_hand(words, byte_of)
    assert units.tolist() == [number_of(unit) for word in wanted for unit in word]
    places, at = [], 0
    for unit in (unit for word in wanted for unit in word):
        places.append(at)
        at += len(unit) if isinstance(unit, list) else 1
    assert starts.tolist() == places


def test_every_character_is_another_number():
    seen = {}
    byte_tokens = np.arange(256, dtype=np.int16)
    for code in [*range(0x80, 0xD800, 7), *range(0xE000, 0x110000, 101)]:
        tokens = np.frombuffer(chr(code).encode(), np.uint8).astype(np.int64)
        units, _ = units_of(tokens, byte_tokens, np.array([len(tokens)]))
        assert len(units) == 1
        assert seen.setdefault(int(units[0]), code) == code
        assert CHARACTERS < units[0] < 2 * CHARACTERS


# Vectors of characters


def test_vectors_of_characters_are_signs_of_one_length_and_of_each_alone():
    units = CHARACTERS + np.arange(1, 400, dtype=np.int64) * 977
    X = character_vectors(units, 100, 3.0)
    assert X.shape == (399, 100)
    np.testing.assert_allclose(np.abs(X), 3.0 / 10.0, rtol=1e-6)
    some = np.array([7, 3, 300])
    assert np.array_equal(character_vectors(units[some], 100, 3.0), X[some])
    cosines = (X @ X.T / 9.0)[np.triu_indices(399, 1)]
    assert abs(cosines.mean()) < 0.01
    assert abs(cosines.std() - 0.1) < 0.01, "as those of random directions"
    assert np.abs(X.mean(axis=0)).max() < 0.08, "no column leans to one side"


@pytest.mark.parametrize("d", [1, 63, 64, 65, 300])
def test_vectors_of_characters_are_those_of_the_slow_way(tmp_path, d):
    table = write_model(tmp_path, embeddings=table_of(10, d))
    by_hand = ByHand(StaticTable.load(str(table)))
    units = [CHARACTERS + 5, CHARACTERS + 2**35 + 1]
    X = character_vectors(np.array(units), d, by_hand.character_length)
    np.testing.assert_allclose(X, [by_hand.vector_of(unit) for unit in units], rtol=1e-6)
