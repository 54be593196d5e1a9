"""`spanset select` end to end on small files: what is written, and that it is the same again."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF
from spanset.stores.user_cache import cached_stores


def files_of(folder):
    """Digest of every file that must not differ between equal runs."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(folder).iterdir()
        if path.name != "timings.json"
    }


@pytest.fixture
def run(sample, tmp_path, monkeypatch):
    """Run select on the sample in its folder; the run folder."""
    monkeypatch.chdir(tmp_path)

    def select(*flags, name="run"):
        assert main(["select", sample.name, "--run", name, *flags]) == 0
        return tmp_path / name

    return select


def test_the_run_folder_holds_what_the_design_says(run):
    folder = run("-k", "20", "--quality", "output_tokens")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "README.md",
        "config.toml",
        "dataset_info.json",
        "ids.txt",
        "manifest.json",
        "report.html",
        "selection.parquet",
        "subset.jsonl",
        "timings.json",
        "train_axolotl.yaml",
        "train_ms_swift.sh",
        "train_trl.py",
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows"] == {
        "read": 200,
        "usable": 200,
        "malformed": 0,
        "empty": 0,
        "unrepresented": 0,
        "avoided": 0,
        "picked": 20,
    }
    assert set(files_of(folder)) - {"manifest.json"} == set(manifest["files"])
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_ids_subset_and_table_tell_of_the_same_rows_in_rank_order(run, sample):
    folder = run("-k", "20")
    ids = [int(line) for line in (folder / "ids.txt").read_text().split()]
    lines = sample.read_bytes().split(b"\n")
    assert (folder / "subset.jsonl").read_bytes() == b"".join(lines[i] + b"\n" for i in ids)
    table = pq.read_table(folder / "selection.parquet").to_pydict()
    assert table["rank"] == list(range(1, 21))
    assert table["row"] == ids
    assert table["line"] == [i + 1 for i in ids]
    assert table["source"] == ["sample.jsonl"] * 20


def test_the_picks_are_those_of_the_textbook_loop_on_the_same_features(run, sample):
    folder = run("-k", "50", "--quality", "column:rating", "--lambda", "0.3")
    data = spanset.read(sample)
    X = spanset.represent(data)
    expected = reference_greedy(
        unit_rows(X, float),
        50,
        RBF(),
        log_quality=spanset.score(data, "column:rating"),
        quality_weight=0.3,
    )
    table = pq.read_table(folder / "selection.parquet").to_pydict()
    assert table["row"] == expected.order.tolist()
    np.testing.assert_allclose(table["gain"], expected.gains, atol=1e-9)


def test_equal_runs_write_equal_bytes_whatever_the_workers(run, tmp_path):
    flags = ["-k", "40", "--quality", "output_tokens", "--by", "topic"]
    folders = [run(*flags, "--workers", workers, name=f"w{workers}") for workers in ("1", "2")]
    one, two = map(files_of, folders)
    assert one["subset.jsonl"] == two["subset.jsonl"]
    assert one["selection.parquet"] == two["selection.parquet"]
    again = run(*flags, "--workers", "2", "--force", name="w2")
    assert files_of(again) == two


def test_a_run_can_be_repeated_from_its_configuration(run, tmp_path):
    first = run("-k", "30", "--quality", "column:rating:down", "--lambda", "0.2", "--seed", "3")
    config = str(first / "config.toml")
    assert main(["select", "--config", config, "--run", "again"]) == 0
    one, two = files_of(first), files_of(tmp_path / "again")
    for name in ("subset.jsonl", "selection.parquet", "ids.txt"):
        assert one[name] == two[name]
    assert main(["select", "--config", config, "--run", "more", "-k", "31"]) == 0
    assert len((tmp_path / "more" / "ids.txt").read_text().split()) == 31


def test_several_sizes_are_prefixes_of_one_order(run):
    folder = run("-k", "10,50", "-k", "10%")
    subsets = [(folder / f"subset-{size}.jsonl").read_bytes() for size in (10, 20, 50)]
    assert subsets[2].startswith(subsets[1])
    assert subsets[1].startswith(subsets[0])
    assert [subset.count(b"\n") for subset in subsets] == [10, 20, 50]


