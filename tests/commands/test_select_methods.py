"""`spanset select` by every method: what the written subset promises, and what is told of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from tests.commands.method_rows import (
    COPY,
    EGGS,
    LISBON,
    OTHER_ANSWER,
    OTHER_PROMPT,
    ROWS,
    SHOUTED,
    SOUP,
    TARGET,
    N,
    left_out,
    picked,
    repeated,
    write_lines,
)
from tests.commands.refusals import Commands, Ended, snapshot

from spanset.selectors.methods import METHODS

NEEDED = {
    "top": ("--quality", "column:rating"),
    "deita": ("--quality", "column:rating"),
    "target": ("--target", "t.npy"),
}
OWN = ("--features", "array:own.npy")  # much faster, for what does not depend on the features
CHOOSING = [pytest.param(name, NEEDED.get(name, ()), id=name) for name in METHODS]


def taking(option: str) -> list:
    """Methods that heed an option."""
    return [one for one in CHOOSING if option in METHODS[str(one.values[0])].takes]


@pytest.fixture
def rows(folder):
    """The planted rows as p.jsonl, and a target of two rows about food."""
    write_lines("p.jsonl", ROWS)
    write_lines("t.jsonl", TARGET)
    X = np.random.default_rng(0).normal(size=(N + 2, 6))
    X[COPY] = X[EGGS]
    np.save("own.npy", X[:N])
    np.save("t.npy", X[N:])
    return folder


@pytest.fixture
def select(rows, spanset: Commands):
    """Select from the planted rows into a run folder; what was printed."""

    def run(*flags: str, name: str = "run", data: tuple[str, ...] = ("p.jsonl",)) -> Ended:
        ended = spanset.run("select", *data, "--run", name, "--draws", "1", *flags)
        assert ended.code == 0, ended.err
        return ended

    return run


def digests(run: str) -> dict[str, str]:
    """Of every file that must not differ between equal runs."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(run).iterdir()
        if path.name != "timings.json"
    }


@pytest.mark.parametrize(("method", "needed"), CHOOSING)
def test_every_method_writes_k_rows_verbatim_and_the_same_again(select, method, needed):
    select("--method", method, *needed, *OWN, "-k", "5", name="one")
    select("--method", method, *needed, *OWN, "-k", "5", "--workers", "2", name="two")
    chosen = picked("one")
    assert len(set(chosen)) == 5
    lines = Path("p.jsonl").read_text().splitlines()
    assert Path("one/subset.jsonl").read_text().splitlines() == [lines[row] for row in chosen]
    one, two = digests("one"), digests("two")
    assert all(
        one[name] == two[name] for name in one if name not in ("config.toml", "manifest.json")
    )
    select("--method", method, *needed, *OWN, "-k", "5", "--force", name="one")
    assert digests("one") == one


@pytest.mark.parametrize(("method", "needed"), CHOOSING)
def test_a_dry_run_of_every_method_says_what_would_be_and_writes_nothing(
    rows, spanset, method, needed
):
    before = snapshot(Path())
    amount = () if METHODS[method].may_lack_k else ("-k", "5")
    words = ("select", "p.jsonl", "--method", method, *needed, *OWN, *amount, "--dry-run")
    shown = spanset.run(*words)
    assert (shown.code, shown.err) == (0, "")
    lines = [line for line in shown.out.splitlines() if line.startswith("time")]
    assert all("," not in line.split()[1] for line in lines), "a time without any stage"
    plan = json.loads(spanset.run(*words, "--json").out)
    assert plan["method"] == method
    assert plan["picks"] == [5] if amount else [N]
    assert snapshot(Path()) == before


