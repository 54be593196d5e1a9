"""`spanset compare`: its cells, what it measures and tells, and how it goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.commands.method_rows import EGGS, ROWS, TARGET, N, picked, write_lines
from tests.commands.refusals import snapshot

import spanset.commands.grids.grid as comparing
from spanset.commands.grids.grid_cells import cells_of, random_cells
from spanset.config.grid_settings import ChoicesConfig, GridConfig, SharedConfig
from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.compared_choices import Compared, ComparedCell, Suggestion

OWN = ("--features", "array:own.npy")
COMPARE = ("compare", "p.jsonl", *OWN, "-k", "4")


@pytest.fixture
def rows(folder):
    """The planted rows as p.jsonl, and features of theirs."""
    write_lines("p.jsonl", ROWS)
    write_lines("t.jsonl", TARGET)
    write_lines("eval.jsonl", [{"prompt": ROWS[EGGS]["instruction"]}])
    X = np.random.default_rng(0).normal(size=(N, 6))
    np.save("own.npy", X)
    np.save("other.npy", X[:, :4] ** 3)
    return folder


@pytest.fixture
def compare(rows, spanset):
    """Compare choices of the planted rows; the record that is printed."""

    def run(*flags: str, words: tuple[str, ...] = COMPARE):
        ended = spanset.run(*words, *flags, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    return run


@pytest.fixture
def chosen(monkeypatch):
    """How rows were chosen, one entry a choice that was computed."""
    made = []
    choose = comparing.choose_rows

    def counted(candidates, k, how, **more):
        made.append((how.method, k))
        return choose(candidates, k, how, **more)

    monkeypatch.setattr(comparing, "choose_rows", counted)
    return made


def labels(grid: GridConfig, seeds: int = 1, **shared: object) -> list[str]:
    choices = ChoicesConfig(("p.jsonl",), grid=grid, shared=SharedConfig(**shared))
    cells = cells_of(choices)
    cells += random_cells(choices, cells, seeds)
    assert len({cell.settings for cell in cells}) == len(cells), "the same choice twice"
    return [cell.label for cell in cells]


def test_what_makes_no_difference_to_a_method_makes_no_cell():
    grid = GridConfig(
        method=("dpp,top,facility,kcenter",),
        quality=("column:rating",),
        quality_weight="0,0.5,1",
        kernel=("rbf,linear",),
        gamma=("0.1,1",),
    )
    found = labels(grid)
    by_kernel = [label for label in found if label.startswith(("dpp", "facility"))]
    assert len([one for one in by_kernel if one.startswith("facility")]) == 3, "two gammas, linear"
    assert len([one for one in by_kernel if one.startswith("dpp")]) == 9
    assert [label for label in found if label not in by_kernel] == [
        "top",
        "kcenter",
        "random, seed 0",
    ]


def test_lambda_0_is_one_cell_whatever_the_quality():
    grid = GridConfig(quality=("column:rating,input_tokens",), quality_weight="0,1")
    assert labels(grid, seeds=2, seed=7) == [
        "dpp",
        "dpp column:rating λ 1",
        "dpp input_tokens λ 1",
        "random, seed 7",
        "random, seed 8",
    ]


def test_a_name_given_twice_and_random_make_no_cell_of_their_own():
    assert labels(GridConfig(method=("dpp,dpp", "random", "dpp"))) == [
        "dpp",
        "random, seed 0",
    ]


def test_all_methods_are_those_that_have_what_they_need():
    plain = labels(GridConfig(method=("all",)))
    assert plain[:-1] == ["dpp", "dedup", "kcenter", "facility", "kmeans", "semdedup", "projection"]
    more = labels(GridConfig(method=("all",), quality=("column:rating",)), target="t.jsonl")
    names = [label.split()[0] for label in more]
    assert {"top", "deita", "target"} <= set(names)


def test_a_cell_chooses_and_measures_as_the_other_commands_do(compare, spanset):
    record = compare(
        "--method", "dpp,kcenter,kmeans", "--metrics", "ldd", "-k", "6", "--seeds", "2"
    )
    assert record["sizes"] == [4, 6]
    runs = []
    for number, cell in enumerate(record["cells"]):
        seed = cell["label"].rpartition(" ")[2] if cell["method"] == "random" else "0"
        runs.append(f"run{number}")
        words = ("--method", cell["method"], "--seed", seed, "--run", runs[-1], "--draws", "0")
        assert spanset.run("select", "p.jsonl", *OWN, *words, "-k", "6").code == 0
    measure = ("measure", "p.jsonl", *OWN, "--subset", ",".join(runs), "--draws", "1")
    measured = json.loads(spanset.run(*measure, "--metrics", "ldd", "--json").out)["sets"]
    for cell, one in zip(record["cells"], measured, strict=False):
        value = one["measurements"]["ldd"]["value"]
        assert cell["measures"]["6"]["ldd"] == pytest.approx(value, abs=1e-6), cell["label"]
    sets = [set(picked(run)) for run in runs]
    expected = [[len(a & b) / len(a | b) for b in sets] for a in sets]
    np.testing.assert_allclose(record["overlap"]["6"], expected)


def test_means_of_scores_are_those_of_the_picks(compare, spanset):
    words = ("--quality", "column:rating", "--method", "dpp,top", "--lambda", "0.5")
    record = compare(*words, "--seeds", "1")
    top = next(cell for cell in record["cells"] if cell["method"] == "top")
    best = sorted((row["rating"] for row in ROWS), reverse=True)[:4]
    assert top["measures"]["4"]["mean column:rating"] == pytest.approx(np.mean(best))
    assert top["lambda"] is None
    assert (top["quality"], record["cells"][0]["lambda"]) == ("column:rating", 0.5)


def test_a_mean_that_is_no_number_is_left_out(compare, rows):
    write_lines("p.jsonl", [{**row, "rating": 1e308 + 1e306 * row["rating"]} for row in ROWS])
    record = compare("--quality", "column:rating", "--seeds", "1")
    assert record["cells"][0]["measures"]["4"]["mean column:rating"] is None


def finished(
    *cells: tuple[str, str | None, float | None, list[int], float, float], line: str = "static, rbf"
) -> Compared:
    """Choices by label, quality, lambda, picks, LDD and mean score; all of one line."""
    made = [
        ComparedCell(
            label,
            "dpp",
            quality,
            weight,
            line,
            ComparedChoice(label, {"4": own}, {"4": {"ldd": ldd, "mean q": mean}}, 0.0, ""),
        )
        for label, quality, weight, own, ldd, mean in cells
    ]
    better = {"ldd": "lower"}
    return Compared(9, [], [], [4], made, ["ldd"], better, ["tokens", "q"], "static", {}, "0")


def test_overlap_and_rank_correlation_by_hand():
    """Of {1, 2, 3, 4} and {2, 3, 4, 5} three of five are shared; 2 3 4 against 4 3 2 is -1."""
    found = finished(
        ("a", None, None, [1, 2, 3, 4], 0.0, 0.0),
        ("b", None, None, [5, 4, 3, 2], 0.0, 0.0),
        ("c", None, None, [1, 2, 8, 9], 0.0, 0.0),
    )
    np.testing.assert_allclose(
        found.overlaps(4), [[1, 3 / 5, 2 / 6], [3 / 5, 1, 1 / 7], [2 / 6, 1 / 7, 1]]
    )
    ranks = found.rank_correlations(4)
    assert ranks[0, 1] == pytest.approx(-1.0)
    assert ranks[0, 0] == pytest.approx(1.0)
    assert np.isnan(ranks[0, 2]), "two shared rows tell nothing"
    assert found.record()["rank_correlation"]["4"][0][2] is None


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["higher is better", "lower is better"])
def test_the_suggestion_is_where_a_bent_front_bends(sign):
    """Quality 0, 8, 10, 9 for LDD 0, 1, 10, 11: the last is beaten, the second the knee."""
    points = [(0.0, 0.0, 0.0), (0.2, 8.0, 1.0), (0.8, 10.0, 10.0), (0.9, 9.0, 11.0)]
    cells = [
        (str(weight), "q" if weight else None, weight or None, [1, 2, 3, 4], ldd, sign * mean)
        for weight, mean, ldd in points
    ]
    (one,) = finished(*cells).suggestions(4)
    assert one.quality == "q"
    assert one.front == [0.0, 0.2, 0.8]
    assert (one.weight, one.kept, one.lost) == (0.2, pytest.approx(0.8), pytest.approx(0.1))


def test_a_straight_front_suggests_nothing_and_two_lambdas_no_front():
    cells = [(str(w), "q", w, [1, 2, 3, 4], 10 * w, w) for w in (0.1, 0.5, 0.9)]
    (one,) = finished(*cells).suggestions(4)
    assert one == Suggestion("q", "", [0.1, 0.5, 0.9], None, 0.0, 0.0)
    assert finished(*cells[:2]).suggestions(4) == []


GRID = ("--method", "dpp,kcenter", "--quality", "column:rating", "--lambda", "0,0.5")


def test_the_same_command_again_computes_nothing(compare, chosen):
    first = compare(*GRID)
    assert len(chosen) == 6, "dpp twice, kcenter, and three random choices"
    chosen.clear()
    again = compare(*GRID)
    assert chosen == []
    for name in ("cells", "overlap", "rank_correlation", "suggestions"):
        assert again[name] == first[name]


def test_a_larger_grid_computes_what_is_new(compare, chosen):
    compare(*GRID)
    chosen.clear()
    compare("--method", "dpp,kcenter,facility", *GRID[2:])
    assert chosen == [("facility", 4)]
    compare("--method", "dpp,kcenter,facility", *GRID[2:], "--workers", "1")
    assert chosen == [("facility", 4)], "threads change nothing but speed"


@pytest.mark.parametrize(
    "other",
    [
        ("--seed", "1"),
        ("-k", "5"),
        ("--avoid", "eval.jsonl"),
        ("--dtype", "float32"),
    ],
    ids=" ".join,
)
def test_other_settings_do_not_reuse_what_is_kept(compare, chosen, other):
    compare()
    chosen.clear()
    compare(*other)
    assert ("dpp", 5 if "-k" in other else 4) in chosen


@pytest.mark.parametrize("other", [("-k", "3"), ("--metrics", "vendi")], ids=" ".join)
def test_fewer_rows_and_other_measures_reuse_what_was_chosen(compare, chosen, other):
    first = compare("--method", "dpp,kcenter,kmeans")
    chosen.clear()
    words = ("compare", "p.jsonl", *OWN, *other) if "-k" in other else (*COMPARE, *other)
    again = compare("--method", "dpp,kcenter,kmeans", words=words)
    anew = [("kmeans", 3)] if "-k" in other else []
    assert chosen == anew, "k-means has no order whose prefixes are choices"
    alone = compare("--method", "dpp,kcenter,kmeans", "--out", "alone", words=words)
    names = ("measures", "stop_reason")
    for one, other_one in zip(again["cells"], alone["cells"], strict=True):
        assert [one[name] for name in names] == [other_one[name] for name in names]
    assert first["sizes"] == [4]


def test_other_rows_or_features_or_evaluation_data_do_not_reuse_what_is_kept(compare, chosen):
    compare("--avoid", "eval.jsonl")
    for name in ("p.jsonl", "own.npy", "eval.jsonl"):
        chosen.clear()
        if name.endswith("npy"):
            np.save(name, np.load(name)[:, ::-1] ** 3)
        else:
            Path(name).write_text(Path(name).read_text().replace("yolk", "white"))
        compare("--avoid", "eval.jsonl")
        assert len(chosen) == 4, name


def test_what_was_finished_when_it_was_killed_is_not_computed_again(
    compare, chosen, spanset, monkeypatch
):
    choose = comparing.choose_rows

    def killed(candidates, k, how, **more):
        if how.method == "kcenter":
            raise KeyboardInterrupt
        return choose(candidates, k, how, **more)

    with monkeypatch.context() as patch:
        patch.setattr(comparing, "choose_rows", killed)
        ended = spanset.run(*COMPARE, *GRID)
    assert (ended.code, ended.out) == (130, "")
    assert "interrupted" in ended.err
    done = [method for method, _ in chosen]
    assert done == ["dpp", "dpp"]
    compare(*GRID)
    assert [method for method, _ in chosen] == ["dpp", "dpp", "kcenter", *["random"] * 3]
    assert not list(Path("spanset-compare").rglob("*.partial"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"label": 3}'])
def test_a_damaged_cell_is_made_again(compare, chosen, content):
    first = compare()
    for path in Path("spanset-compare/cells").iterdir():
        path.write_text(content)
    again = compare()
    assert len(chosen) == 8
    assert again["overlap"] == first["overlap"]


def test_a_grid_of_random_choices_alone_works(compare, spanset):
    record = compare("--method", "random", "--seeds", "2")
    assert [cell["method"] for cell in record["cells"]] == ["random"] * 2
    assert record["cells"][0]["measures"] != record["cells"][1]["measures"]
    shown = spanset.run(*COMPARE, "--method", "random", "--seeds", "1")
    assert shown.code == 0
    assert "random" in shown.out


def test_several_features_are_measured_in_the_space_of_the_first(compare):
    words = ("--features", "array:own.npy,array:other.npy", "--method", "dpp,kcenter")
    record = compare(*words, words=("compare", "p.jsonl", "-k", "4"))
    assert record["space"] == "array:own.npy"
    assert [cell["label"] for cell in record["cells"][:4]] == [
        "dpp, array:own.npy",
        "kcenter, array:own.npy",
        "dpp, array:other.npy",
        "kcenter, array:other.npy",
    ]
    alone = compare("--method", "dpp,kcenter")
    for one, other in zip(record["cells"][:2], alone["cells"], strict=False):
        assert one["measures"] == other["measures"]
    assert record["overlap"]["4"][0][2] < 1


def test_more_grids_join_the_first_each_choice_once(compare):
    also = ("--also", "--method top,facility --quality column:rating", "--also", "--method dpp")
    record = compare("--method", "dpp,kcenter", *also, "--seeds", "1")
    labels = [cell["label"] for cell in record["cells"]]
    assert labels == ["dpp", "kcenter", "top", "facility", "random, seed 0"]
    alone = compare(*also, "--seeds", "1")
    assert [cell["label"] for cell in alone["cells"]] == ["dpp", *labels[2:]]
    own = compare("--also", "--method facility --features array:other.npy", "--seeds", "1")
    assert own["cells"][1]["label"] == "facility"
    assert own["cells"][1]["measures"] != record["cells"][3]["measures"], "by other features"


def test_scores_are_taken_once_for_all_lambdas(compare, monkeypatch):
    import spanset.commands.choosing.pool as pool

    made = []
    scored = pool.scored_rows
    monkeypatch.setattr(pool, "scored_rows", lambda *a, **b: made.append(1) or scored(*a, **b))
    compare("--quality", "column:rating", "--lambda", "0.1:0.9:0.1")
    assert len(made) == 1


def test_what_is_avoided_at_a_cosine_leaves_every_choice(compare):
    np.save("eval.npy", np.load("own.npy")[:10])
    words = ("--avoid", "eval.npy", "--avoid-at", "0.999", "--method", "dpp,kcenter", "-k", "4")
    record = compare(*words)
    assert {value for row in record["overlap"]["4"] for value in row} == {1.0}, "four rows are left"


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_fits_the_terminal(rows, spanset, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ended = spanset.run(*COMPARE, *GRID, "-k", "6", "--lambda", "0,0.3,1")
    assert ended.code == 2, "a flag twice is refused"
    words = ("--method", "dpp,kcenter", "--quality", "column:rating", "--lambda", "0,0.3,1")
    ended = spanset.run(*COMPARE, *words, "-k", "6")
    assert ended.code == 0, ended.err
    assert max(map(len, ended.out.splitlines())) <= width
    for wanted in (f"4 of {N} rows", f"6 of {N} rows", "random, 3 draws", "spanset-compare"):
        assert wanted in ended.out
    assert "kcenter" in ended.out


BAD = [
    ("-k auto", 2, "-k auto: ", "same number of rows"),
    ("-k 0", 2, "-k: ", "0"),
    ("-k 15", 2, "-k: ", "14 usable rows"),
    ("", 2, "-k: ", "neither"),
    ("-k 4 --seeds 0", 2, "--seeds: ", "0"),
    ("-k 4 --method magic", 2, "--method: ", "'magic'"),
    ("-k 4 --method all,magic", 2, "--method: ", "'magic'"),
    ("-k 4 --method top", 2, "--method top: ", "--quality"),
    ("-k 4 --method target", 2, "--method target: ", "--target"),
    ("-k 4 --kernel sinc", 2, "--kernel: ", "arccos1"),
    ("-k 4 --gamma sharp", 2, "--gamma: ", "auto:1000"),
    ("-k 4 --quality beauty", 2, "--quality: ", "output_tokens"),
    ("-k 4 --quality target", 2, "--quality target: ", "--target FILE"),
    ("-k 4 --lambda 0,0.5", 2, "--lambda: ", "no quality to weigh"),
    ("-k 4 --quality column:rating --lambda 2", 2, "--lambda: ", "0:1:0.1"),
    ("-k 4 --quality column:rating --lambda 0:1", 2, "--lambda: ", "0:1:0.1"),
    ("-k 4 --metrics beauty", 2, "--metrics: ", "vendi"),
    ("-k 4 --avoid-at 0.9", 2, "--avoid-at: ", "goes with --avoid"),
    ("-k 4 --avoid eval.jsonl --avoid-at 9", 2, "--avoid-at: ", "no cosine"),
    ("-k 4 --threshold 9", 2, "--threshold: ", "no cosine"),
    ("-k 4 --clusters 0", 2, "--clusters: ", "0 clusters"),
    ("-k 4 --out p.jsonl", 2, "--out p.jsonl: ", "something else"),
    ("-k 4 --out full", 2, "--out full: ", "something else"),
    ("-k 4 --avoid none.jsonl", 1, "none.jsonl: ", "no such file"),
    ("-k 4 --target none.npy --method target", 1, "none.npy: ", "no such file"),
    ("-k 4 --features array:none.npy", 1, "none.npy: ", "no such file"),
    ("-k 4 --quality column:size", 1, "size", "size"),
    ("-k 13 --avoid eval.npy --avoid-at 0.999", 1, "-k: ", "12 can be picked"),
]


@pytest.mark.parametrize(("words", "code", "where", "says"), BAD, ids=[one[0] for one in BAD])
def test_a_comparison_that_cannot_be_meant_is_refused(rows, spanset, words, code, where, says):
    np.save("eval.npy", np.load("own.npy")[:2])
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("mine")
    own = () if "--features" in words else OWN
    spanset.refuses(
        "compare", "p.jsonl", *own, *words.split(), code=code, where=where, says=(says,)
    )


def test_a_grid_of_more_than_a_hundred_choices_asks(rows, spanset, monkeypatch):
    words = (*COMPARE, "--quality", "column:rating,input_tokens", "--lambda", "0.01:0.51:0.01")
    spanset.refuses(
        *words, code=2, where="the grid: ", says=("102 choices", "51 lambdas"), fix="--yes"
    )
    ended = spanset.run(*words, "--yes", "--json", "--metrics", "vendi")
    assert len(json.loads(ended.out)["cells"]) == 105


def test_no_other_file_is_touched(rows, spanset):
    before = snapshot(Path())
    assert spanset.run(*COMPARE, "--out", "deep/er").code == 0
    after = snapshot(Path())
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in set(after) - set(before)} == {"deep"}


def test_lines_of_two_kernels_have_a_suggestion_each():
    points = [(0.0, 0.2, 1.0), (0.1, 0.21, 2.0), (0.5, 0.4, 2.1)]
    cells = [(f"{w}", "q" if w else None, w or None, [1, 2, 3, 4], ldd, q) for w, ldd, q in points]
    one = finished(*cells)
    other = finished(*cells, line="static, cosine")
    (alone,) = one.suggestions(4)
    assert (alone.line, alone.weight) == ("", 0.1)
    both = replace(one, cells=[*one.cells, *other.cells]).suggestions(4)
    assert [found.line for found in both] == ["static, rbf", "static, cosine"]
    assert {found.weight for found in both} == {0.1}


def test_a_gamma_without_its_kernel_is_refused(spanset):
    done = spanset.run(*COMPARE, "--kernel", "cosine", "--gamma", "0.5")
    assert done.code == 2
    assert "only rbf has a gamma" in done.err
