"""`spanset report DATA`: what the page says of files, beside what was put into them."""

from __future__ import annotations

import html
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import check_message, snapshot
from tests.conftest import make_rows, write_lines
from tests.places import EXAMPLES

from spanset.cli import main
from spanset.commands import first_look
from spanset.commands.report import page_name

OWN = ("--features", "array:x.npy")


def features(n, d=12, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, d))
    np.save("x.npy", X)
    return X


def page_of(spanset, *words):
    """Text of the page, and the values of its script."""
    ended = spanset.run("report", *words, "-o", "page.html", "--force", "--json")
    assert ended.code == 0, ended.err
    page = Path("page.html").read_bytes()
    assert json.loads(ended.out) == {"written": "page.html", "bytes": len(page)}
    text = page.decode()
    values = json.loads(text.split('id="values">')[1].split("</script>")[0])
    return text, values


def tile(text, name):
    """Value and remark of a figure at the head."""
    found = re.search(f"<dt>{name}</dt><dd>(.*?)<small>(.*?)</small>", text)
    assert found is not None, name
    return found.groups()


def lead(text):
    found = re.search('class="lead">(.*?)</p>', text)
    assert found is not None
    return found[1]


def signs(text):
    return re.findall("<li><strong>(.*?)\\. </strong>", text)


