"""Several data sets as one: every row keeps its bytes and its place, numbers count on."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spanset
from spanset.data.joining import joined

# Rows of a file: usable, without an answer, and malformed.
KINDS = st.lists(
    st.lists(st.sampled_from(["row", "row", "chat", "empty", "bad"]), min_size=1, max_size=6),
    min_size=1,
    max_size=3,
)


def line(kind: str, number: int) -> bytes:
    rows = {
        "row": {"instruction": f"é{number}", "output": "x" * (number % 5 + 1)},
        "empty": {"instruction": f"e{number}", "output": ""},
        "chat": {"instruction": f"c{number}", "input": "\n", "output": "ü"},
    }
    if kind == "bad":
        return b'{"instruction": %d' % number
    return json.dumps(rows[kind], ensure_ascii=False).encode()


def read_sets(folder, sets):
    """Data sets of files of such rows, each file led by a row that can be used."""
    found, number = [], 0
    for s, files in enumerate(sets):
        paths = []
        for f, kinds in enumerate(files):
            path = folder / f"{s}-{f}.jsonl"
            lines = [line(kind, number + i) for i, kind in enumerate(["row", *kinds])]
            number += len(lines)
            path.write_bytes(b"".join(text + b"\n" for text in lines))
            paths.append(path)
        found.append(spanset.read(paths, on_bad_row="skip"))
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(KINDS, min_size=1, max_size=4))
def test_every_row_keeps_its_bytes_place_and_conversation(tmp_path_factory, sets):
    found = read_sets(tmp_path_factory.mktemp("sets"), sets)
    whole = joined(found)
    assert len(whole) == sum(map(len, found))
    assert whole.total == sum(one.total for one in found)
    start, first = 0, 0
    for one in found:
        for position in range(len(one)):
            place = start + position
            assert whole.raw(place) == one.raw(position)
            assert whole.where(place) == one.where(position)
            assert whole.row(place) == one.row(position)
            assert whole.conversation(place) == one.conversation(position)
            assert whole.ids[place] == one.ids[position] + first, "numbers count on"
        start, first = start + len(one), first + one.total
    assert (np.diff(whole.ids) > 0).all(), "as in one reading, ascending"
    assert whole.ids[-1] < whole.total


@settings(max_examples=30, deadline=None)
@given(st.lists(KINDS, min_size=1, max_size=4))
def test_joining_is_reading_all_files_at_once(tmp_path_factory, sets):
    """All but the numbers of rows left out, which count in their own reading."""
    found = read_sets(tmp_path_factory.mktemp("sets"), sets)
    whole = joined(found)
    paths = [source.name for one in found for source in one.sources]
    once = spanset.read(paths, on_bad_row="skip")
    for name in ("source", "start", "length", "line", "ids"):
        assert getattr(whole, name).tolist() == getattr(once, name).tolist(), name
        assert getattr(whole, name).dtype == np.int64
    assert [source.name for source in whole.sources] == paths
    assert [source.sha256 for source in whole.sources] == [s.sha256 for s in once.sources]
    assert [each.name for each in whole.formats] == [each.name for each in once.formats]
    for name in ("bad", "empty", "unrepresented"):
        places = [[(row.source, row.line) for row in getattr(d, name)] for d in (whole, once)]
        assert places[0] == places[1], name


def test_bad_rows_keep_file_line_and_reason(tmp_path):
    found = read_sets(tmp_path, [[["bad", "row"]], [["empty"], ["bad"]]])
    whole = joined(found)
    assert [row.reason for row in whole.bad] == [row.reason for one in found for row in one.bad]
    # Numbers count on over all sets, as those of the rows that are kept do.
    assert [row.row for row in whole.bad] == [
        found[0].bad[0].row,
        found[0].total + found[1].bad[0].row,
    ]
    assert [row.row for row in whole.empty] == [found[0].total + found[1].empty[0].row]
    assert [(row.source, row.line) for row in whole.bad] == [
        (str(tmp_path / "0-0.jsonl"), 2),
        (str(tmp_path / "1-1.jsonl"), 2),
    ]
    assert all(row.reason for row in whole.bad)


def test_joining_one_or_joined_ones_changes_nothing(tmp_path):
    found = read_sets(tmp_path, [[["row"]], [["empty", "row"]], [["row"], ["bad"]]])
    one = joined(found[:1])
    assert (len(one), one.total) == (len(found[0]), found[0].total)
    nested, flat = joined([joined(found[:2]), found[2]]), joined(found)
    for name in ("source", "start", "length", "line", "ids"):
        assert getattr(nested, name).tolist() == getattr(flat, name).tolist()
    assert nested.total == flat.total


def test_parts_of_data_sets_are_joined_as_they_are(tmp_path):
    """After rows were left out as not represented, numbers still count every row read."""
    found = read_sets(tmp_path, [[["row", "row", "row"]], [["row", "row"]]])
    part = found[0].without(np.array([1, 2]), ["too long", "too long"])
    whole = joined([part, found[1][[2, 0]]])
    assert whole.ids.tolist() == [0, 3, 6, 4]
    assert [whole.raw(i) for i in range(4)] == [
        found[0].raw(0),
        found[0].raw(3),
        found[1].raw(2),
        found[1].raw(0),
    ]
    assert [row.reason for row in whole.unrepresented] == ["too long", "too long"]


@pytest.mark.parametrize("empty_at", [0, 1, 2])
def test_a_data_set_without_rows_takes_no_place(tmp_path, empty_at):
    found = read_sets(tmp_path, [[["row"]], [["row"]], [["row"]]])
    found[empty_at] = found[empty_at][[]]
    whole = joined(found)
    assert len(whole) == 4
    assert whole.total == 6
    expected = [2 * s + i for s in range(3) if s != empty_at for i in range(2)]
    assert whole.ids.tolist() == expected


def test_containers_of_every_kind_are_joined(tmp_path):
    rows = [{"instruction": f"say {i}", "output": "ok"} for i in range(3)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text))
    sets = [
        spanset.read(tmp_path / "a.json"),
        spanset.read(tmp_path / "b.jsonl.gz"),
        spanset.read(rows),
    ]
    whole = joined(sets)
    assert [whole.row(i) for i in range(9)] == rows * 3
    assert whole.ids.tolist() == list(range(9))
    out = tmp_path / "all.jsonl"
    whole.write(out)
    assert [json.loads(text) for text in out.read_text().splitlines()] == rows * 3
