"""`spanset verify`: runs that are the same when they are made again, and what it says of others."""

import gzip
import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.commands.method_rows import ROWS, TARGET, write_lines
from tests.commands.refusals import ARRAY, FEATURES, changed, check_message, make_run, snapshot

from spanset.base.file_digest import sha256_of
from spanset.commands.terminal.verify_lines import VerifyLines
from spanset.commands.terminal.watching import TerminalWatcher
from spanset.commands.verify import Verified
from spanset.runs import outputs

COLUMNS = 80


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """Folder for temporary files, which has to be empty when a test ends."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    yield folder
    assert list(folder.iterdir()) == [], "something was left in the temporary folder"


@pytest.fixture
def run(spanset):
    """A run of three picks, with a subset elsewhere."""
    make_run(spanset, "--run", "run", "-o", "subset.jsonl", "--quality", "column:rating")
    return spanset


def verify(spanset, *, code, name="run"):
    """What is told; nothing is changed, and the table is readable and says the same."""
    before = snapshot(Path())
    told = spanset.run("verify", name)
    ended = spanset.run("verify", name, "--json")
    assert snapshot(Path()) == before
    assert (told.code, ended.code) == (code, code), told.err + told.out
    assert (told.err, ended.err) == ("", "")
    lines = told.out.splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= COLUMNS
    record = json.loads(ended.out)
    assert record["verified"] is (code == 0)
    ticks = [line.split()[1] for line in lines if line.startswith("✓")]
    assert ticks == list(record["passed"])
    return record, " ".join(told.out.split())


def finds(spanset, part, *, where="", says="", cause="", passed=None, name="run"):
    record, told = verify(spanset, code=1, name=name)
    found = record["difference"]
    assert found["part"] == part, found
    assert where in found["where"], found
    assert says in found["what"], found
    assert cause in " | ".join(found["causes"]), found
    assert f"✗ {part}" in told
    assert passed is None or list(record["passed"]) == passed, record
    return found, told


def manifest():
    return json.loads(Path("run/manifest.json").read_text())


def edit(path, value):
    """Put a value into the manifest; None takes the key out."""
    whole = part = manifest()
    *way, last = path
    for key in way:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    Path("run/manifest.json").write_text(json.dumps(whole))


def agree(name):
    """Let the manifest have the digest that a file has now."""
    edit(("files", name), sha256_of(Path("run", name)))


def alter_selection(name, change):
    """Change a column of the selection, and the manifest with it."""
    path = "run/selection.parquet"
    table = pq.read_table(path)
    place = table.schema.names.index(name)
    values = change(table.column(name).to_numpy())
    pq.write_table(table.set_column(place, name, pa.array(values)), path)
    agree("selection.parquet")


def flip(path, place=-2):
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_run_that_is_the_same_is_told_with_what_was_checked(run):
    record, told = verify(run, code=0)
    assert list(record["passed"]) == ["files", "inputs", "picks", "subset", "manifest"]
    assert record["difference"] is None
    assert record["changed_software"] == []
    assert "3, the same rows in the same order; gains equal" in told
    assert "run: verified" in told


PLAIN = ("d.jsonl", "-k", "3", *ARRAY)
WORDS = ("p.jsonl", "--features", "lexical")


@pytest.mark.parametrize(
    "words",
    [
        ("d.jsonl", "-k", "2,4", *ARRAY),
        ("d.jsonl", "-k", "2,4", "-o", "s.jsonl", *ARRAY),
        (*PLAIN, "--to", "messages"),
        (*PLAIN, "-o", "s.parquet"),
        (*PLAIN, "-o", "s.csv"),
        (*PLAIN, "-o", "s.json.zst"),
        (*PLAIN, "-o", "s.jsonl.gz"),
        (*PLAIN, "-o", "-"),
        (*PLAIN, "-o", "/dev/null"),
        (*PLAIN, "--sort", "source"),
        (*PLAIN, "--given", "g.npy"),
        (*PLAIN, "--dtype", "float32"),
        (*PLAIN, "--kernel", "linear", "--no-normalize"),
        (*PLAIN, "--method", "random", "--seed", "7"),
        (*PLAIN, "--method", "kcenter"),
        (*PLAIN, "--method", "top", "--quality", "column:rating:down"),
        (*PLAIN, "--keep", "keep.txt"),
        ("d.jsonl", "--tokens", "60", *ARRAY),
        ("d.jsonl", "-k", "auto", *ARRAY),
        ("d.jsonl.gz", "-k", "3", *ARRAY),
        (*WORDS, "--method", "dedup", "--threshold", "0.9"),
        (*WORDS, "--method", "dedup", "--threshold", "0.9", "--given", "t.jsonl"),
        (*WORDS, "-k", "4", "--quality", "target", "--target", "t.jsonl", "--draws", "2"),
        (*WORDS, "-k", "4", "--avoid", "t.jsonl", "--share", "topic:maths=1..2"),
        ("p.jsonl", "bad.jsonl", "-k", "4", "--features", "lexical", "--on-bad-row", "skip"),
    ],
    ids=" ".join,
)
def test_every_kind_of_run_is_the_same_again(spanset, words):
    write_lines("p.jsonl", ROWS)
    write_lines("t.jsonl", TARGET)
    Path("bad.jsonl").write_text(json.dumps(ROWS[0] | {"instruction": "Sing"}) + "\n{broken\n")
    Path("keep.txt").write_text("6\n")
    Path("d.jsonl.gz").write_bytes(gzip.compress(Path("d.jsonl").read_bytes()))
    np.save("g.npy", FEATURES[:2] + 0.5)
    draws = () if "--draws" in words else ("--draws", "0")
    ended = spanset.run("select", *words, "--run", "run", *draws)
    assert ended.code == 0, ended.err
    verify(spanset, code=0)


def make_full_run(spanset):
    """A run whose folder has every file that there may be."""
    rows = write_lines("p.jsonl", ROWS)
    Path("bad.jsonl").write_text(json.dumps(ROWS[0] | {"instruction": "Sing"}) + "\n{broken\n")
    words = ("--features", "lexical", "--on-bad-row", "skip", "--method", "dedup", "--run", "run")
    assert spanset.run("select", rows, "bad.jsonl", *words, "--draws", "0").code == 0


COVERED = (
    "README.md",
    "bad_rows.jsonl",
    "config.toml",
    "dataset_info.json",
    "ids.txt",
    "repeats.parquet",
    "report.html",
    "selection.parquet",
    "subset.jsonl",
    "train_axolotl.yaml",
    "train_ms_swift.sh",
    "train_trl.py",
)


@pytest.mark.parametrize("name", COVERED)
def test_one_changed_byte_in_a_file_of_the_folder_is_found(spanset, name):
    make_full_run(spanset)
    assert sorted(manifest()["files"]) == list(COVERED), "a file that this test does not know"
    flip(Path("run", name))
    finds(spanset, "files", where=f"run/{name}", says="not as the run wrote it", passed=[])
    Path("run", name).unlink()
    finds(spanset, "files", where=f"run/{name}", says="not there", passed=[])


@pytest.mark.parametrize("name", ["s-2.jsonl", "s-4.jsonl"])
def test_one_changed_byte_in_a_subset_elsewhere_is_found(spanset, name):
    words = ("-k", "2,4", "-o", "s.jsonl", "--run", "run", "--draws", "0")
    assert spanset.run("select", "d.jsonl", *words, *ARRAY).code == 0
    flip(Path(name))
    finds(spanset, "files", where=name, says="not as the run wrote it", passed=[])
    Path(name).unlink()
    finds(spanset, "files", where=name, says="not there", passed=[])


def test_a_file_that_the_run_did_not_write_is_found(run):
    Path("run/more.html").write_text("")
    finds(run, "files", where="run/more.html", says="none that the run wrote")


def test_a_page_made_later_is_no_difference(spanset):
    words = ("-k", "4", "--run", "run", "--draws", "0", "--no-report")
    assert spanset.run("select", "d.jsonl", *words, *ARRAY).code == 0
    assert spanset.run("report", "run").code == 0
    verify(spanset, code=0)


def test_seconds_are_not_covered(run):
    Path("run/timings.json").write_text("{}")
    verify(run, code=0)


@pytest.mark.parametrize(
    ("way", "value", "part"),
    [
        (("rows", "read"), 9, "manifest"),
        (("rows", "avoided"), 1, "manifest"),
        (("stop_reason",), "rank used up", "manifest"),
        (("smallest_margin",), 0.5, "manifest"),
        (("ties",), 1, "manifest"),
        (("ties",), None, "manifest"),
        (("ties",), "nothing", "manifest"),
        (("seed",), 1, "manifest"),
        (("seed",), False, "manifest"),
        (("features", "file"), "y.npy", "manifest"),
        (("features", "more"), 1, "manifest"),
        (("quality", "lambda"), 0.2, "manifest"),
        (("kernel", "gamma"), 0.5, "manifest"),
        (("tokens_counted_by",), "guess", "manifest"),
        (("diagnosis",), ["a sign"], "manifest"),
        (("inputs", 0, "format"), "messages", "manifest"),
        (("inputs", 0, "name"), "e.jsonl", "inputs"),
        (("inputs", 0, "sha256"), "0", "inputs"),
        (("inputs",), [], "inputs"),
        (("subsets",), [], "subset"),
        (("subsets",), None, "subset"),
        (("subsets", 0, "name"), "d.jsonl", "files"),
        (("subsets", 0, "sha256"), "0", "files"),
        (("files", "ids.txt"), "0", "files"),
        (("files", "ids.txt"), None, "files"),
        (("files", "more.txt"), "0", "files"),
        (("complete",), False, "replay"),
        (("kernel",), 3, "files"),
        (("subsets",), 3, "files"),
        (("subsets", 0, "name"), 3, "files"),
        (("subsets", 0, "name"), "\0", "files"),
        (("inputs", 0, "name"), "\ud800", "inputs"),
        (("inputs", 0, "name"), "x" * 5000, "inputs"),
    ],
)
def test_an_altered_value_of_the_manifest_is_found(run, way, value, part):
    edit(way, value)
    found, _ = finds(run, part)
    if part == "manifest":
        assert way[-1] in found["what"]
        assert "altered" in found["causes"][0]


def test_the_last_digit_of_the_smallest_margin_is_found(run):
    edit(("smallest_margin",), float(np.nextafter(manifest()["smallest_margin"], 1)))
    finds(run, "manifest", says="smallest_margin")


def test_a_subset_that_is_said_to_have_gone_to_a_stream_is_found(run):
    text = Path("run/manifest.json").read_text().replace('"name": "subset.jsonl"', '"name": null')
    Path("run/manifest.json").write_text(text)
    finds(run, "subset", says="a stream")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", "[" * 100_000, "\udcff"])
def test_a_manifest_that_is_no_object_is_told_and_not_raised(run, text):
    Path("run/manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    finds(run, "files", where="manifest.json", passed=[])


def test_what_is_no_run_folder_is_wrong_usage(run):
    Path("folder").mkdir()
    Path("store").mkdir()
    Path("store/manifest.json").write_text('{"complete": true}')
    for name in ("folder", "nothing", "d.jsonl", "store"):
        run.refuses("verify", name, code=2, where=name, fix="run folder")


def test_a_changed_input_is_named_and_one_that_is_gone(run):
    Path("d.jsonl").write_bytes(Path("d.jsonl").read_bytes() + b"\n")
    finds(run, "inputs", where="d.jsonl", says="not what it was", passed=["files"])
    Path("d.jsonl").unlink()
    finds(run, "inputs", where="d.jsonl", says="not there", passed=["files"])


def test_another_file_that_a_pattern_finds_now_is_named(spanset):
    rows = Path("d.jsonl").read_bytes().splitlines(keepends=True)
    Path("e1.jsonl").write_bytes(b"".join(rows[:6]))
    words = ("-k", "2", "--method", "random", "--run", "run", "--draws", "0")
    assert spanset.run("select", "e*.jsonl", *words, "--features", "lexical").code == 0
    Path("e2.jsonl").write_bytes(b"".join(rows[6:]))
    finds(spanset, "inputs", where="e2.jsonl", cause="added")


def test_another_array_is_told_by_the_first_pick_that_is_another_row(spanset):
    make_run(spanset, "--run", "run")
    before = [int(line) for line in Path("run/ids.txt").read_text().split()]
    kept = FEATURES.copy()
    kept[before[1]] = FEATURES[before[0]] + 0.01  # the second pick is near the first one now
    np.save("x.npy", kept)
    found, told = finds(
        spanset, "picks", where="run/selection.parquet", says="pick 2 of 3", cause="array x.npy"
    )
    pick = found["pick"]
    assert (pick["rank"], pick["near_tie"]) == (2, False)
    assert (pick["then"]["row"], pick["then"]["line"]) == (before[1], before[1] + 1)
    assert pick["now"]["row"] != before[1]
    assert pick["then"]["gain"] > pick["now"]["gain"]
    assert pick["smallest_margin"] == manifest()["smallest_margin"]
    assert f"then d.jsonl:{before[1] + 1}, row {before[1]}, gain" in told
    assert "near tie no" in told


def test_an_array_that_moves_gains_alone_is_told_by_the_first_gain(spanset):
    make_run(spanset, "--run", "run")
    last = int(Path("run/ids.txt").read_text().split()[2])
    np.save("x.npy", changed(FEATURES, last, FEATURES[last] + 1e-4))
    found, _ = finds(spanset, "picks", says="line 3: gain is", cause="array x.npy")
    assert found["pick"] is None


def test_rows_that_tie_are_told_as_such(spanset):
    rows = np.eye(8)
    np.save("x.npy", rows)
    make_run(spanset, "--run", "run")
    np.save("x.npy", changed(rows, 1, rows[1] + 1e-4 * rows[0]))  # all others are as far as before
    found, told = finds(spanset, "picks", says="pick 2 of 3", cause="rounding")
    assert found["pick"]["near_tie"] is True
    assert "near tie yes" in told


@pytest.mark.parametrize(
    ("key", "name"), [("versions", "numpy"), ("versions", "spanset"), (None, "processor")]
)
def test_another_version_is_a_cause_where_picks_differ_and_none_where_they_do_not(run, key, name):
    edit((name,) if key is None else (key, name), "0.0.1")
    record, told = verify(run, code=0)
    assert record["changed_software"][0].startswith(f"{name} 0.0.1 then, ")
    assert f"Other now: {name} 0.0.1 then" in told
    np.save("x.npy", FEATURES[::-1])
    found, _ = finds(run, "picks", cause=f"another version or machine: {name} 0.0.1 then")
    assert "array x.npy" in found["causes"][-1]


def test_gains_may_differ_by_rounding_on_another_machine_alone(run):
    alter_selection("gain", lambda gains: gains * (1 + 1e-9))
    finds(run, "picks", says="gain is", cause="rounding")
    edit(("processor",), "another")
    edit(("smallest_margin",), manifest()["smallest_margin"] * (1 + 1e-9))
    _, told = verify(run, code=0)
    assert "gains within 1e-09" in told
    alter_selection("gain", lambda gains: gains * (1 + 1e-5))
    finds(run, "picks", says="gain is", cause="processor")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("row", lambda rows: rows[::-1].copy()),
        ("rank", lambda ranks: ranks + 1),
        ("line", lambda lines: lines + 1),
        ("source", lambda names: ["e.jsonl"] * len(names)),
        ("source", lambda names: list(range(len(names)))),
        ("gain", lambda gains: gains * 2),
        ("score", lambda scores: scores + 1e-3),
        ("log_quality", lambda values: values + 1e-3),
        ("tokens", lambda tokens: tokens + 1),
        ("tokens", lambda tokens: [None] * len(tokens)),
    ],
)
def test_a_selection_altered_with_its_digest_is_found(run, name, change):
    alter_selection(name, change)
    finds(run, "picks", where="run/selection.parquet", cause="both altered" * (name != "row"))


@pytest.mark.parametrize("name", ["ids.txt", "bad_rows.jsonl", "repeats.parquet", "subset.jsonl"])
def test_other_files_altered_with_their_digest_are_found(spanset, name):
    make_full_run(spanset)
    flip(Path("run", name))
    agree(name)
    part = {"repeats.parquet": "replay", "subset.jsonl": "subset"}.get(name, "files")
    if name == "subset.jsonl":
        edit(("subsets", 0, "sha256"), manifest()["files"][name])
    finds(spanset, part, where=name)


def test_settings_altered_with_their_digest_are_found(run):
    path = Path("run/config.toml")
    before = path.read_text()
    path.write_text(before.replace("column:rating", "column:rating:down"))
    assert path.read_text() != before
    agree("config.toml")
    found, _ = finds(run, "picks", says="pick 1 of 3", cause="quality.name column:rating then")
    assert found["causes"][0].endswith("column:rating:down now")


@pytest.mark.parametrize("flag", ["--given", "--target", "--avoid"])
def test_files_beside_the_data_are_named_where_picks_differ(spanset, flag):
    rows = write_lines("p.jsonl", ROWS)
    write_lines("b.jsonl", ROWS[2:4])
    more = ("--quality", "target") if flag == "--target" else ()
    words = ("-k", "6", "--features", "lexical", flag, "b.jsonl", "--run", "run", "--draws", "0")
    assert spanset.run("select", rows, *words, *more).code == 0
    verify(spanset, code=0)
    write_lines("b.jsonl", ROWS[7:9])
    finds(spanset, "picks", cause=f"{flag} b.jsonl", passed=["files", "inputs"])
    Path("b.jsonl").unlink()
    finds(spanset, "replay", where="b.jsonl", says="no such file", passed=["files"])


def test_an_array_that_is_gone_is_told(run):
    Path("x.npy").unlink()
    finds(run, "replay", where="x.npy", says="no such file", passed=["files"])


@pytest.mark.parametrize("setting", ["", 'target = "-"', 'avoid = ["-"]', 'given = "-"'])
def test_a_run_that_read_standard_input_has_its_files_checked_alone(run, setting):
    config = Path("run/config.toml")
    if setting:
        config.write_text(f"{config.read_text()}{setting}\n")
    else:
        config.write_text(config.read_text().replace('"d.jsonl"', '"-"'))
    agree("config.toml")
    finds(run, "replay", says="standard input", passed=["files"])
    flip(Path("run/ids.txt"))
    finds(run, "files", where="ids.txt")


def test_a_gamma_that_is_sought_is_found_again(spanset):
    make_run(spanset, "--run", "run", "--gamma", "auto:3")
    assert spanset.run("verify", "run").code == 0
    edit(("kernel", "gamma"), 0.5)
    assert "kernel.gamma is 0.5" in " ".join(spanset.run("verify", "run").out.split())


def test_a_run_that_was_interrupted_has_its_files_checked_alone(run):
    edit(("complete",), False)
    finds(run, "replay", says="interrupted", passed=["files"])


def test_ctrl_c_while_it_is_made_again_says_nothing_of_the_run(run, monkeypatch):
    monkeypatch.setattr(TerminalWatcher, "cancelled", lambda self: True)
    ended = run.run("verify", "run")
    assert (ended.code, ended.out) == (130, "")


def test_a_full_disk_is_an_error_and_no_finding(run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outputs.run_folder, "fill", full)
    ended = run.run("verify", "run")
    assert (ended.code, ended.out) == (1, "")
    check_message(ended.err, says=("No space left",), fix="free some space")


def test_subsets_are_sought_from_the_folder_that_the_run_was_started_in(run, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree("run", "elsewhere/run")
    monkeypatch.chdir(tmp_path / "elsewhere")
    found, _ = finds(run, "files", where="subset.jsonl", says="not there")
    assert "started in" in found["fix"]


def test_names_cannot_drive_the_terminal(run):
    edit(("features", "\x1b[31m"), 1)
    _, told = finds(run, "manifest")
    assert "\x1b" not in told


def test_a_terminal_without_ticks_gets_words(run):
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(width=COLUMNS, file=file).print(VerifyLines(Verified("run", {"files": "3"})))
    file.seek(0)
    assert file.read().startswith("ok  files  3")
