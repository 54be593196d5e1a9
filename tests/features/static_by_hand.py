"""Static features the slow way: dictionaries, loops and Python's numbers, one row at a time."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from spanset.sketches.hashing import hash64, labelled

CHARACTERS = 1 << 40
SHARES = {"asked": 0.6, "said": 0.1, "worded": 0.3}
COLUMNS = 256


def hashed(label: str, *numbers: int) -> list[int]:
    """64 bits of each number for one use."""
    return hash64(labelled(0, label), np.array(numbers, np.uint64)).tolist()


def units_of_word(word: str, tokenizer, names: dict[int, str], spellings: set[str]) -> list[int]:
    """Tokens of a word; where the tokenizer spells a character in bytes, the character.

    Told by the character alone: it is spelled so if no token is called like it and the vocabulary
    has the bytes. (Bytes below 128 are characters already: their tokens stay.)
    """
    has_bytes = "<0x80>" in spellings
    spelled = iter([c for c in word if has_bytes and ord(c) > 127 and c not in spellings])
    tokens = tokenizer.encode(word, add_special_tokens=False).ids
    units, place = [], 0
    while place < len(tokens):
        name = names[tokens[place]]
        if name.startswith("<0x") and int(name[3:5], 16) > 127:
            spelling = next(spelled).encode()
            found = [names[token] for token in tokens[place : place + len(spelling)]]
            assert found == [f"<0x{byte:02X}>" for byte in spelling]
            number = sum((byte + 1) * 512**digit for digit, byte in enumerate(spelling))
            units.append(CHARACTERS + number)
            place += len(spelling)
        else:
            units.append(tokens[place])
            place += 1
    return units


def words_of(text: str) -> list[str]:
    """Words, with a line break between lines that have any."""
    text = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
    lines = [line.split() for line in text.splitlines()]
    words: list[str] = []
    for line in filter(None, lines):
        words += ["\n", *line] if words else line
    return words


class ByHand:
    """One table's features."""

    def __init__(self, table) -> None:
        self.table = table
        vocabulary = table.tokenizer.get_vocab(with_added_tokens=True)
        self.names = {number: name for name, number in vocabulary.items()}
        self.spellings = set(vocabulary)
        self.vectors = table.vectors.astype(np.float64)
        self.d = self.vectors.shape[1]
        plain = [n for n, name in self.names.items() if not name.startswith("<0x")]
        lengths = [float(np.linalg.norm(self.vectors[n])) for n in plain if self.vectors[n].any()]
        self.character_length = 1.5 * float(np.median(lengths))
        self.known: dict[str, list[int]] = {}

    def units(self, text: str) -> list[int]:
        units = []
        for word in words_of(text):
            if word not in self.known:
                cutter = self.table.tokenizer
                self.known[word] = units_of_word(word, cutter, self.names, self.spellings)
            units += self.known[word]
        return units

    def vector_of(self, unit: int) -> np.ndarray | None:
        """None of a token that the table does not know."""
        if unit < CHARACTERS:
            return self.vectors[unit] if self.vectors[unit].any() else None
        many = math.ceil(self.d / 64)
        numbers = [(unit * many + place) % 2**64 for place in range(many)]
        bits = [word >> bit & 1 for word in hashed("characters", *numbers) for bit in range(64)]
        signs = [1.0 if bit else -1.0 for bit in bits[: self.d]]
        return np.array(signs) * self.character_length / math.sqrt(self.d)

    def meaning(self, units: list[int]) -> np.ndarray | None:
        """None where nothing is known."""
        total, is_any = np.zeros(self.d), False
        for unit, count in Counter(units).items():
            vector = self.vector_of(unit)
            if vector is not None:
                total, is_any = total + (1 + math.log(count)) * vector, True
        return total / np.linalg.norm(total) if is_any else None

    def worded(self, turns: list[list[int]]) -> np.ndarray:
        """Two families of terms in one set of columns."""
        alone, pairs = Counter(), Counter()
        for units in turns:
            terms = hashed("wording unit", *units)
            alone.update(terms)
            for first, second in pairwise(terms):
                pairs.update(hashed("wording pair", hashed("wording unit", first)[0] ^ second))
        made = np.zeros(COLUMNS)
        for family in (alone, pairs):
            length = math.sqrt(sum((1 + math.log(count)) ** 2 for count in family.values()))
            for term, count in family.items():
                sign = 1 if term & COLUMNS else -1
                made[term % COLUMNS] += sign * (1 + math.log(count)) / length
        return made / np.linalg.norm(made) if made.any() else made

    def row(self, conversation) -> tuple[np.ndarray, str]:
        """Features of a row, and what became of it."""
        turns = [*conversation.turns, *conversation.rejected]
        units = [self.units(turn.text) for turn in turns]
        every = [unit for own in units for unit in own]
        of_user = [
            unit
            for own, turn in zip(units, turns, strict=True)
            if turn.role == "user"
            for unit in own
        ]
        said = self.meaning(every)
        asked = self.meaning(of_user)
        nothing = np.zeros(self.d)
        parts = {
            "asked": asked if asked is not None else said if said is not None else nothing,
            "said": said if said is not None else nothing,
            "worded": self.worded(units),
        }
        made = [math.sqrt(SHARES[name]) * part for name, part in parts.items()]
        status = "OK" if said is not None else "NO_KNOWN_TOKEN" if every else "NO_WORDS"
        return np.concatenate(made), status
