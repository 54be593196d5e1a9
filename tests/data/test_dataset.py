from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from spanset.base.errors import DataError, UsageError
from spanset.data.containers import sources
from spanset.data.reader import read
from spanset.data.rows import BadRow


def row_of(name: str) -> dict:
    return {"question": f"q{name}", "answer": f"a{name}"}


def line_of(name: str) -> str:
    return json.dumps(row_of(name)) + "\n"


EMPTY = '{"question": "q", "answer": ""}\n'
BROKEN = '{"question": "q", "answer": \n'


def in_file(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def answers(data) -> list[str]:
    return [conversation.answer for conversation in data.conversations()]


# Several files


def test_files_are_read_in_the_order_given(tmp_path):
    b = in_file(tmp_path / "b.jsonl", line_of("b1"), line_of("b2"))
    a = in_file(tmp_path / "a.json", json.dumps([row_of("a1"), row_of("a2")], indent=2))
    c = tmp_path / "c.jsonl.gz"
    c.write_bytes(gzip.compress(line_of("c1").encode()))
    data = read([b, str(a), c])
    assert answers(data) == ["ab1", "ab2", "aa1", "aa2", "ac1"]
    assert data.ids.tolist() == [0, 1, 2, 3, 4]
    assert data.total == len(data) == 5


def test_every_row_knows_its_file_and_line(tmp_path):
    b = in_file(tmp_path / "b.jsonl", "\n", line_of("1"), "\n", line_of("2"))
    a = in_file(tmp_path / "a.json", json.dumps([row_of("3"), row_of("4")], indent=2))
    data = read([b, a])
    assert data.line.tolist() == [2, 4, 2, 6]
    assert data.source.tolist() == [0, 0, 1, 1]
    wheres = [f"{b}:2", f"{b}:4", f"{a}:2", f"{a}:6"]
    assert [data.where(position) for position in range(4)] == wheres


def test_files_of_different_formats_are_read_together(tmp_path):
    a = in_file(tmp_path / "a.jsonl", line_of("1"))
    b = in_file(
        tmp_path / "b.jsonl", '{"instruction": "q", "output": "a2", "answer": "not this"}\n'
    )
    data = read([a, b])
    assert [format.name for format in data.formats] == ["question-answer", "alpaca"]
    assert answers(data) == ["a1", "a2"]


def test_glob_is_sorted_and_stands_in_its_place(tmp_path):
    for name in ("b", "a", "c"):
        in_file(tmp_path / f"{name}.jsonl", line_of(name))
    deep = tmp_path / "x" / "y" / "z"
    deep.mkdir(parents=True)
    in_file(deep / "d.jsonl", line_of("d"))
    last = in_file(tmp_path / "0.json", json.dumps([row_of("0")]))
    data = read([str(tmp_path / "*.jsonl"), str(tmp_path / "x" / "**" / "*.jsonl"), last])
    assert answers(data) == ["aa", "ab", "ac", "ad", "a0"]


def test_file_whose_name_looks_like_a_glob_is_itself(tmp_path):
    in_file(tmp_path / "rows1.jsonl", line_of("other"))
    path = in_file(tmp_path / "rows[1].jsonl", line_of("this"))
    assert answers(read(str(path))) == ["athis"]


def test_glob_that_matches_nothing_is_an_error(tmp_path):
    pattern = str(tmp_path / "*.jsonl")
    with pytest.raises(DataError, match="no file matches") as raised:
        read(pattern)
    assert raised.value.where == pattern


@pytest.mark.parametrize("again", ["same", "spelled otherwise", "glob", "link", "linked folder"])
def test_same_file_twice_is_wrong_usage(tmp_path, monkeypatch, again):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = in_file(folder / "rows.jsonl", line_of("1"))
    (tmp_path / "link.jsonl").symlink_to(path)
    (tmp_path / "other").symlink_to(folder)
    monkeypatch.chdir(folder)
    second = {
        "same": str(path),
        "spelled otherwise": "../folder/./rows.jsonl",
        "glob": str(folder / "*.jsonl"),
        "link": str(tmp_path / "link.jsonl"),
        "linked folder": str(tmp_path / "other" / "rows.jsonl"),
    }[again]
    with pytest.raises(UsageError, match="same file is given twice"):
        read([path, second])


def test_equal_files_are_two_files(tmp_path):
    paths = [in_file(tmp_path / name, line_of("1")) for name in ("a.jsonl", "b.jsonl")]
    assert len(read(paths)) == 2


def test_no_data_is_wrong_usage():
    with pytest.raises(UsageError, match="no data"):
        read([])


# Rows that are left out


def test_row_numbers_count_every_row(tmp_path):
    a = in_file(tmp_path / "a.jsonl", BROKEN, line_of("1"), "\n", EMPTY, "[]\n", line_of("4"))
    b = in_file(tmp_path / "b.jsonl", EMPTY, line_of("6"))
    data = read([a, b], on_bad_row="skip")
    assert data.ids.tolist() == [1, 4, 6], "numbers do not fit datasets.select if rows are skipped"
    assert data.line.tolist() == [2, 6, 2]
    assert data.total == 7
    assert [(row.source, row.line, row.row) for row in data.bad] == [(str(a), 1, 0), (str(a), 5, 3)]
    assert [(row.source, row.line, row.row) for row in data.empty] == [
        (str(a), 4, 2),
        (str(b), 1, 5),
    ]


MALFORMED = [
    (BROKEN, "invalid JSON"),
    ("[1, 2]\n", "not an object"),
    ("7\n", "not an object"),
    ('{"question": "q"}\n', "not the fields of question-answer rows"),
    ('{"instruction": "q", "output": "a"}\n', "not the fields of question-answer rows"),
    ('{"question": "q", "answer": NaN}\n', "field 'answer' is NaN"),
    ('{"question": {}, "answer": "a"}\n', "field 'question' is an object"),
]


@pytest.mark.parametrize(("line", "said"), MALFORMED)
def test_malformed_row_stops_with_its_file_line_and_reason(tmp_path, line, said):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), "\n", line, line_of("2"))
    with pytest.raises(DataError, match=said) as raised:
        read(path)
    assert raised.value.where == f"{path}:3"
    assert "--on-bad-row skip" in raised.value.fix


