"""`spanset why` end to end: what it tells of rows picked and left out, as a table and as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

COLUMNS = 80


@pytest.fixture
def why(sample, tmp_path, monkeypatch, capsys):
    """Select with flags, then ask about rows; all in the folder of the sample."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))

    class Why:
        def select(self, *flags, data=("sample.jsonl",)):
            assert main(["select", *data, "--run", "run", "--draws", "0", *flags]) == 0
            self.ids = [int(line) for line in Path("run/ids.txt").read_text().split()]

        def told(self, *words):
            capsys.readouterr()
            assert main(["why", "run", *map(str, words)]) == 0
            out = capsys.readouterr().out
            assert max(map(len, out.splitlines())) <= COLUMNS
            return " ".join(out.split())

        def record(self, *words):
            capsys.readouterr()
            assert main(["why", "run", *map(str, words), "--json"]) == 0
            return json.loads(capsys.readouterr().out)

        def left_out(self, n=200):
            return [row for row in range(n) if row not in self.ids]

    return Why()


def test_a_pick_is_told_with_rank_gain_lead_nearest_and_the_rows_it_stands_for(why, sample):
    why.select("-k", "20", "--quality", "output_tokens", "--lambda", "0.3")
    record = why.record(why.ids[4])
    (one,) = record["answers"]
    assert (record["method"], record["picked"], record["rows"]) == ("dpp", 20, 200)
    assert (one["picked"], one["rank"], one["row"], one["line"]) == (
        True,
        5,
        why.ids[4],
        why.ids[4] + 1,
    )
    assert one["nearest"]["rank"] < 5
    assert one["nearest"]["cosine"] == pytest.approx(
        cosine(sample, why.ids[4], one["nearest"]["place"]["row"]), abs=1e-5
    )
    data = spanset.read(sample)
    log_q = spanset.score(data, "output_tokens")
    assert one["quality"]["better_than"] == pytest.approx((log_q < log_q[why.ids[4]]).mean())
    expected = reference_greedy(
        unit_rows(spanset.represent(data), float),
        20,
        RBF(),
        log_quality=log_q,
        quality_weight=0.3,
    )
    assert one["reason"]["gain"] == pytest.approx(expected.gains[4], abs=1e-6)
    assert one["reason"]["score"] == pytest.approx(expected.scores[4], abs=1e-9)
    assert set(one["reason"]["lead"]) == {"quality", "diversity"}
    shown = why.told(why.ids[4])
    for words in ("picked, rank 5 of 20", "was new", "of its lead", "nearest before", "stands for"):
        assert words in shown
    assert why.record(why.ids[0])["answers"][0]["nearest"] is None


def cosine(sample, row, other):
    X = unit_rows(spanset.represent(spanset.read(sample)), float)
    return float(X[row] @ X[other])


def test_all_rows_left_out_are_stood_for_by_one_pick(why):
    why.select("-k", "12")
    answers = why.record(*why.ids)["answers"]
    assert sum(one["stands_for"] for one in answers) == 188
    for one in answers:
        assert len(one["standing"]) == min(5, one["stands_for"])
        assert one["reason"]["lead"] is None
        assert one["quality"] is None


def test_a_row_left_out_is_told_with_who_took_it_score_rank_and_lambda(why, sample):
    why.select("-k", "20", "--quality", "output_tokens", "--lambda", "0.3")
    data = spanset.read(sample)
    X, log_q = spanset.represent(data), spanset.score(data, "output_tokens")
    longer = spanset.select(X, k=40, quality=log_q, quality_weight=0.3).order.tolist()
    rows = [longer[20], longer[35], next(row for row in range(200) if row not in longer)]
    answers = why.record(*rows, "--lambdas", "0:1:0.25")["answers"]
    assert [one["further"] for one in answers] == [
        {"limit": 40, "rank": 21},
        {"limit": 40, "rank": 36},
        {"limit": 40, "rank": None},
    ]
    for row, one in zip(rows, answers, strict=True):
        assert (one["picked"], one["rank"]) == (False, None)
        reason = one["reason"]
        assert reason["score"] <= reason["last_score"]
        assert 0 < reason["left"] < 1
        assert {reason["most"]["is_given"], reason["own"]["is_given"]} == {False}
        picks = {
            weight: spanset.select(X, k=20, quality=log_q, quality_weight=weight).order.tolist()
            for weight in (0.25, 0.5, 0.0, 0.75, 1.0)
        }
        first = next((weight for weight, order in picks.items() if row in order), None)
        assert one["other_weight"]["first"] == first
        assert one["other_weight"]["own"] == 0.3
    shown = why.told(*rows)
    for words in ("left out", "explained by", "left of it", "21, if the selection went on",
                  "beyond 40", "lambda"):  # fmt: skip
        assert words in shown


def test_rows_are_asked_for_by_place_and_by_text_too(why):
    why.select("-k", "20")
    answers = why.record("sample.jsonl:8", "Write 9 about", "7")["answers"]
    assert [one["row"] for one in answers] == [7, 9, 7]
    assert answers[0] == answers[2]


