"""The tables of `spanset select`: every number whole, at any number of sets and width."""

import json
import re
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tests.conftest import make_rows, write_lines

from spanset.cli import main
from spanset.commands.terminal.selection_tables import SetsSideBySide
from spanset.runs.summary import Middle, SetSummary


def printed(sets, width=80, **options):
    out = StringIO()
    Console(file=out, width=width).print(SetsSideBySide(sets, **options))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def row_of(lines, label):
    """Cells of the row with this label."""
    (line,) = [line for line in lines if line.strip().startswith(f"{label}  ")]
    return re.split(r" {2,}", line.strip())[1:]


def summary(name, rows, log_det=-10.0, deviation=0.0, **more):
    more = {"tokens": 60 * rows, "near_duplicates": 0.25, "near_duplicates_error": 0.0} | more
    return SetSummary(name=name, rows=rows, log_det=log_det, log_det_deviation=deviation, **more)


def sets_of(sizes, **more):
    sets = [summary("pool", 3_000_000, None, **more)]
    for size in sizes:
        sets.append(summary("picked", size, -1.5 * size, **more))
        sets.append(summary("random", size, -2.0 * size, 5.0, **more))
    return sets


def test_sets_are_columns_where_they_find_room():
    scores = {"column:rating": Middle(3.14159, 3.0)}
    shares = {"topic": {"sums": 0.75, "": 0.25}, "source": {"one.jsonl": 1.0}}
    lines = printed(sets_of([300], scores=scores, shares=shares), estimated=True)
    assert lines == [
        "Selection",
        "",
        "                         pool   picked     random",
        " ─────────────────────────────────────────────────",
        "  rows              3,000,000      300        300",
        "  tokens (about)         180M    18.0k      18.0k",
        "  tokens per row           60       60         60",
        "  log det, nats             -     -450   -600 ± 5",
        "  near duplicates      25.0 %   25.0 %     25.0 %",
        "  mean rating            3.14     3.14       3.14",
        "",
        "  share by topic",
        "    sums               75.0 %   75.0 %     75.0 %",
        "    (empty)            25.0 %   25.0 %     25.0 %",
        "",
    ]


def test_many_sets_are_rows_and_shares_are_of_the_picks():
    shares = {"topic": {"sums": 0.75, "": 0.25}}
    lines = printed(sets_of([300, 10_000, 500_000], shares=shares))
    assert lines == [
        "Selection",
        "",
        "                                 tokens         log det,         near",
        "                rows   tokens   per row             nats   duplicates",
        " ─────────────────────────────────────────────────────────────────────",
        "  pool     3,000,000     180M        60                -       25.0 %",
        "  picked         300    18.0k        60             -450       25.0 %",
        "  random         300    18.0k        60         -600 ± 5       25.0 %",
        "  picked      10,000     600k        60          -15,000       25.0 %",
        "  random      10,000     600k        60      -20,000 ± 5       25.0 %",
        "  picked     500,000    30.0M        60         -750,000       25.0 %",
        "  random     500,000    30.0M        60   -1,000,000 ± 5       25.0 %",
        "",
        "                            picked   picked    picked",
        "  share by topic     pool      300   10,000   500,000",
        " ─────────────────────────────────────────────────────",
        "  sums             75.0 %   75.0 %   75.0 %    75.0 %",
        "  (empty)          25.0 %   25.0 %   25.0 %    25.0 %",
        "",
    ]
    wide = printed(sets_of([300, 10_000, 500_000], shares=shares), 200)
    assert row_of(wide, "rows")[::2] == ["3,000,000", "300", "10,000", "500,000"]


def test_sources_go_by_their_short_names():
    shares = {"source": {"data/a/train.jsonl": 0.75, "data/b/train.jsonl": 0.25}}
    lines = printed(sets_of([300], shares=shares))
    assert row_of(lines, "a/train") == ["75.0 %"] * 3
    assert row_of(lines, "b/train") == ["25.0 %"] * 3