def test_the_page_says_what_the_rows_are(folder, spanset):
    rows = make_rows(60)
    write_lines(folder / "a.jsonl", rows)
    features(60)
    text, values = page_of(spanset, "a.jsonl", *OWN)
    assert "<h1>a.jsonl</h1>" in text
    assert lead(text) == "60 rows in alpaca format, one turn each, in Latin letters."
    assert tile(text, "rows") == ("60", "all that were read")
    sizes = [-(-len(row["instruction"]) // 4) - (-len(row["output"]) // 4) for row in rows]
    assert values["tokens"] == sizes
    assert tile(text, "tokens")[0] == f"about {sum(sizes):,}"
    assert values["row"] == list(range(60))
    assert [one.rstrip("…") for one in values["prompt"]] == [row["instruction"] for row in rows]
    assert "rank" not in values
    assert "Share by topic" in text
    assert "Share by rating" not in text
    share = 100 * sum(row["topic"] == "a" for row in rows) / 60
    assert f"{share:.0f} %</text>" in text
    assert signs(text) == []


def test_chats_tools_and_reasoning_are_told(folder, spanset):
    ask, say = ({"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."})
    thought = {"role": "assistant", "content": "<think>hm</think>Yes."}
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows = [{"messages": [ask, say]}] * 3 + [{"messages": [ask, say] * 4 + [ask, thought]}]
    rows = [{**row, "tools": tools} for row in rows]
    write_lines(folder / "a.jsonl", rows)
    features(4)
    text, _ = page_of(spanset, "a.jsonl", *OWN)
    assert lead(text) == (
        "4 rows in messages format, 1 to 5 turns each (most have 1), in Latin letters, "
        "tools that can be called in 100 %, reasoning in 25 %."
    )
    assert "Answers in a row" in text
    assert "Turns by role: 8 user, 8 assistant." in text


def test_what_looks_wrong_comes_first_with_what_to_do(folder, spanset):
    rows = make_rows(100)
    for row in rows[:30]:
        row["output"] = "I cannot say."
    rows[40]["output"] = "word " * 3000
    rows[41]["output"] = "caf\ufffd"
    lines = [json.dumps(row) for row in rows]
    lines[50:50] = ["{broken", json.dumps({"instruction": "Say it", "output": ""})]
    Path("a.jsonl").write_text("\n".join(lines) + "\n")
    X = features(102)
    X[10:30] = X[10]
    np.save("x.npy", X)
    text, values = page_of(spanset, "a.jsonl", *OWN)
    assert signs(text) == [
        "Rows not read",
        "Rows without an answer",
        "Many repeats",
        "One answer",
        "Very long rows",
        "Damaged characters",
    ]
    assert "1 row of 102 could not be read, the first a.jsonl:51" in text
    assert "1 row of 102 has nothing to learn from, the first at a.jsonl:52" in text
    assert "20 % of the rows are nearly the same as another" in text
    assert "“I cannot say.”" in text
    assert tile(text, "rows") == ("100", "2 left out")
    assert tile(text, "near duplicates")[0] == "20.0 %"
    assert values["alike"] == [1] * 10 + [20] * 20 + [1] * 70
    commands = re.findall("<pre><code>(.*?)</code></pre>", text)
    assert commands
    for command in commands:
        assert command.startswith("spanset ")
        compared = " --features array:x.npy" * ("spanset show" not in command)
        assert command.endswith(f"{compared} --on-bad-row skip")


def test_exact_copies_prompts_and_answers_are_counted(folder, spanset):
    rows = make_rows(30)
    rows[5], rows[6] = rows[4], rows[4]
    rows[8] = {**rows[7], "output": "another"}
    rows[10] = {**rows[9], "instruction": "another"}
    write_lines(folder / "a.jsonl", rows)
    features(30)
    text, _ = page_of(spanset, "a.jsonl", *OWN)
    table = text.split("<caption>Rows that share with another")[1].split("</table>")[0]
    cells = re.findall("<th[^>]*>([^<]*)</th><td[^>]*>([^<]*)</td>", table)
    assert dict(cells)["the same row, exactly"] == "3"
    assert dict(cells)["the same prompt"] == "5"
    assert dict(cells)["the same answer"] == "5"


def test_several_files_are_told_apart(folder, spanset):
    rows = make_rows(60)
    write_lines(folder / "a.jsonl", rows[:40])
    write_lines(folder / "b.jsonl", rows[25:])
    X = features(60)
    np.save("x.npy", np.concatenate([X[:40], X[25:]]))
    text, values = page_of(spanset, "a.jsonl", "b.jsonl", *OWN)
    assert "<h1>2 files</h1>" in text
    assert lead(text).endswith("From a and b.")
    assert "Share by source" in text
    assert "Repeats between files" in text
    assert "Inputs overlap" in signs(text)
    assert values["sources"] == ["a", "b"]
    assert "spanset select a.jsonl b.jsonl" in text


def test_the_suggested_commands_run(folder, spanset):
    write_lines(folder / "my rows.jsonl", make_rows(300))
    text, _ = page_of(spanset, "my rows.jsonl", "--features", "lexical")
    commands = re.findall("<pre><code>(.*?)</code></pre>", text)
    assert any("select" in one for one in commands)
    for command in commands:
        ended = spanset.run(*shlex.split(html.unescape(command))[1:])
        assert ended.code == 0, (command, ended.err)


@pytest.mark.parametrize("n", [1, 2, 3, 30])
@pytest.mark.parametrize("kind", ["static", "lexical"])
def test_few_rows_have_a_page(folder, spanset, n, kind):
    write_lines(folder / "a.jsonl", make_rows(n))
    text, values = page_of(spanset, "a.jsonl", "--features", kind)
    assert len(values["x"]) == n
    assert lead(text).startswith("1 row in" if n == 1 else f"{n} rows in")


def test_of_many_rows_some_are_compared_and_all_are_counted(folder, spanset, monkeypatch):
    monkeypatch.setattr(first_look, "LOOKED_AT", 50)
    rows = make_rows(120)
    rows[1:20] = [rows[0]] * 19
    write_lines(folder / "a.jsonl", rows)
    features(120)
    text, values = page_of(spanset, "a.jsonl", *OWN)
    assert len(values["row"]) == 50
    assert values["row"] == sorted(values["row"])
    assert tile(text, "rows")[0] == "120"
    assert "of 50 rows drawn; 20 rows are exact copies" in tile(text, "near duplicates")[1]
    assert "of 50 drawn at random" in lead(text)
    for row, prompt in zip(values["row"], values["prompt"], strict=True):
        assert prompt.rstrip("…") == rows[row]["instruction"]


@pytest.mark.parametrize("kernel", ["rbf", "cosine", "arccos1"])
def test_every_kernel_has_a_page(folder, spanset, kernel):
    write_lines(folder / "a.jsonl", make_rows(40))
    features(40)
    text, _ = page_of(spanset, "a.jsonl", *OWN, "--kernel", kernel)
    assert "How many rows are enough" in text


def test_a_gamma_too_sharp_to_measure_by_is_said(folder, spanset):
    write_lines(folder / "a.jsonl", make_rows(40))
    features(40)
    text, _ = page_of(spanset, "a.jsonl", *OWN, "--gamma", "500")
    assert "How diverse" in text


def test_equal_files_give_equal_bytes(folder, spanset):
    write_lines(folder / "a.jsonl", make_rows(200))
    pages = []
    for name in ("one.html", "two.html"):
        assert spanset.run("report", "a.jsonl", "-o", name).code == 0
        pages.append(Path(name).read_bytes())
    assert pages[0] == pages[1]


def test_known_sets_stand_beside_the_usual_features(folder, spanset):
    write_lines(folder / "a.jsonl", make_rows(200))
    text, _ = page_of(spanset, "a.jsonl")
    assert "diverse" in tile(text, "diversity")[0]
    assert "public sets" in text
    assert "Code Alpaca" in text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (("a/alpaca_data.json.gz",), "alpaca_data-report.html"),
        (("x.csv",), "x-report.html"),
        (("wiederholt ü 数据.jsonl",), "wiederholt-ü-数据-report.html"),
        (("a.jsonl", "b.jsonl"), "data-report.html"),
        (("*.jsonl",), "jsonl-report.html"),
        (("-",), "standard-input-report.html"),
        (("hf://org/name:train",), "name-train-report.html"),
        (("../<script>.json",), "script-report.html"),
        (("...jsonl",), "jsonl-report.html"),
    ],
)
def test_the_page_is_named_after_the_file(data, name):
    assert page_name(data) == name