@pytest.mark.parametrize(("line", "said"), MALFORMED)
def test_malformed_row_is_skipped_and_listed(tmp_path, line, said):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), "\n", line, line_of("2"))
    data = read(path, on_bad_row="skip")
    assert answers(data) == ["a1", "a2"]
    (bad,) = data.bad
    assert bad == BadRow(str(path), 3, 1, bad.reason)
    assert said in bad.reason


def test_array_s_rows_of_another_kind_are_skipped_one_by_one(tmp_path):
    rows = [row_of("1"), 7, "text", None, [], row_of("2"), {"question": "q"}]
    path = in_file(tmp_path / "rows.json", json.dumps(rows, indent=1))
    data = read(path, on_bad_row="skip")
    assert data.ids.tolist() == [0, 5]
    assert [row.row for row in data.bad] == [1, 2, 3, 4, 6]


def test_broken_array_cannot_be_skipped(tmp_path):
    path = in_file(tmp_path / "rows.json", "[\n", line_of("1"), ",\n{]")
    with pytest.raises(DataError, match="invalid JSON") as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == f"{path}:4"


@pytest.mark.parametrize("answer", ['""', "null", '" \\n\\t"'])
def test_row_without_an_answer_is_left_out_and_listed(tmp_path, answer):
    empty = f'{{"question": "q", "answer": {answer}}}\n'
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), empty, line_of("2"))
    data = read(path)
    assert answers(data) == ["a1", "a2"]
    assert data.empty == (BadRow(str(path), 2, 1, "no answer"),)
    assert data.bad == ()


