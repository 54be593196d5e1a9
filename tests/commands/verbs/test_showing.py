"""The verb `show`: what the command prints, of rows that were read already."""

from __future__ import annotations

import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.cli import main


def test_as_text_it_is_what_the_command_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_lines(tmp_path / "rows.jsonl", make_rows(9))
    assert main(["show", "rows.jsonl", "-n", "2"]) == 0
    printed = capsys.readouterr().out
    shown = repr(spanset.show(spanset.read("rows.jsonl"), 2))
    assert shown.split() == printed.split()


def test_control_characters_of_rows_do_not_reach_the_terminal():
    data = spanset.read([{"instruction": "a\x1b[2J", "output": "b"}])
    assert "\x1b" not in repr(spanset.show(data))


def test_what_cannot_be_shown_is_refused(tmp_path):
    data = spanset.read(make_rows(3))
    with pytest.raises(spanset.UsageError, match="-1 is negative"):
        spanset.show(data, -1)
    with pytest.raises(spanset.UsageError, match=r"spanset.read\(rows\)"):
        spanset.show(make_rows(3))  # type: ignore[arg-type]
    with pytest.raises(spanset.UsageError, match="no model is named"):
        spanset.show(data, model=spanset.ModelConfig())
    path = write_lines(tmp_path / "a.jsonl", make_rows(3))
    data = spanset.read(str(path))
    path.write_text("")
    with pytest.raises(spanset.DataError, match="changed"):
        spanset.show(data)