@pytest.mark.parametrize(
    ("method", "needed"),
    [one for one in CHOOSING if METHODS[str(one.values[0])].is_nested],
)
def test_a_smaller_k_of_a_nested_method_is_a_prefix(select, method, needed):
    select("--method", method, *needed, *OWN, "-k", "3,6", name="both")
    select("--method", method, *needed, *OWN, "-k", "3", name="few")
    assert picked("both")[:3] == picked("few")
    assert Path("both/subset-3.jsonl").read_bytes() == Path("few/subset.jsonl").read_bytes()
    assert len(Path("both/subset-6.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(("method", "needed"), CHOOSING)
def test_no_method_exceeds_a_budget_of_tokens(select, method, needed):
    ended = select("--method", method, *needed, *OWN, "--tokens", "60", "--json")
    record = json.loads(ended.out)
    assert record["stop_reason"] == "token budget used"
    own = next(one for one in record["sets"] if one["name"] == "picked")
    assert 0 < own["tokens"] <= 60


@pytest.mark.parametrize(("method", "needed"), taking("keep"))
def test_rows_that_have_to_be_kept_come_first(select, method, needed):
    Path("keep.txt").write_text(f"{LISBON}\n{SOUP}\n")
    select("--method", method, *needed, *OWN, "-k", "5", "--keep", "keep.txt")
    chosen = picked("run")
    assert chosen[:2] == [LISBON, SOUP]
    assert len(set(chosen)) == 5
    Path("keep.txt").write_text("\n".join(map(str, reversed(chosen))))
    select("--method", method, *needed, *OWN, "-k", "5", "--keep", "keep.txt", name="all")
    assert picked("all") == chosen[::-1], "k rows to keep are the choice"


def test_a_run_folder_can_be_kept_and_goes_on_as_one_run_would(select):
    select("-k", "3", *OWN, name="first")
    select("-k", "7", *OWN, "--keep", "first", name="second")
    select("-k", "7", *OWN, name="whole")
    assert picked("second") == picked("whole")


@pytest.mark.parametrize(("method", "needed"), taking("shares"))
def test_shares_hold_exactly(select, method, needed):
    shares = (
        "--share",
        "topic:maths=40%..40%",
        "--share",
        "topic=..1",
        "--share",
        "topic:music=1..",
    )
    select("--method", method, *needed, *OWN, "-k", "5", *shares)
    topics = [ROWS[row]["topic"] for row in picked("run")]
    assert topics.count("maths") == 2
    assert topics.count("music") == 1
    assert max(topics.count(topic) for topic in set(topics) - {"maths"}) == 1


def test_shares_of_sources_go_by_short_or_whole_names(select):
    write_lines("more.jsonl", [{**row, "instruction": f"So: {row['output']}"} for row in ROWS[:8]])
    for number, name in enumerate(("more", "more.jsonl")):
        data = ("p.jsonl", "more.jsonl")
        select("-k", "6", "--share", f"source:{name}=50%..50%", data=data, name=f"run{number}")
        assert sum(row >= N for row in picked(f"run{number}")) == 3


def test_dedup_keeps_all_but_repeats_and_tells_by_which_row(select):
    ended = select("--method", "dedup", "--json")
    chosen = picked("run")
    assert chosen == [row for row in range(N) if row not in (COPY, SHOUTED)]
    copy, shouted = repeated("run")
    assert (copy["row"], copy["line"], copy["of_row"], copy["exact"]) == (COPY, 11, EGGS, True)
    assert copy["cosine"] == pytest.approx(1.0, abs=1e-6)
    assert (shouted["row"], shouted["of_row"], shouted["exact"]) == (SHOUTED, SOUP, False)
    assert 0.95 <= shouted["cosine"] <= 1.0
    assert not copy["of_given"]
    assert json.loads(ended.out)["repeated"] == {
        "threshold": 0.95,
        "rows": 2,
        "exact": 1,
        "of_given": 0,
        "rows_that_stand_for_others": 2,
    }


def test_dedup_tells_a_terminal_how_many_repeat_and_which_stand_for_them(select):
    out = " ".join(select("--method", "dedup").out.split())
    assert f"2 of {N} rows repeat another (cosine 0.95 or more): 1 exactly, 1 nearly." in out
    assert "How long should I boil eggs" in out
    out = select("--method", "dedup", data=("t.jsonl",), name="none").out
    assert "No row repeats another (cosine 0.95 or more)." in out
    assert repeated("none") == []


def test_of_a_group_the_best_by_quality_stays(select):
    select("--method", "dedup", "--quality", "column:rating")
    chosen = picked("run")
    assert chosen[0] == COPY, "the best of all comes first"
    assert EGGS not in chosen
    assert {row["row"]: row["of_row"] for row in repeated("run")} == {EGGS: COPY, SHOUTED: SOUP}


def test_of_a_group_that_of_the_preferred_input_stays(select):
    write_lines("better.jsonl", [ROWS[EGGS], ROWS[LISBON]])
    data = ("p.jsonl", "better.jsonl")
    select("--method", "dedup", "--prefer", "better.jsonl", data=data)
    assert picked("run")[:2] == [N, N + 1]
    found = {row["row"]: (row["of_source"], row["of_line"]) for row in repeated("run")}
    assert found[EGGS] == found[COPY] == ("better.jsonl", 1)
    assert found[LISBON] == ("better.jsonl", 2)
    words = ("--quality", "column:rating", "--prefer", "p.jsonl,better.jsonl")
    select("--method", "dedup", *words, data=data, name="both")
    assert COPY in picked("both"), "the input before the quality, then the quality"
    assert N not in picked("both")


def test_repeats_of_given_rows_are_dropped_and_told_by_the_given_row(select):
    write_lines("given.jsonl", [TARGET[0], ROWS[LISBON]])
    ended = select("--method", "dedup", "--given", "given.jsonl", "--json")
    assert LISBON not in picked("run")
    one = next(row for row in repeated("run") if row["row"] == LISBON)
    assert one["of_given"]
    assert (one["of_source"], one["of_line"], one["of_row"]) == ("given.jsonl", 2, 1)
    assert one["exact"]
    assert json.loads(ended.out)["repeated"]["of_given"] == 1


def test_repeats_of_a_given_array_are_told_by_its_row(select):
    X = np.load("own.npy")
    np.save("given.npy", np.vstack([-X[0], 3 * X[4]]))
    select("--method", "dedup", *OWN, "--given", "given.npy")
    one, copy = repeated("run")
    assert (copy["row"], copy["of_given"], copy["of_row"], copy["exact"]) == (
        COPY,
        False,
        EGGS,
        True,
    )
    assert (one["row"], one["of_given"], one["of_row"], one["exact"]) == (4, True, 1, False)


@pytest.mark.parametrize(
    ("same", "dropped"),
    [
        ("row", {COPY, SHOUTED}),
        ("prompt", {COPY, SHOUTED, OTHER_ANSWER}),
        ("answer", {COPY, SHOUTED, OTHER_PROMPT}),
        ("both", {COPY, SHOUTED}),
    ],
)
def test_what_has_to_be_the_same_decides_what_repeats(select, same, dropped):
    select("--method", "dedup", "--same", same)
    found = repeated("run")
    assert {row["row"] for row in found} == dropped
    exact = {row["row"] for row in found if row["exact"]}
    assert exact == (dropped if same == "answer" else dropped - {SHOUTED})
    lines = Path("p.jsonl").read_text().splitlines()
    whole = Path("run/subset.jsonl").read_text().splitlines()
    assert whole == [lines[row] for row in picked("run")], "whole rows are written"


def test_given_rows_are_compared_by_the_same_part(select):
    prompt = {"instruction": ROWS[LISBON]["instruction"], "output": "No idea, ask an agent."}
    write_lines("given.jsonl", [prompt])
    select("--method", "dedup", "--same", "prompt", "--given", "given.jsonl")
    one = next(row for row in repeated("run") if row["row"] == LISBON)
    assert one["of_given"]
    assert one["exact"], "equal in what is compared"


def test_a_threshold_of_dedup_decides_what_is_near(select):
    select("--method", "dedup", "--threshold", "1")
    assert {row["row"] for row in repeated("run")} <= {COPY, SHOUTED}
    assert COPY not in picked("run")
    select("--method", "dedup", "--threshold", "0.01", name="low")
    assert len(picked("low")) < 8


def test_deita_takes_the_best_first_and_none_near_one_that_is_picked(select):
    select("--method", "deita", "--quality", "column:rating", "-k", "6")
    chosen = picked("run")
    assert chosen[0] == COPY
    assert EGGS not in chosen
    ratings = [ROWS[row]["rating"] for row in chosen]
    assert ratings == sorted(ratings, reverse=True)


def test_top_takes_the_best_copies_and_all(select):
    write_lines("twice.jsonl", [ROWS[9], ROWS[9], *ROWS[:3]])
    select("--method", "top", "--quality", "column:rating", "-k", "2", data=("twice.jsonl",))
    assert picked("run") == [0, 1]


@pytest.mark.parametrize("method", ["dpp", "kcenter", "facility", "semdedup"])
def test_no_copy_is_picked_by_a_method_that_looks_for_variety(select, method):
    select("--method", method, "-k", "8")
    assert not {EGGS, COPY} <= set(picked("run"))


def test_kmeans_takes_one_row_of_each_family(select):
    X = np.repeat(np.eye(3), [5, 5, 4], axis=0) + np.random.default_rng(1).normal(0, 0.05, (N, 3))
    np.save("own.npy", X)
    words = ("--method", "kmeans", "-k", "3", *OWN, "--seed", "1")
    select(*words)
    assert sorted(row // 5 for row in picked("run")) == [0, 1, 2]
    select(*words, "--quality", "column:rating", "--clusters", "3", name="best")
    assert sorted(picked("best")) == [4, 9, 10], "the best of each"


def test_target_picks_rows_like_it_and_projection_too(select):
    select("--method", "target", "--target", "t.jsonl", "-k", "1")
    assert ROWS[picked("run")[0]]["topic"] == "cooking"
    select("--method", "projection", "--target", "t.jsonl", "-k", "1", name="span")
    assert ROWS[picked("span")[0]]["topic"] == "cooking"


@pytest.mark.parametrize("score", ["target", "target:mean"])
def test_a_quality_by_the_target_puts_rows_like_it_first(select, score):
    words = ("--quality", score, "--target", "t.jsonl", "--json")
    ended = select("--method", "top", *words, "-k", "3")
    assert {ROWS[row]["topic"] for row in picked("run")[:2]} == {"cooking"}
    pool, own, *_ = json.loads(ended.out)["sets"]
    assert own["scores"][score]["mean"] > pool["scores"][score]["mean"]


def test_copies_of_the_target_are_never_picked_but_counted_and_listed(select):
    write_lines("t.jsonl", [*TARGET, ROWS[EGGS]])
    ended = select("--method", "target", "--target", "t.jsonl", "-k", "4", "--json")
    assert not {EGGS, COPY} & set(picked("run"))
    record = json.loads(ended.out)
    assert record["avoided"] == 2
    found = left_out("run")
    assert {row["row"] for row in found} == {EGGS, COPY}
    assert {row["kind"] for row in found} == {"avoided"}
    assert all("a copy of t.jsonl:3" in row["reason"] for row in found)
    assert json.loads(Path("run/manifest.json").read_text())["rows"]["avoided"] == 2


EVALUATIONS = {
    "prompt": [{"prompt": ROWS[EGGS]["instruction"]}],
    "question": [{"question": ROWS[EGGS]["instruction"], "question_id": 3}],
    "turns": [{"turns": [ROWS[EGGS]["instruction"], "And for a hard one?"], "category": "x"}],
    "turns of objects": [{"turns": [{"content": ROWS[EGGS]["instruction"]}], "uid": "x"}],
    "answered": [{"instruction": ROWS[EGGS]["instruction"], "output": "Six."}],
    "empty answers": [{"instruction": ROWS[EGGS]["instruction"], "output": ""}],
}


@pytest.mark.parametrize("form", EVALUATIONS)
def test_what_is_avoided_is_listed_with_the_row_it_is_near(select, form):
    (row,) = EVALUATIONS[form]
    other = json.loads(json.dumps(row).replace(ROWS[EGGS]["instruction"], "Who painted Mona Lisa"))
    write_lines("eval.jsonl", [other, row])
    ended = select("-k", "5", "--avoid", "eval.jsonl")
    found = left_out("run")
    assert {row["row"] for row in found} == {EGGS, COPY}
    for row in found:
        assert row["kind"] == "avoided"
        assert "near eval.jsonl:2: " in row["reason"]
        assert "of its words in a row" in row["reason"] or form == "turns"
    assert not {EGGS, COPY} & set(picked("run"))
    assert "avoided" in ended.out


def test_avoid_takes_several_files_and_a_cosine(select):
    write_lines("one.jsonl", [{"prompt": ROWS[EGGS]["instruction"]}])
    write_lines("two.jsonl", [{"prompt": "Plan a trip of three days in Lisbon"}])
    select("-k", "5", "--avoid", "one.jsonl,two.jsonl", "--avoid-at", "0.6")
    assert {row["row"] for row in left_out("run")} >= {EGGS, COPY, LISBON}
    select(
        "-k", "5", "--avoid", "one.jsonl", "--avoid", "two.jsonl", "--avoid-at", "1", name="high"
    )
    assert {row["row"] for row in left_out("high")} == {EGGS, COPY}, "words alone"


def test_avoiding_by_words_alone_is_said_where_features_have_no_usual_cosine(select):
    write_lines("eval.jsonl", [{"prompt": ROWS[EGGS]["instruction"]}])
    ended = select("-k", "5", *OWN, "--avoid", "eval.jsonl")
    assert "by words alone" in ended.err
    assert {row["row"] for row in left_out("run")} == {EGGS, COPY}


def test_rows_near_an_array_are_avoided_by_the_cosine_that_is_given(select):
    X = np.load("own.npy")
    np.save("eval.npy", np.vstack([-X[0], 2 * X[7]]))
    select("-k", "5", *OWN, "--avoid", "eval.npy", "--avoid-at", "0.99")
    (one,) = left_out("run")
    assert one["row"] == 7
    assert one["reason"] == "near eval.npy, row 1: cosine 1.00"


def families(count: int, each: int) -> np.ndarray:
    """Rows in families: directions of their own, and little else."""
    random = np.random.default_rng(0)
    X = np.repeat(random.normal(size=(count, 300)), each, axis=0)
    return X + random.normal(0, 0.02, X.shape)


def test_k_auto_stops_where_rows_add_little_and_explains_itself(spanset, folder):
    write_lines("f.jsonl", [{"instruction": f"Say {i}", "output": f"{i}"} for i in range(600)])
    np.save("f.npy", families(150, 4))
    words = ("select", "f.jsonl", "-k", "auto", "--features", "array:f.npy", "--draws", "0")
    record = json.loads(spanset.run(*words, "--json", "--run", "auto").out)
    enough = record["enough"]
    assert 110 < record["picked"] <= 150, "there are 150 families, and some picks are looked ahead"
    assert record["wanted"] is None
    assert enough["picks"] == record["picked"] == len(picked("auto"))
    assert enough["curve"][-1][0] == enough["picks"]
    assert enough["last"] > 0.2 * enough["first"]
    assert enough["more_at_most"] > 1
    assert json.loads(Path("auto/manifest.json").read_text())["complete"]
    out = " ".join(spanset.run(*words, "--run", "shown").out.split())
    assert "Where rows add little" in out
    assert f"The last of {record['picked']} rows add" in out
    least = json.loads(spanset.run(*words, "--json", "--run", "m", "--least-gain", "0.5").out)
    assert least["picked"] <= record["picked"]
    assert picked("m") == picked("auto")[: least["picked"]]


def test_k_auto_that_is_not_reached_takes_all_and_says_so(select):
    ended = select("-k", "auto")
    assert "nowhere less than asked" in " ".join(ended.out.split())
    assert len(picked("run")) == N - 1, "the copy apart"


def test_other_methods_tell_of_no_end_and_no_repeats(select):
    record = json.loads(select("-k", "4", "--json").out)
    assert record["enough"] is None
    assert record["repeated"] is None
    assert record["avoided"] == 0
    assert not Path("run/repeats.parquet").exists()


@pytest.mark.parametrize("method", ["dpp", "kcenter", "dedup"])
def test_a_choice_that_is_interrupted_leaves_a_whole_folder_or_none(
    rows, spanset, monkeypatch, method
):
    from spanset.commands.terminal.watching import TerminalWatcher

    before = snapshot(Path())
    monkeypatch.setattr(TerminalWatcher, "cancelled", lambda self: True)
    ended = spanset.run("select", "p.jsonl", "--method", method, "-k", "5", *OWN)
    if not Path("spanset-run").exists():
        assert ended.code == 130
        assert snapshot(Path()) == before
        return
    manifest = json.loads(Path("spanset-run/manifest.json").read_text())
    assert manifest["complete"] is (ended.code == 0)
    assert len(picked("spanset-run")) == manifest["rows"]["picked"] <= 5
    assert ended.code == (0 if manifest["rows"]["picked"] == 5 else 130)


def test_a_run_with_everything_is_repeated_from_its_configuration(select, spanset):
    write_lines("eval.jsonl", [{"prompt": ROWS[EGGS]["instruction"]}])
    Path("keep.txt").write_text(f"{LISBON}\n")
    words = ("--quality", "target:mean", "--target", "t.jsonl", "--avoid", "eval.jsonl")
    words += ("--avoid-at", "0.7", "--keep", "keep.txt", "--share", "topic:maths=1..2", "-k", "6")
    select(*words)
    again = spanset.run("select", "--config", "run/config.toml", "--run", "again")
    assert again.code == 0, again.err
    for name in ("subset.jsonl", "selection.parquet", "bad_rows.jsonl"):
        assert digests("run")[name] == digests("again")[name]
    select("--method", "dedup", "--same", "both", "--prefer", "p.jsonl", name="d")
    assert spanset.run("select", "--config", "d/config.toml", "--run", "e").code == 0
    assert digests("d")["repeats.parquet"] == digests("e")["repeats.parquet"]


def test_near_pairs_are_listed_in_the_cache_and_cleared_with_it(
    select, spanset, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    select("--method", "dedup", *OWN)
    assert "1 files of near pairs" in spanset.run("cache").out
    assert "MiB removed" in spanset.run("cache", "--clear").out
    assert "near pairs" not in spanset.run("cache").out