def test_conversation_without_an_assistant_has_no_answer(tmp_path):
    row = '{"messages": [{"role": "user", "content": "Q"}]}\n'
    path = in_file(tmp_path / "rows.jsonl", row, row.replace("user", "assistant"))
    assert [empty.line for empty in read(path).empty] == [1]


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [("c", "", "its rejected side is empty"), ("c", " \n", "its rejected side is empty"),
     ("", "r", "its chosen side is empty"), (None, "r", "its chosen side is empty")],
)  # fmt: skip
def test_a_pair_with_an_empty_side_is_left_out_and_listed(chosen, rejected, reason):
    fine = {"prompt": "p", "chosen": "c", "rejected": "r"}
    data = read([fine, {"prompt": "p", "chosen": chosen, "rejected": rejected}, fine])
    assert data.ids.tolist() == [0, 2]
    assert [row.reason for row in data.empty] == [reason]


def test_a_later_empty_answer_makes_the_side_empty_whatever_was_said_before():
    """As in hh-rlhf: the assistant answers earlier questions, and says nothing to the last."""
    before = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    asked = [*before, {"role": "user", "content": "c"}]
    sides = [[*asked, {"role": "assistant", "content": text}] for text in ("", "no")]
    with pytest.raises(DataError, match="its chosen side is empty"):
        read([{"chosen": sides[0], "rejected": sides[1]}], on_empty="error")


def test_row_without_an_answer_stops_where_asked(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), EMPTY)
    with pytest.raises(DataError, match="no answer") as raised:
        read(path, on_empty="error")
    assert raised.value.where == f"{path}:2"


@pytest.mark.parametrize("policy", ["on_bad_row", "on_empty"])
def test_unknown_policy_is_wrong_usage(tmp_path, policy):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"), EMPTY)
    with pytest.raises((UsageError, DataError)) as raised:
        read(path, **{policy: "nonsense"})
    assert isinstance(raised.value, UsageError), "it is taken for another policy without a word"
    assert "nonsense" in str(raised.value)


# Formats


def test_format_of_a_file_is_of_its_first_readable_row(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", BROKEN, "[]\n", line_of("1"))
    data = read(path, on_bad_row="skip")
    assert data.formats[0].name == "question-answer"
    assert len(data) == 1


def test_format_can_be_named(tmp_path):
    row = '{"question": "q", "answer": "wrong", "prompt": "p", "completion": "right"}\n'
    path = in_file(tmp_path / "rows.jsonl", row)
    assert answers(read(path, format="question-answer")) == ["wrong"]
    assert answers(read(path)) == ["right"]


def test_unknown_format_name_is_wrong_usage(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"))
    with pytest.raises(UsageError, match="no format 'chatml'") as raised:
        read(path, format="chatml")
    assert "messages" in raised.value.fix


@pytest.mark.parametrize("on_bad_row", ["stop", "skip"])
def test_unknown_format_lists_the_fields_seen(tmp_path, on_bad_row):
    path = in_file(tmp_path / "rows.jsonl", "\n", '{"frage": "q", "antwort": "a"}\n')
    with pytest.raises(DataError, match="not recognised") as raised:
        read(path, on_bad_row=on_bad_row)
    assert raised.value.where == f"{path}:2"
    assert "frage, antwort" in raised.value.why
    assert "--map" in raised.value.fix


def test_unknown_fields_are_read_when_mapped(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", '{"frage": "q", "antwort": "a"}\n')
    data = read(path, mapping={"prompt": "frage", "answer": "antwort"})
    (conversation,) = data.conversations()
    assert (conversation.prompt, conversation.answer) == ("q", "a")


@pytest.mark.parametrize(
    "pair",
    [
        '{"chosen": "Human: q\\n\\nAssistant: a", "rejected": "Human: q\\n\\nAssistant: b"}\n',
        '{"prompt": "q", "completion": "", "chosen": "a", "rejected": "b"}\n',
        '{"instruction": "q", "output": "a", "chosen": "a", "rejected": "b"}\n',
    ],
)
def test_answer_of_a_preference_pair_is_the_chosen_one(tmp_path, pair):
    data = read(in_file(tmp_path / "rows.jsonl", pair))
    (conversation,) = data.conversations()
    assert (conversation.prompt, conversation.answer) == ("q", "a")
    assert conversation.rejected == (("assistant", "b"),)


# A row that is not of its file's format


MIXED = '{"instruction": "q", "output": "a"}\n'


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ('{"instruction": "q", "output": "a", "chosen": "a", "rejected": "b"}\n', "preference"),
        ('{"instruction": "q", "output": ["a", "b"]}\n', "preference"),
        ('{"instruction": "q", "output": "a", "label": false}\n', "kto"),
        ('{"instruction": "q", "output": "a", "messages": []}\n', "messages"),
        ('{"question": "q", "answer": "a"}\n', "question-answer"),
        ('{"text": "a"}\n', "text"),
    ],
)
def test_row_of_another_format_is_named_and_never_read_as_its_file_s(tmp_path, row, found):
    path = in_file(tmp_path / "rows.jsonl", MIXED, row, MIXED)
    with pytest.raises(DataError, match="not the fields of alpaca rows") as raised:
        read(path)
    assert raised.value.where == f"{path}:2"
    assert f"like {found} rows" in raised.value.what
    for way_out in ("files of their own", "--format", "--map", "--on-bad-row skip"):
        assert way_out in raised.value.fix
    data = read(path, on_bad_row="skip")
    assert len(data) == 2
    (bad,) = data.bad
    assert (bad.line, f"like {found} rows" in bad.reason) == (2, True)


def test_row_that_only_lacks_a_field_is_to_be_mended(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", MIXED, '{"instruction": "q", "answr": "a"}\n')
    with pytest.raises(DataError, match="it has instruction, answr") as raised:
        read(path)
    assert raised.value.fix.startswith("mend the row")


def test_format_that_is_named_is_read_whatever_else_a_row_holds(tmp_path):
    row = '{"instruction": "q", "output": "a", "chosen": "c", "rejected": "b"}\n'
    data = read(in_file(tmp_path / "rows.jsonl", MIXED, row), format="alpaca")
    assert answers(data) == ["a", "a"]


# Nothing to read


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        ("[]", "0 rows read, 0 malformed, 0 without an answer"),
        (EMPTY + EMPTY, "2 rows read, 0 malformed, 2 without an answer"),
        (BROKEN + EMPTY + BROKEN, "3 rows read, 2 malformed, 1 without an answer"),
    ],
)
def test_no_usable_row_is_an_error_with_the_counts(tmp_path, content, counts):
    path = in_file(tmp_path / "rows.jsonl", content)
    with pytest.raises(DataError, match=counts) as raised:
        read(path, on_bad_row="skip")
    assert raised.value.where == str(path)