def test_copies_of_picks_and_given_rows_say_so_first(why, tmp_path):
    rows = make_rows(30)
    twins = [{**rows[3], "topic": "other"}, {**rows[4], "output": "Another."}]
    write_lines(tmp_path / "d.jsonl", [*rows, *twins])
    write_lines(tmp_path / "given.jsonl", [rows[10], rows[11]])
    why.select("-k", "25", "--given", "given.jsonl", data=("d.jsonl",))
    assert 30 not in why.ids
    assert 3 in why.ids
    answers = why.record(30, 11)["answers"]
    for one, place, rank in zip(answers, (3, 1), (why.ids.index(3) + 1, None), strict=True):
        reason = one["reason"]
        assert reason["spent"]
        assert reason["left"] == 0
        assert (reason["copy_of"]["place"]["row"], reason["copy_of"]["rank"]) == (place, rank)
        assert one["same_text"]
    assert answers[1]["reason"]["copy_of"]["is_given"]
    assert answers[1]["nearest_given"]["cosine"] == pytest.approx(1.0)
    shown = why.told(30)
    said = f"repeats pick {why.ids.index(3) + 1}, word for word: d:4"
    assert shown.index(said) < shown.index("nearest given")
    assert "nearest pick" not in shown, "it is the one that the row repeats"
    assert "repeats a given row, word for word: given:2" in why.told(11)
    assert "if the selection went on" not in shown


def test_a_given_row_that_explains_most_is_named_also_as_an_array(why, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    given = np.stack([-X[7], X[50] + 0.05 * rng.normal(size=6)])
    np.save("x.npy", X)
    np.save("g.npy", given)
    why.select("-k", "10", "--features", "array:x.npy", "--gamma", "2", "--given", "g.npy")
    (one,) = why.record(50)["answers"]
    assert one["reason"]["most"]["is_given"]
    assert one["reason"]["most"]["rank"] is None
    assert one["reason"]["most"]["place"] == {"row": 1, "source": "g.npy", "line": 2, "text": ""}
    assert "a given row took" in why.told(50)


@pytest.mark.parametrize("method", ["top", "random"])
def test_methods_without_gains_tell_the_place_in_their_order(why, method):
    why.select("-k", "20", "--quality", "output_tokens", "--method", method)
    row = why.left_out()[0]
    picked, left = why.record(why.ids[6], row)["answers"]
    assert (picked["rank"], picked["reason"]["place"]) == (7, 7)
    by = {"top": "quality", "random": "chance"}[method]
    assert picked["reason"]["by"] == left["reason"]["by"] == by
    assert left["reason"]["place"] > 20
    assert left["further"] is None
    assert left["nearest"]["rank"] >= 1
    assert f"place by {by}" in why.told(row)


def test_the_gamma_that_was_found_is_taken_and_not_sought_again(why, monkeypatch):
    why.select("-k", "20", "--gamma", "auto:30")
    monkeypatch.setattr(
        "spanset.greedy.gamma_search.GammaSearch.find", lambda *_: pytest.fail("sought again")
    )
    gamma = json.loads(Path("run/manifest.json").read_text())["kernel"]["gamma"]
    assert why.record(0)["kernel"]["gamma"] == gamma


@pytest.mark.parametrize(
    "flags",
    [
        ("--dtype", "float32"),
        ("--kernel", "linear"),
        ("--kernel", "arccos1"),
        ("--tokens", "400"),
        ("--features", "lexical"),
        ("--quality", "column:rating:down", "--lambda", "1"),
    ],
)
def test_other_settings_of_a_run_are_taken_over(why, flags):
    why.select(*(() if "--tokens" in flags else ("-k", "20")), *flags)
    answers = why.record(why.ids[3], why.left_out()[2])["answers"]
    assert [one["picked"] for one in answers] == [True, False]
    assert why.told(why.left_out()[2])


def test_where_every_row_is_picked_there_is_no_other(why):
    why.select("-k", "200")
    (one,) = why.record(5)["answers"]
    assert one["picked"]
    assert (one["stands_for"], one["standing"]) == (0, [])


def test_what_would_take_long_is_offered_and_done_when_asked(why, monkeypatch):
    why.select("-k", "20", "--quality", "output_tokens")
    monkeypatch.setattr("spanset.commands.why.SMALL", 0)
    monkeypatch.setattr("spanset.commands.why.greedy_seconds", lambda *_: 300.0)
    row = why.left_out()[0]
    record = why.record(row)
    assert record["answers"][0]["further"] is None
    assert record["answers"][0]["other_weight"] is None
    assert "--further" in record["notes"][0]
    assert "--lambdas" in record["notes"][1]
    record = why.record(row, "--further", "--lambdas", "0,1")
    assert record["answers"][0]["further"]["limit"] == 40
    assert record["answers"][0]["other_weight"]["tried"] == [0.0, 1.0]
    assert record["notes"] == []
    monkeypatch.setattr("spanset.commands.why.available_bytes", lambda: 10)
    record = why.record(row, "--further", "--lambdas", "0,1")
    assert "GiB" in record["notes"][0]


def test_a_lambda_without_a_quality_has_nothing_to_try(why):
    why.select("-k", "20")
    record = why.record(why.left_out()[0], "--lambdas", "0:1:0.5")
    assert "needs a row left out of a run with a quality" in record["notes"][0]


def test_rows_cannot_drive_the_terminal(why, tmp_path, capsys):
    rows = make_rows(12)
    rows[4]["instruction"] = "[bold]Ring\x07 \x1b[31m the bell \u202e now[/bold]"
    write_lines(tmp_path / "d.jsonl", rows)
    why.select("-k", "3", data=("d.jsonl",))
    shown = why.told(4)
    assert "[bold]Ring" in shown
    assert not {"\x07", "\x1b", "\u202e"} & set(shown)
