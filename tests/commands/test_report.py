"""`spanset report`, and the page that `spanset select` leaves: the same, for every kind of run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import check_message
from tests.conftest import make_rows, write_lines

OWN = ("--features", "array:x.npy")


@pytest.fixture
def rows(folder):
    """Sixty rows in two files, with features."""
    write_lines(folder / "a.jsonl", make_rows(40))
    write_lines(folder / "b.jsonl", make_rows(20, seed=1))
    np.save("x.npy", np.random.default_rng(0).normal(size=(60, 12)))
    np.save("g.npy", np.random.default_rng(1).normal(size=(5, 12)))
    return folder


@pytest.mark.parametrize(
    "flags",
    [
        ("-k", "25"),
        ("-k", "10,25", "--quality", "column:rating", "--lambda", "0.3", "--by", "topic"),
        ("--tokens", "900", "--seed", "3"),
        ("-k", "8", "--method", "random", "--draws", "0"),
        ("-k", "25", "--method", "kcenter", "--given", "g.npy"),
        ("-k", "25", "--no-normalize", "--to", "messages", "--sort", "source"),
        ("-k", "3", "-o", "o.jsonl"),
        ("-k", "auto"),
    ],
)
def test_the_page_of_a_folder_is_the_one_that_select_left(rows, spanset, flags):
    assert spanset.run("select", "a.jsonl", "b.jsonl", *OWN, *flags, "--run", "r").code == 0
    page = Path("r/report.html").read_bytes()
    ended = spanset.run("report", "r", "-o", "again.html", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == {"written": "again.html", "bytes": len(page)}
    assert Path("again.html").read_bytes() == page
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert "report.html" in manifest["files"]


def test_the_page_says_what_the_run_says(rows, spanset):
    flags = ("-k", "25", "--quality", "column:rating", "--by", "topic")
    ended = spanset.run("select", "a.jsonl", "b.jsonl", *OWN, *flags, "--run", "r", "--json")
    record = json.loads(ended.out)
    text = Path("r/report.html").read_text(encoding="utf-8")
    values = json.loads(text.split('id="values">')[1].split("</script>")[0])
    picked = [int(row) for row in Path("r/ids.txt").read_text().split()]
    assert values["row"][:25] == picked
    assert values["rank"] == [*range(1, 26), *[0] * 35]
    assert sorted(values["row"]) == list(range(60))
    assert values["gain"][-1] == pytest.approx(record["last_gain"], abs=1e-4)
    sets = {one["name"]: one for one in record["sets"]}
    assert (
        f"<dd>{sets['picked']['tokens']:,}" in text or f"about {sets['picked']['tokens']:,}" in text
    )
    assert "25 of 60 rows" in text
    assert "column:rating at lambda 0.1" in text
    assert "Share by topic" in text
    assert "Share by source" in text


def test_without_a_page_nothing_else_differs(rows, spanset):
    words = ("select", "a.jsonl", *OWN[:1], "lexical", "-k", "10")
    assert spanset.run(*words, "--run", "r").code == 0
    assert spanset.run(*words, "--run", "s", "--no-report").code == 0
    assert not Path("s/report.html").exists()
    assert Path("r/ids.txt").read_bytes() == Path("s/ids.txt").read_bytes()
    ended = spanset.run("report", "s")
    assert ended.code == 0, ended.err
    assert "written to s/report.html" in ended.out


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("report", "r"), "r/report.html"),
        (("report", "nothing"), "nothing"),
        (("report", "r", "a.jsonl"), "r"),
        (("report", "r", "--features", "lexical"), "--features"),
        (("report", "r", "-o", "."), "."),
        (("report", "r", "-o", "no/where.html"), "no/where.html"),
    ],
)
def test_what_cannot_be_written_or_read_is_refused(rows, spanset, words, where):
    assert spanset.run("select", "a.jsonl", "-k", "5", "--run", "r").code == 0
    ended = spanset.run(*words)
    assert ended.code in (1, 2)
    check_message(ended.err, where=where)


def test_a_changed_input_is_refused(rows, spanset):
    assert spanset.run("select", "a.jsonl", "-k", "5", "--run", "r").code == 0
    with Path("a.jsonl").open("a") as file:
        file.write("\n")
    ended = spanset.run("report", "r", "-o", "o.html")
    assert ended.code == 1
    check_message(ended.err, where="a.jsonl")
    assert not Path("o.html").exists()


def test_other_features_than_the_run_had_are_refused(rows, spanset):
    assert spanset.run("select", "a.jsonl", "b.jsonl", *OWN, "-k", "9", "--run", "r").code == 0
    np.save("x.npy", np.random.default_rng(5).normal(size=(60, 12)))
    ended = spanset.run("report", "r", "-o", "o.html")
    assert ended.code == 1
    check_message(ended.err, where="r")
    assert not Path("o.html").exists()