def test_empty_file_among_others_is_named(tmp_path):
    full = in_file(tmp_path / "full.jsonl", line_of("1"))
    empty = in_file(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="the file is empty") as raised:
        read([full, empty])
    assert raised.value.where == str(empty)


def test_array_without_rows_among_others_is_no_error(tmp_path):
    empty = in_file(tmp_path / "empty.json", "[]")
    full = in_file(tmp_path / "full.jsonl", line_of("1"))
    data = read([empty, full])
    assert answers(data) == ["a1"]
    assert data.where(0) == f"{full}:1"


# Rows in memory


def test_rows_in_memory_are_read():
    rows = [row_of("1"), {**row_of("2"), "more": {"é\u2028": [1.5, None, True, 10**30]}}]
    data = read(rows)
    assert [data.row(position) for position in range(2)] == rows
    assert data.ids.tolist() == [0, 1]
    assert answers(read(row for row in rows)) == ["a1", "a2"]


def test_lone_surrogates_in_memory_are_kept():
    rows = [{"question": "é\ud800", "answer": "\udfff"}, row_of("2")]
    data = read(rows)
    assert [data.row(position) for position in range(2)] == rows


def test_nan_in_memory_is_carried_along_where_it_is_not_used():
    data = read([{**row_of("1"), "score": float("nan")}])
    assert np.isnan(data.row(0)["score"])


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", np.float32(1), object()])
def test_value_that_is_not_json_is_named_with_its_row(value):
    with pytest.raises(DataError, match="cannot be written as JSON") as raised:
        read([row_of("0"), {**row_of("1"), "more": value}])
    assert raised.value.where == "row 1"