def test_rare_values_are_added_up():
    shares = {"topic": {f"topic {number}": 0.05 for number in range(20)}}
    lines = printed(sets_of([300], shares=shares))
    assert row_of(lines, "topic 15") == ["5.0 %"] * 3
    assert row_of(lines, "4 others") == ["20.0 %"] * 3
    assert not any("topic 16" in line for line in lines)


def test_scores_of_a_model_stand_with_their_median_others_with_their_mean():
    scores = {"perplexity": Middle(1e9, 14.25), "output_tokens": Middle(312.4, 200.0)}
    lines = printed(sets_of([300], scores=scores))
    assert row_of(lines, "median perplexity") == ["14.2"] * 3
    assert row_of(lines, "mean output_tokens") == ["312"] * 3


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((2.9277, 3.557), ["2.93", "3.56"]),
        ((0.01234, -0.5), ["0.012", "-0.500"]),
        ((14.25, 1512.0), ["14", "1,512"]),
        ((0.0, 0.0), ["0", "0"]),
        ((1.5e-7, 3e-7), ["1.5e-07", "3e-07"]),
        ((2.5e9, float("inf")), ["2.5e+09", "-"]),
    ],
)
def test_a_score_has_three_digits_of_the_largest(values, shown):
    sets = [
        summary(name, 9, scores={"column:x": Middle(value, value)})
        for name, value in zip(("pool", "picked"), values, strict=True)
    ]
    assert row_of(printed(sets), "mean x") == shown


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (99_949, "99.9k"),
        (99_999, "100k"),
        (178_900, "179k"),
        (12_345_678, "12.3M"),
        (123_456_789_012, "123B"),
    ],
)
def test_tokens_have_a_unit_and_three_digits(tokens, shown):
    assert row_of(printed([summary("pool", 9, tokens=tokens)]), "tokens") == [shown]


@pytest.mark.parametrize(
    ("log_det", "deviation", "shown"),
    [
        (None, 0.0, "-"),
        (-433.4, 0.0, "-433"),
        (-571.2, 11.4, "-571 ± 11"),
        (-571.2, 0.4, "-571"),
        (-7.34, 0.26, "-7.3 ± 0.3"),
        (-12345.6, 1234.5, "-12,346 ± 1,234"),
    ],
)
def test_log_determinants_have_no_digits_that_say_nothing(log_det, deviation, shown):
    # Beside one that is known: where none is, the row is left out.
    sets = [summary("pool", 9), summary("random", 9, log_det, deviation)]
    assert row_of(printed(sets), "log det, nats")[1] == shown


def test_log_determinants_that_are_not_known_have_no_row():
    assert not any("log det" in line for line in printed([summary("pool", 9, None)]))


NAMES = st.text(st.sampled_from("ab /[日é.-"), max_size=60)
NUMBERS = st.floats(-1e9, 1e9)


@st.composite
def any_sets(draw):
    """Pool, picks and random subsets of up to nine sizes, with shares by a field and by source."""
    pool = draw(st.integers(10, 10**9))
    values = draw(st.lists(NAMES, min_size=1, max_size=20, unique=True))
    sources = [f"data/{name}.jsonl" for name in draw(st.lists(NAMES, max_size=4, unique=True))]
    score = f"column:{draw(NAMES)}"
    sizes = draw(st.lists(st.integers(1, pool), min_size=1, max_size=9, unique=True))

    def one(name, rows):
        return SetSummary(
            name,
            rows,
            rows * draw(st.integers(0, 5000)),
            None if name == "pool" else draw(NUMBERS),
            draw(st.floats(0, 1e4)) if name == "random" else 0.0,
            draw(st.floats(0, 1)),
            draw(st.sampled_from([0.0, 0.004])),
            {
                "topic": {value: draw(st.floats(0, 1)) for value in values},
                "source": {source: draw(st.floats(0, 1)) for source in sources},
            },
            {score: Middle(draw(NUMBERS), 0.0)},
        )

    drawn = draw(st.booleans())
    sets = [one("pool", pool)]
    for size in sorted(sizes):
        sets += [one("picked", size), *([one("random", size)] if drawn else [])]
    return sets


NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e[+-]\d+)?[kMB]?")


@settings(deadline=None, max_examples=60)
@given(any_sets(), st.sampled_from([40, 80, 80, 120]))
@example(sets_of([10**n for n in range(1, 9)]), 80)
def test_no_line_is_too_long_and_no_number_is_split(sets, width):
    lines = printed(sets, width)
    assert max(map(cell_len, lines)) <= width
    whole = printed(sets, 10_000)  # one table: what is there is what there is to say
    rows = row_of(whole, "rows")
    assert rows == [f"{one.rows:,}" for one in sets]
    shown = {number.group() for line in lines for number in NUMBER.finditer(line)}
    for label in ("rows", "tokens", "tokens per row", "log det, nats", "near duplicates"):
        for cell in row_of(whole, label):
            for number in NUMBER.finditer(cell):
                assert number.group() in shown, (label, cell)


@pytest.fixture
def deep(tmp_path, monkeypatch):
    """Two files of one name in deep folders, and a command line in a terminal of some width."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("english", "german")):
        folder = Path("corpora/of/instructions", name, "train-split")
        folder.mkdir(parents=True)
        write_lines(folder / "train.jsonl", make_rows(60, seed=number))


def select(capsys, width, *flags):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        assert main(["select", "corpora/**/train.jsonl", "--force", *flags]) == 0
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


MANY = ("-k", "5,10,20,30,40,50", "--by", "topic", "--by", "instruction")


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("sizes", [("-k", "20"), MANY], ids=["one", "many"])
def test_what_is_printed_finds_room(deep, capsys, width, sizes):
    lines = select(capsys, width, *sizes, "--quality", "column:rating")
    assert max(map(cell_len, lines)) <= width
    assert not any(a == b == "" for a, b in pairwise(lines)), "one blank line"


def test_files_in_deep_folders_go_by_what_tells_them_apart(deep, capsys):
    lines = select(capsys, 80, "-k", "20")
    short = [f"{name}/train-split/train" for name in ("english", "german")]
    for name in short:
        _, share = [line for line in lines if f"  {name}  " in line]  # inputs, then shares
        assert "50.0 %" in share
    whole = select(capsys, 160, "-k", "20")
    assert any("corpora/of/instructions/english" in line for line in whole)


def test_a_quality_shows_in_the_pool_the_picks_and_at_random(deep, capsys):
    words = ("-k", "20", "--quality", "column:rating", "--lambda", "0.5")
    record = json.loads("".join(select(capsys, 80, *words, "--json")))
    pool, picked, drawn = (one["scores"]["column:rating"]["mean"] for one in record["sets"])
    ratings = [row["rating"] for seed in (0, 1) for row in make_rows(60, seed=seed)]
    assert pool == pytest.approx(sum(ratings) / 120)
    chosen = map(json.loads, Path("spanset-run/subset.jsonl").read_text().splitlines())
    assert picked == pytest.approx(sum(row["rating"] for row in chosen) / 20)
    assert picked > pool
    lines = select(capsys, 80, *words)
    assert row_of(lines, "mean rating") == [f"{one:.2f}" for one in (pool, picked, drawn)]


def test_a_score_that_goes_down_is_told(deep, capsys):
    words = ("-k", "20", "--quality")
    said = "Lower rating is better."
    assert said in " ".join(select(capsys, 80, *words, "column:rating:down"))
    assert said not in " ".join(select(capsys, 80, *words, "column:rating"))


def test_without_a_quality_none_is_shown(deep, capsys):
    lines = select(capsys, 80, "-k", "20")
    assert not any("mean" in line for line in lines)