def test_the_page_lies_here_by_default_and_nothing_else_is_written(folder, spanset):
    write_lines(folder / "a.jsonl", make_rows(30))
    features(30)
    before = snapshot(folder)
    ended = spanset.run("report", "a.jsonl", *OWN)
    assert ended.code == 0, ended.err
    assert "written to a-report.html" in ended.out
    assert snapshot(folder).keys() - before.keys() == {"a-report.html"}
    ended = spanset.run("report", "a.jsonl", *OWN)
    assert ended.code == 2
    check_message(ended.err, where="a-report.html", fix="--force")
    assert spanset.run("report", "a.jsonl", *OWN, "--force").code == 0


def test_the_page_goes_to_standard_output(folder, capsysbinary):
    write_lines(folder / "a.jsonl", make_rows(5))
    features(5)
    assert main(["report", "a.jsonl", *OWN, "-o", "-"]) == 0
    assert b"<h1>a.jsonl</h1>" in capsysbinary.readouterr().out


@pytest.mark.parametrize(
    ("words", "where", "code"),
    [
        ((), "DATA", 2),
        (("nothing.jsonl",), "nothing.jsonl", 1),
        (("empty.jsonl",), "empty.jsonl", 1),
        (("no-rows.json",), "no-rows.json", 1),
        ((".",), ".", 1),
        (("d.jsonl", "d.jsonl"), "d.jsonl", 2),
        (("d.jsonl", "--no-normalize"), "--no-normalize", 2),
        (("d.jsonl", "--features", "nothing"), "--features", 2),
        (("d.jsonl", "--kernel", "cosine", "--gamma", "1"), "--gamma", 2),
        (("d.jsonl", "--seed", "-1"), "--seed", 2),
        (("d.jsonl", "-o", "no/where.html"), "no/where.html", 2),
        (("d.jsonl", "--features", "array:short.npy"), "short.npy", 1),
        (("bad.jsonl", "--on-bad-row", "stop"), "bad.jsonl:2", 1),
        (("-", "-"), "DATA", 2),
    ],
)
def test_what_cannot_be_looked_at_is_refused(folder, spanset, words, where, code):
    Path("empty.jsonl").write_bytes(b"")
    Path("no-rows.json").write_text("[]")
    Path("bad.jsonl").write_text(json.dumps(make_rows(1)[0]) + "\n{no\n")
    np.save("short.npy", np.ones((3, 2)))
    spanset.refuses("report", *words, code=code, where=where)


def test_the_sample_is_told_as_it_was_made(folder, spanset):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make_sample.py", "sample.jsonl", "--rows", "600"])
        runpy.run_path(str(EXAMPLES / "make_sample.py"), run_name="__main__")
    rows = [json.loads(line) for line in Path("sample.jsonl").read_text().splitlines()]
    text, _ = page_of(spanset, "sample.jsonl")
    assert "Many repeats" in signs(text)
    for family in {row["family"] for row in rows}:
        assert family in text or "others" in text
