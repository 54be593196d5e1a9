"""`spanset why` of methods without gains: what each says, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from tests.commands.method_rows import COPY, EGGS, ROWS, SHOUTED, SOUP, TARGET, picked, write_lines


@pytest.fixture
def why(folder, spanset):
    """Select from the planted rows, then ask about some: the table as words, and the answers."""
    write_lines("p.jsonl", ROWS)
    write_lines("t.jsonl", TARGET)
    write_lines("g.jsonl", [ROWS[9], ROWS[0]])

    def told(*rows: int, flags: tuple[str, ...]):
        words = ("select", "p.jsonl", *flags, "--run", "run", "--draws", "0", "--force")
        assert spanset.run(*words).code == 0
        ask = ("why", "run", *map(str, rows))
        table = spanset.run(*ask)
        assert table.code == 0, table.err
        return " ".join(table.out.split()), json.loads(spanset.run(*ask, "--json").out)["answers"]

    return told


def test_kcenter_tells_distances(why):
    shown, (copy, soup) = why(COPY, SOUP, flags=("--method", "kcenter", "-k", "11"))
    assert copy["reason"]["distance"] == pytest.approx(0.0, abs=3e-3)
    assert "from the nearest pick; the last was picked at" in shown
    assert soup["rank"] is None or soup["reason"]["distance"] >= soup["reason"]["last"]


def test_facility_tells_what_a_row_adds(why):
    flags = ("--method", "facility", "-k", "4")
    why(0, flags=flags)
    chosen = picked("run")
    left = next(row for row in range(10) if row not in chosen)
    shown, (first, out) = why(chosen[0], left, flags=flags)
    assert first["reason"]["added"] >= first["reason"]["last"] >= out["reason"]["added"]
    assert "it added" in shown
    assert "it would add" in shown


def test_deita_tells_the_place_and_the_pick_that_is_too_near(why):
    flags = ("--method", "deita", "--quality", "column:rating", "-k", "6", "--given", "g.jsonl")
    shown, (eggs, given, behind) = why(EGGS, 9, SHOUTED, flags=flags)
    assert (eggs["reason"]["other"]["rank"], eggs["reason"]["other"]["place"]["row"]) == (1, COPY)
    assert "place by quality" in shown
    assert "pick 1, cosine 1.000 (0.9 or more): p:11" in shown
    assert given["reason"]["other"]["is_given"]
    assert given["reason"]["other"]["place"]["source"] == "g.jsonl"
    assert "a given row, cosine 1.000 (0.9 or more): g:1" in shown
    assert behind["reason"]["other"] is None or behind["reason"]["other"]["rank"]
    assert shown.count("nearest pick") <= 2, "not again the one that is too near"


def test_dedup_tells_which_row_stays(why):
    shown, (copy, kept) = why(COPY, SOUP, flags=("--method", "dedup"))
    assert copy["reason"]["other"]["place"]["row"] == EGGS
    assert kept["reason"]["other"] is None
    assert f"repeats pick {EGGS + 1}, cosine 1.000 (0.95 or more): p:{EGGS + 1}" in shown
    assert "no row that stays before it" in shown


def test_dedup_by_two_parts_tells_it_too(why):
    shown, (copy,) = why(COPY, flags=("--method", "dedup", "--same", "both"))
    assert copy["reason"]["other"]["place"]["row"] == EGGS
    assert "repeats" in shown


def test_target_tells_for_which_row_and_in_which_round(why):
    flags = ("--method", "target", "--target", "t.jsonl", "-k", "3")
    why(0, flags=flags)
    first, _, third = picked("run")
    left = next(row for row in range(10) if row not in picked("run"))
    shown, (one, other, out) = why(first, third, left, flags=flags)
    assert (one["reason"]["turn"], one["reason"]["target"]["row"]) == (1, 0)
    assert (other["reason"]["turn"], other["reason"]["target"]["line"]) == (2, 1)
    assert one["reason"]["target"]["text"].startswith(TARGET[0]["instruction"])
    assert out["reason"]["turn"] is None
    assert out["reason"]["other"]["place"]["row"] in picked("run")
    assert "taken for round 1, cosine" in shown
    assert "nearest target cosine" in shown
    assert "the last at cosine" in shown
