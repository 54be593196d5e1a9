"""Choices that cannot be meant, or met: methods, targets, shares, rows to keep and to avoid.

Each is refused in one message, and nothing is written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.commands.method_rows import COPY, EGGS, LISBON, ROWS, TARGET, N, write_lines
from tests.commands.refusals import snapshot

from spanset.selectors.methods import METHODS, OPTIONS

PICK = ("select", "p.jsonl", "-k", "4")
OWN = ("--features", "array:own.npy")

GIVEN = {
    "given": ("--given", "t.jsonl"),
    "lambda": ("--lambda", "0.5"),
    "target": ("--target", "t.jsonl"),
    "threshold": ("--threshold", "0.9"),
    "clusters": ("--clusters", "3"),
    "shares": ("--share", "topic=..50%"),
    "keep": ("--keep", "keep.txt"),
    "same": ("--same", "prompt"),
    "prefer": ("--prefer", "p.jsonl"),
    "lengths": ("--no-normalize",),
    "auto": ("-k", "auto"),
    "rounds": ("--rounds", "2"),
}
NEEDED = {
    "top": ("--quality", "column:rating"),
    "deita": ("--quality", "column:rating"),
    "target": ("--target", "t.jsonl"),
}
IGNORED = [
    pytest.param(name, option, id=f"{name} {option}")
    for name, method in METHODS.items()
    for option in OPTIONS
    if option not in method.takes and option != "quality"
]


@pytest.fixture
def rows(folder):
    """The planted rows as p.jsonl, features of theirs, a target, and rows to keep."""
    write_lines("p.jsonl", ROWS)
    write_lines("t.jsonl", TARGET)
    np.save("own.npy", np.random.default_rng(0).normal(size=(N, 6)))
    np.save("wide.npy", np.ones((2, 7)))
    write_lines("eval.jsonl", [{"prompt": ROWS[EGGS]["instruction"]}])
    write_lines("strange.jsonl", [{"x": 1}])
    write_lines("gaps.jsonl", [{"topic": topic, **TARGET[0]} for topic in "ab"])
    Path("empty.jsonl").write_text("")
    Path("none.txt").write_text("\n")
    Path("keep.txt").write_text(f"{EGGS}\n{LISBON}\n")
    return folder


@pytest.mark.parametrize(("method", "option"), IGNORED)
def test_an_option_that_the_method_would_ignore_is_refused(rows, spanset, method, option):
    amount = () if option == "auto" else ("-k", "4")
    words = ("select", "p.jsonl", *amount, "--method", method, *NEEDED.get(method, ()))
    flag = OPTIONS[option]
    takers = [name for name, one in METHODS.items() if option in one.takes]
    err = spanset.refuses(
        *words, *GIVEN[option], code=2, where=f"{flag}: ", says=("does not take",), fix="--method"
    )
    assert err.rstrip().endswith(", ".join(takers))


@pytest.mark.parametrize(
    ("method", "flag"), [("top", "--quality"), ("deita", "--quality"), ("target", "--target")]
)
def test_a_method_without_what_it_needs_says_what(rows, spanset, method, flag):
    where = f"--method {method}: "
    spanset.refuses(*PICK, "--method", method, code=2, where=where, fix=f"add {flag}")


USAGE = [
    ("-k auto,100", "-k: ", "beside a number"),
    ("-k auto -k 5", "-k: ", "beside a number"),
    ("-k 4 --method kmeans -k 6", "-k: ", "anew for every number"),
    ("-k 4,6 --share topic=..50%", "-k: ", "anew for every number"),
    ("-k auto --share topic=..50%", "--share: ", "of a number of rows"),
    ("--tokens 60 --share topic=..50%", "--share: ", "of a number of rows"),
    ("-k 4 --least-gain 0.2", "--least-gain: ", "goes with -k auto"),
    ("-k auto --least-gain 0", "--least-gain: ", "no share"),
    ("-k auto --least-gain 1.1", "--least-gain: ", "no share"),
    ("-k auto --least-gain nan", "--least-gain: ", "nan"),
    ("-k 4 --avoid-at 0.5", "--avoid-at: ", "goes with --avoid"),
    ("-k 4 --avoid eval.jsonl --avoid-at 0", "--avoid-at: ", "no cosine"),
    ("-k 4 --avoid eval.jsonl --avoid-at 80", "--avoid-at: ", "80"),
    ("--method dedup --threshold -0.5", "--threshold: ", "no cosine"),
    ("--method dedup --threshold 95", "--threshold: ", "95"),
    ("--method dedup --threshold inf", "--threshold: ", "inf"),
    ("-k 4 --method kmeans --clusters 0", "--clusters: ", "0 clusters"),
    ("-k 4 --method kmeans --clusters -3", "--clusters: ", "-3"),
    ("-k 4 --method kmeans --clusters many", "--clusters: ", "many"),
    ("-k 4 --rounds 3", "--rounds", "3"),
    ("-k 4 --parts 8", "--parts: ", "--rounds 2"),
    ("-k 4 --rounds 2 --parts 1", "--parts: ", "1 parts"),
    ("-k auto --rounds 2", "--rounds 2: ", "-k auto"),
    ("-k 4 --share topic=..2 --rounds 2", "--rounds 2: ", "--share"),
    ("-k 4 --quality target", "--quality target: ", "there is none"),
    ("-k 4 --quality target:mean", "--quality target:mean: ", "there is none"),
    ("-k 4 --quality target:least --target t.jsonl", "", "--target"),
    ("--method dedup --same both --given t.jsonl", "--same both: ", "one part"),
    ("--method dedup --same question", "--same", "prompt"),
    ("-k 4 --share topic", "--share: ", "'topic' is no share"),
    ("-k 4 --share topic:coding=30%", "--share: ", "is no share"),
    ("-k 4 --share topic:coding=..", "--share: ", "is no share"),
    ("-k 4 --share =1..2", "--share: ", "is no share"),
    ("-k 4 --share topic=..150%", "--share topic=..150%: ", "neither a share nor a count"),
    ("-k 4 --share topic=x..2", "--share topic=x..2: ", "'x'"),
    ("-k 4 --share topic=-1..2", "--share topic=-1..2: ", "'-1'"),
    ("-k 4 --share topic:coding=3..2", "--share: ", "at least 3 and at most 2"),
    ("-k 4 --share topic:coding=50%..20%", "--share: ", "at least 50% and at most 20%"),
    ("-k 4 --share topic:coding=60%.. --share topic:maths=50%..", "--share: ", "110 %"),
    ("-k 4 --share topic=..1 --share source=..50%", "--share: ", "two fields"),
    ("-k 4 --share topic:maths=1.. --share topic:maths=..2", "--share: ", "topic:maths is bounded"),
    ("-k 4 --share topic=1.. --share topic=..2", "--share: ", "bounded twice"),
]


@pytest.mark.parametrize(("words", "where", "says"), USAGE, ids=[one[0] for one in USAGE])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_a_choice_that_cannot_be_meant_is_refused_before_the_data(
    rows, spanset, words, where, says, dry
):
    # Shares of several numbers, and kmeans, are found with the numbers: shares of rows need them.
    data = "p.jsonl" if where == "-k: " else "missing.jsonl"
    spanset.refuses("select", data, *words.split(), *dry, code=2, where=where, says=(says,))


FILES = [
    ("--method target --target none.jsonl", "none.jsonl: ", "no such file"),
    ("--method target --target empty.jsonl", "empty.jsonl: ", "empty"),
    ("--method target --target strange.jsonl", "strange.jsonl:1: ", "not recognised"),
    ("--quality target --target none.jsonl", "none.jsonl: ", "no such file"),
    ("--avoid none.jsonl", "none.jsonl: ", "no such file"),
    ("--avoid eval.jsonl,none.jsonl", "none.jsonl: ", "no such file"),
    ("--avoid empty.jsonl", "empty.jsonl: ", "empty"),
    ("--avoid strange.jsonl", "strange.jsonl:1: ", "not recognised"),
    ("--keep missing.txt", "missing.txt: ", "no such file"),
    ("--keep none.txt", "none.txt: ", "no row number"),
    ("--keep p.jsonl", "p.jsonl:1: ", "no row number"),
    ("--keep .", "ids.txt: ", "no such file"),
    ("--keep -", "-: ", "no such file"),
]


@pytest.mark.parametrize(("words", "where", "says"), FILES, ids=[one[0] for one in FILES])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_a_file_beside_the_data_that_cannot_be_used_is_named(
    rows, spanset, words, where, says, dry
):
    spanset.refuses(*PICK, *words.split(), *dry, code=1, where=where, says=(says,))


DATA = [
    ("--share size=..1", 1, "--share: ", "no row has a field 'size'"),
    ("--share topic:law=1..", 1, "--share: ", "coding, cooking"),
    ("--share source:law.jsonl=..1", 1, "--share: ", "there are p"),
    (
        "--share topic:music=50%..",
        1,
        "--share: ",
        "2 rows of topic 'music' are wanted, there are 1",
    ),
    ("--share topic=1..", 1, "--share: ", "sum to 6 of 4"),
    ("--share topic=..0 --share topic:maths=..50%", 1, "--share: ", "room for 2 rows, 4 are"),
    ("--share topic:maths=..0 --keep maths.txt", 2, "--keep: ", "share of 'maths'"),
    ("--share topic:maths=4.. --keep keep.txt", 1, "--share: ", "maths"),
    ("--share topic:maths=3..3 --keep keep.txt", 2, "--keep: ", "of maths"),
    ("--keep beyond.txt", 1, "--keep: ", f"row {N} has to be kept"),
    ("--keep beyond.txt", 1, "--keep: ", f"the data have {N} rows"),
    ("--keep keep.txt --avoid eval.jsonl", 1, "--keep: ", "near eval.jsonl:1"),
    ("--keep keep.txt -k 1", 2, "-k", "1"),
    ("--prefer t.jsonl --method dedup", 2, "--prefer: ", "there are p.jsonl"),
    ("--method target --target p.jsonl", 1, "--target p.jsonl: ", "every row is a copy"),
    ("--avoid p.jsonl", 1, "--avoid p.jsonl: ", "every row is near"),
    ("--avoid eval.jsonl -k 14", 1, "-k: ", "only 12 can be picked"),
    ("--avoid eval.jsonl -k 14", 1, "-k: ", "2 rows were left out, the first: near eval.jsonl:1"),
    ("--features array:own.npy --avoid wide.npy", 2, "--avoid wide.npy: ", "no words"),
    ("--features array:own.npy --avoid wide.npy --avoid-at 0.9", 1, "--avoid wide.npy: ", "7 col"),
    ("--features array:own.npy --avoid eval.jsonl --avoid-at 0.9", 1, "eval.jsonl: ", ".npy"),
    ("--features array:own.npy --method target --target t.jsonl", 1, "t.jsonl: ", ".npy"),
    ("--features array:own.npy --method target --target wide.npy", 1, "--target", "7 columns"),
    ("--avoid eval.jsonl -o eval.jsonl --force", 2, "eval.jsonl: ", "one of the inputs"),
    ("--avoid t.jsonl,eval.jsonl -o eval.jsonl --force", 2, "eval.jsonl: ", "one of the inputs"),
    ("--keep keep.txt --tokens 10", 2, "--", "10"),
]


@pytest.mark.parametrize(("words", "code", "where", "says"), DATA, ids=[one[0] for one in DATA])
def test_a_choice_that_these_rows_cannot_meet_is_refused(rows, spanset, words, code, where, says):
    Path("beyond.txt").write_text(f"0\n{N}\n")
    Path("maths.txt").write_text("6\n")
    amount = () if "-k" in words.split() else ("-k", "4")
    spanset.refuses(
        "select", "p.jsonl", *amount, *words.split(), code=code, where=where, says=(says,)
    )


def test_rows_left_out_when_the_data_were_read_cannot_be_kept(rows, spanset):
    write_lines("p.jsonl", [{**ROWS[0], "output": ""}, *ROWS[1:]])
    Path("keep.txt").write_text("0\n")
    spanset.refuses(*PICK, *OWN, "--keep", "keep.txt", code=1, where="--keep: ", says=("answer",))


@pytest.mark.parametrize("flag", ["--target", "--avoid"])
def test_standard_input_is_not_read_twice(rows, spanset, flag):
    method = ("--method", "target") if flag == "--target" else ()
    words = ("select", "-", "-k", "4", *method, flag, "-")
    spanset.refuses(*words, code=2, where=f"{flag}: ", says=("standard input is given twice",))


def test_evaluation_data_come_from_standard_input(rows, spanset, monkeypatch):
    with Path("eval.jsonl").open() as lines:
        monkeypatch.setattr("sys.stdin", lines)
        ended = spanset.run(*PICK, *OWN, "--avoid", "-")
    assert ended.code == 0, ended.err
    listed = Path("spanset-run/bad_rows.jsonl").read_text()
    assert f'"row": {EGGS}' in listed
    assert f'"row": {COPY}' in listed


def test_what_is_refused_is_accepted_with_what_the_fix_says(rows, spanset):
    """The control: the refusals above are not for another reason."""
    before = set(snapshot(Path()))
    words = ("--share", "topic:maths=2..2", "--keep", "keep.txt", "-k", "5")
    assert spanset.run("select", "p.jsonl", *words, *OWN).code == 0
    assert "spanset-run/ids.txt" in set(snapshot(Path())) - before
