"""Rows beside what is made of them, in a notebook."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from tests.report.notebook.parsed_html import HOSTILE, parsed

import spanset


def test_fields_stand_beside_turns_and_unused_ones_are_named():
    row = {"instruction": "ask", "output": "tell", "notes": "some words of no turn", "n": 3}
    text = " ".join(parsed(spanset.show(spanset.read([row]))._repr_html_()).text.split())
    assert text.startswith("1 of 1 rows Fields not used: notes")
    assert "<memory>:1 instruction ask output tell notes some words of no turn n 3 user ask" in text


def test_names_and_values_of_fields_are_text():
    row = {"instruction": HOSTILE, "output": "x", HOSTILE: {HOSTILE: [HOSTILE]}}
    text = parsed(spanset.show(spanset.read([row]))._repr_html_()).text
    assert text.count(HOSTILE) >= 3


def test_values_that_only_tables_hold_have_a_stand_in():
    table = pa.table({
        "instruction": ["a"], "output": ["b"], "day": [dt.date(2024, 1, 2)],
        "picture": [{"bytes": b"\x89PNG"}],
    })  # fmt: skip
    text = parsed(spanset.show(spanset.read(table))._repr_html_()).text
    assert "2024-01-02" in text
    assert '{"bytes": "<bytes>"}' in text


def test_what_the_model_learns_to_write_is_underlined(folders):
    pytest.importorskip("torch", reason="a model needs the extra `models`")
    rows = [{"instruction": "ask <b>x", "output": "tell <script>"}]
    html = spanset.show(spanset.read(rows), model=str(folders()))._repr_html_()
    found = parsed(html)
    marked = html.split("<mark>")[1].split("</mark>")[0]
    assert marked.startswith("tell &lt;script&gt;")
    assert "supervised" in found.text
    assert "Underlined: what the model is trained to write." in found.text


def test_a_pair_has_both_of_its_sides_and_a_row_without_one_says_so(folders):
    pytest.importorskip("torch", reason="a model needs the extra `models`")
    pair = {"prompt": "why", "chosen": "because", "rejected": "go away"}
    html = spanset.show(spanset.read([pair]), model=str(folders()))._repr_html_()
    assert html.count("supervised") == 2
    config = spanset.ModelConfig(model=str(folders()), pair="rejected")
    alone = spanset.read([{"instruction": "a", "output": "b"}])
    assert "it has no rejected side" in spanset.show(alone, model=config)._repr_html_()
