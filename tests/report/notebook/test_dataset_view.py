"""A data set in a notebook: inputs, what was left out, first rows; nothing of a row runs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.conftest import make_rows, write_lines
from tests.report.notebook.parsed_html import HOSTILE, parsed

import spanset


def test_it_says_how_many_rows_of_what_and_shows_the_first():
    found = parsed(spanset.read(make_rows(30))._repr_html_())
    text = " ".join(found.text.split())
    assert text.startswith("30 rows of <memory> (alpaca) First rows")
    assert "Write 2 about" in text
    assert "Write 3 about" not in text
    assert text.count("assistant") == 3


def test_what_was_left_out_is_told_with_its_reasons():
    rows = [*make_rows(3), {"instruction": "x", "output": ""}, {"wrong": "x"}]
    text = parsed(spanset.read(rows, on_bad_row="skip")._repr_html_()).text
    assert "Left out, malformed: 1 (" in text
    assert "Left out, without an answer: 1 (no answer)" in text


@pytest.mark.parametrize("cuts", [[0, 10, 20], list(range(0, 41, 2))])
def test_of_several_inputs_each_has_its_count_many_together(tmp_path, cuts):
    rows = make_rows(cuts[-1])
    for number, (start, stop) in enumerate(pairwise(cuts)):
        write_lines(tmp_path / f"part{number:02}.jsonl", rows[start:stop])
    data = spanset.read(sorted(str(one) for one in tmp_path.iterdir()))
    text = " ".join(parsed(data._repr_html_()).text.split())
    count = len(cuts) - 1
    assert f"{cuts[-1]} rows of {count} inputs" in text
    assert f"part00 alpaca {cuts[1]}" in text
    assert ("8 more 16" in text) == (count == 20)


def test_rows_and_names_of_files_are_text(tmp_path):
    name = "<img src=x onerror=alert(1)>.jsonl"
    rows = [{"instruction": HOSTILE, "output": f"{HOSTILE}\x00\x1b\u202e"}, *make_rows(2)]
    write_lines(tmp_path / name, rows)
    text = parsed(spanset.read(str(tmp_path / name))._repr_html_()).text
    assert HOSTILE in text
    assert "<img src=x onerror=alert(1)>" in text
    assert "\x00" not in text


def test_both_sides_of_a_pair_and_turns_that_are_not_trained_on_are_told_apart():
    pair = {"prompt": "why", "chosen": "because", "rejected": "go away"}
    text = " ".join(parsed(spanset.read([pair])._repr_html_()).text.split())
    assert "assistant (chosen) because assistant (rejected) go away" in text
    messages = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two", "weight": 0},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "four", "weight": 1},
    ]
    text = parsed(spanset.read([{"messages": messages}])._repr_html_()).text
    assert "two  not trained on (weight: 0)" in text


def test_long_rows_are_cut_and_say_so():
    turns = [{"role": role, "content": "long " * 500} for _ in range(9)
             for role in ("user", "assistant")]  # fmt: skip
    lines = {"instruction": "\n" * 3000 + "x", "output": "y"}
    html = spanset.read([{"messages": turns}])._repr_html_()
    assert "[12 more turns]" in html
    assert "[2,100 more characters]" in html
    assert len(html) < 12_000
    assert "more characters]" in spanset.read([lines])._repr_html_()


def test_a_file_that_was_emptied_is_told_and_no_traceback(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", make_rows(5))
    data = spanset.read(str(path))
    path.write_text("")
    text = parsed(data._repr_html_()).text
    assert "5 rows" in text
    assert "The rows cannot be shown" in text


def test_no_rows_are_no_table():
    data = spanset.read(make_rows(3))[[]]
    assert "table" not in parsed(data._repr_html_()).tags


def test_looking_reads_a_few_rows_only(monkeypatch):
    data = spanset.read(make_rows(300))
    seen = []
    convert = type(data.formats[0]).convert
    monkeypatch.setattr(
        type(data.formats[0]), "convert", lambda self, row: seen.append(row) or convert(self, row)
    )
    data._repr_html_()
    assert len(seen) == 3