def test_sorting_by_source_keeps_the_rows_and_the_file_order(run):
    by_rank = (run("-k", "30") / "subset.jsonl").read_bytes().splitlines()
    by_source = (run("-k", "30", "--sort", "source", name="s") / "subset.jsonl").read_bytes()
    assert sorted(by_rank) == sorted(by_source.splitlines())
    numbers = [int(json.loads(row)["instruction"].split()[1]) for row in by_source.splitlines()]
    assert numbers == sorted(numbers)


def test_a_token_budget_is_kept(run):
    folder = run("--tokens", "500")
    table = pq.read_table(folder / "selection.parquet").to_pydict()
    assert 400 < sum(table["tokens"]) <= 500
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["stop_reason"] == "token budget used"


def test_given_rows_and_their_copies_are_not_picked(run, sample, tmp_path):
    rows = [json.loads(line) for line in sample.read_text().splitlines()]
    given = write_lines(tmp_path / "current.jsonl", rows[:150])
    folder = run("-k", "200", "--given", given.name)
    ids = sorted(int(line) for line in (folder / "ids.txt").read_text().split())
    assert ids == list(range(150, 200))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "no row is left" in manifest["stop_reason"]


def test_rows_left_out_are_listed_and_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(row) for row in make_rows(30)]
    lines[3] = '{"instruction": "broken"'
    lines[7] = json.dumps({"instruction": "nothing", "input": "", "output": " "})
    Path("mixed.jsonl").write_text("\n".join(lines))
    assert main(["select", "mixed.jsonl", "-k", "28", "--on-bad-row", "skip"]) == 0
    left_out = [
        json.loads(line) for line in Path("spanset-run/bad_rows.jsonl").read_text().splitlines()
    ]
    assert [(row["kind"], row["line"], row["row"]) for row in left_out] == [
        ("malformed", 4, 3),
        ("empty", 8, 7),
    ]
    ids = {int(line) for line in Path("spanset-run/ids.txt").read_text().split()}
    assert ids == set(range(30)) - {3, 7}