@pytest.mark.parametrize("data", [[1, 2], [row_of("1"), "rows.jsonl"], [None]])
def test_neither_paths_nor_rows_is_wrong_usage(data):
    with pytest.raises(UsageError, match="neither paths nor rows"):
        read(data)


# Choosing rows


@pytest.fixture
def data(tmp_path):
    path = in_file(tmp_path / "rows.jsonl", EMPTY, *(line_of(str(n)) for n in range(5)), BROKEN)
    return read(path, on_bad_row="skip")


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([3, 0], [3, 0]),
        (np.array([4, 1, 2], dtype=np.int32), [4, 1, 2]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -1), [4, 3, 2, 1, 0]),
        (np.array([True, False, False, True, False]), [0, 3]),
        (2, [2]),
        (-1, [4]),
        (np.array([], dtype=np.int64), []),
        ([], []),
    ],
    ids=["list", "array", "slice", "reversed", "mask", "one", "last", "none", "empty list"],
)
def test_rows_are_chosen_in_the_order_given(data, rows, chosen):
    subset = data[rows]
    assert answers(subset) == [f"a{number}" for number in chosen]
    assert subset.ids.tolist() == [number + 1 for number in chosen]
    assert subset.line.tolist() == [number + 2 for number in chosen]
    assert (subset.total, subset.bad, subset.empty) == (data.total, data.bad, data.empty)


def test_a_choice_of_a_choice_is_a_choice(data):
    assert answers(data[[4, 2, 0]][[2, 0]]) == ["a0", "a4"]


def test_no_such_row_is_an_error(data):
    with pytest.raises(IndexError):
        data[[5]]


def test_a_row_comes_back_byte_for_byte(tmp_path):
    texts = [
        r'{"answer":"\u0041\/",  "question" : "q", "n": 1.50, "n": -0, "big": 1234567890123456789}',
        r'{"question":"é\ud800","answer":"漢","nan":NaN}',
    ]
    lines = in_file(tmp_path / "rows.jsonl", "\ufeff  ", texts[0], " \r\n", texts[1])
    array = in_file(tmp_path / "rows.json", "\ufeff[ ", texts[0], " ,\r\n", texts[1], "]")
    data = read([lines, array])
    assert [data.raw(position).decode() for position in range(4)] == texts * 2


# Files that change


@pytest.mark.parametrize("change", ["longer", "of another time", "removed"])
def test_file_changed_after_reading_is_refused_at_write(tmp_path, change):
    path = in_file(tmp_path / "rows.jsonl", line_of("1"))
    data = read(path)
    status = path.stat()
    if change == "longer":
        in_file(path, line_of("1"), line_of("2"))
    elif change == "of another time":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
    else:
        path.unlink()
    with pytest.raises((DataError, OSError)) as raised:
        data.write(tmp_path / "subset.jsonl")
    assert not (tmp_path / "subset.jsonl").exists()
    assert isinstance(raised.value, DataError), f"a bare {raised.type.__name__} reaches the user"
    assert str(path) in raised.value.where


# Memory


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is resident")
def test_scanned_rows_do_not_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "RELEASE", 1 << 18)
    line = json.dumps({"question": "q" * 500, "answer": "a" * 500}) + "\n"
    (tmp_path / "rows.jsonl").write_text(line * 16_000)
    data = read(tmp_path / "rows.jsonl")
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    assert any(entry.endswith(str(tmp_path / "rows.jsonl")) for entry in lines), "it is not mapped"
    resident = next(int(entry.split()[1]) for entry in lines if entry.startswith("Rss:"))
    assert resident < 2048, f"{resident:,} KiB of 16 MiB are resident after the scan"
    assert len(data) == 16_000
    assert data.raw(0) == data.raw(15_999) == line.rstrip().encode()


def test_places_take_a_few_bytes_a_row(tmp_path):
    n = 20_000
    (tmp_path / "rows.jsonl").write_text('{"question": "q", "answer": "a"}\n' * n)
    read(tmp_path / "rows.jsonl")  # what is imported and cached on the way
    tracemalloc.start()
    data = read(tmp_path / "rows.jsonl")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == n
    assert peak / n < 150, f"{peak / n:.0f} bytes a row: is there an object a row?"