def test_an_array_of_rows_comes_back_as_an_array(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = make_rows(20)
    Path("rows.json").write_text(json.dumps(rows, indent=2))
    assert main(["select", "rows.json", "-k", "5"]) == 0
    subset = json.loads(Path("spanset-run/subset.json").read_text())
    ids = [int(line) for line in Path("spanset-run/ids.txt").read_text().split()]
    assert subset == [rows[i] for i in ids]


def test_the_subset_goes_where_it_is_told_and_the_run_beside_it(run, tmp_path, sample):
    assert main(["select", str(sample), "-k", "5", "-o", "best.jsonl.gz"]) == 0
    assert (tmp_path / "best.jsonl.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert "subset.jsonl" not in {path.name for path in (tmp_path / "best.run").iterdir()}


def test_standard_output_carries_rows_and_nothing_else(sample, capfdbinary):
    assert main(["select", str(sample), "-k", "5", "-o", "-"]) == 0
    out, err = capfdbinary.readouterr()
    assert len([json.loads(line) for line in out.splitlines()]) == 5
    assert b"log det" in err


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", ["dpp", "random", "top"])
def test_json_summary_compares_pool_picks_and_random(run, capsys, method, dtype):
    run(
        "-k",
        "40",
        "--json",
        "--quality",
        "output_tokens",
        "--method",
        method,
        "--dtype",
        dtype,
        "--by",
        "topic",
    )
    record = json.loads(capsys.readouterr().out)
    pool, picked, drawn = record["sets"]
    assert [one["name"] for one in record["sets"]] == ["pool", "picked", "random"]
    assert (pool["rows"], picked["rows"], drawn["rows"]) == (200, 40, 40)
    assert picked["log_det"] is not None
    if method == "dpp":
        assert picked["log_det"] > drawn["log_det"] + 3 * drawn["log_det_deviation"]
    assert sum(picked["shares"]["topic"].values()) == pytest.approx(1.0)


def test_a_dry_run_writes_nothing(run, tmp_path, capsys):
    before = set(tmp_path.iterdir())
    assert main(["select", "sample.jsonl", "-k", "10%", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "GiB available" in " ".join(out.split())
    assert "spanset-run" in out
    assert set(tmp_path.iterdir()) == before


def test_a_dry_run_counts_inputs_and_costs_as_numbers_and_makes_nothing(sample, tmp_path, capsys):
    write_lines(tmp_path / "more.jsonl", [{"question": "q", "answer": a} for a in ("a", "", "b")])
    write_lines(tmp_path / "given.jsonl", make_rows(7, seed=5))
    words = ["select", str(sample), str(tmp_path / "more.jsonl"), "-k", "10,50"]
    words += ["--given", str(tmp_path / "given.jsonl"), "--run", str(tmp_path / "r")]
    assert main([*words, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    counts = ("format", "container", "rows", "no_answer")
    assert [[one[name] for name in counts] for one in plan["inputs"]] == [
        ["alpaca", ".jsonl", 200, 0],
        ["question-answer", ".jsonl", 2, 1],
    ]
    assert (plan["picks"], plan["given"], plan["dimension"]) == ([10, 50], 7, 768)
    assert plan["memory_bytes"] > 202 * 57 * 8
    assert set(plan["seconds"]) == {"features", "selection"}
    assert min(plan["seconds"].values()) > 0
    assert plan["disk_bytes"]["features"] == 202 * 768 * 2
    assert not cached_stores()
    assert main(words) == 0
    capsys.readouterr()
    assert main([*words, "--force", "--dry-run", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["to_make"]["there"] == again["to_make"]["rows"] == 202
    assert again["seconds"]["features"] == 0
    assert again["disk_bytes"]["features"] == 0
    subsets = sum(path.stat().st_size for path in (tmp_path / "r").glob("subset-*.jsonl"))
    assert subsets < again["disk_bytes"]["subset"] < 2 * subsets, "picks are rather short"
    assert main([*words, "--force", "--dry-run"]) == 0
    assert "all 202 rows are in" in " ".join(capsys.readouterr().out.split())


def test_a_missing_given_file_shows_before_features_are_made(sample, tmp_path, capsys):
    assert main(["select", str(sample), "-k", "3", "--given", str(tmp_path / "none.jsonl")]) == 1
    assert "no such file" in capsys.readouterr().err
    assert not cached_stores()


def test_python_and_command_line_pick_the_same_rows(run, sample):
    folder = run("-k", "25", "--quality", "output_tokens", "--lambda", "0.1")
    data = spanset.read(sample)
    pick = spanset.select(data, k=25, quality="output_tokens", quality_weight=0.1)
    ids = [int(line) for line in (folder / "ids.txt").read_text().split()]
    assert data.ids[pick.order].tolist() == ids
    X = spanset.represent(data)
    log_q = spanset.score(data, "output_tokens")
    again = spanset.select(X, k=25, quality=log_q, quality_weight=0.1)
    assert again.order.tolist() == pick.order.tolist()


def test_a_dry_run_tells_given_rows_and_what_a_token_budget_may_hold(sample, tmp_path, capsys):
    given = write_lines(tmp_path / "given.jsonl", make_rows(7, seed=9))
    words = ["select", str(sample), "--tokens", "200", "--given", str(given), "--gamma", "auto:5"]
    assert main([*words, "--run", str(tmp_path / "run"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    lines = dict(line.split("  ", 1) for line in shown.splitlines() if line[:1].islower())
    assert lines["given"].strip() == "7 rows"
    assert 1 <= int(lines["picks"]) < 200
    assert "gamma found for 5 picks" in lines["kernel"]
    assert not (tmp_path / "run").exists()


def test_inputs_that_repeat_each_other_are_told(tmp_path, capsys):
    rows = make_rows(30, seed=1)
    write_lines(tmp_path / "a.jsonl", rows)
    write_lines(tmp_path / "b.jsonl", [*rows[:12], *make_rows(8, seed=2)])
    words = ["select", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"), "-k", "5"]
    assert main([*words, "--run", str(tmp_path / "r"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["repeats"]
    assert found["names"] == ["a", "b"]
    assert found["rows"] == [30, 20]
    assert found["exact"][1][0] == 12
    assert found["near"][1][0] >= 12 / 20
    assert main([*words, "--run", str(tmp_path / "s")]) == 0
    out = capsys.readouterr().out
    assert "Repeats" in out
    assert "(12)" in out
    assert main([*words[:2], *words[3:], "--run", str(tmp_path / "t")]) == 0
    assert "Repeats" not in capsys.readouterr().out, "one input repeats no other"
