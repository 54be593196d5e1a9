"""CSV against the standard library's own reader, and the places of its rows against its bytes."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.data.every_container import PACKERS, csv_text, zstd

from spanset.base.errors import DataError, UsageError
from spanset.data.containers.csv_text import CsvSource
from spanset.data.containers.opening import open_source
from spanset.data.reader import read

BOM = b"\xef\xbb\xbf"


def source_of(folder: Path, content: bytes | str, name: str = "rows.csv", **options) -> CsvSource:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = open_source(path, **options)
    assert isinstance(source, CsvSource)
    return source


# Fields


@pytest.mark.parametrize("pack", PACKERS.values(), ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize(
    "name", ["rows.csv", "ROWS.CSV", "rows.csv.gz", "rows.tsv", "rows.csv.zst"]
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiter_is_found_from_the_header(tmp_path, delimiter, name, pack):
    text = csv_text([["question", "the answer"], ["a, b; c", "d|e\tf"]], delimiter=delimiter)
    source = source_of(tmp_path, pack(text.encode()), name)
    assert source.delimiter == delimiter
    assert [row.value for row in source.rows()] == [{"question": "a, b; c", "the answer": "d|e\tf"}]


def test_quoted_delimiters_of_the_header_do_not_count(tmp_path):
    source = source_of(tmp_path, '"a,b,c";"d,e";f\n1;2;3\n')
    assert source.columns == ("a,b,c", "d,e", "f")


def test_every_value_is_text_and_an_empty_cell_is_empty_text(tmp_path):
    (row,) = source_of(tmp_path, 'a,b,c,d\n1,,"",null\n').rows()
    assert row.value == {"a": "1", "b": "", "c": "", "d": "null"}


def test_columns_name_the_fields_where_there_is_no_header(tmp_path):
    source = source_of(tmp_path, "1 | 2,a\n3,b\n", columns=("q", "a"))
    assert [row.value for row in source.rows()] == [{"q": "1 | 2", "a": "a"}, {"q": "3", "a": "b"}]
    assert [row.line for row in source.rows()] == [1, 2]
    assert source.header == b""


def test_columns_that_the_file_names_itself_are_its_header(tmp_path):
    source = source_of(tmp_path, "q,a\n3,b\n", columns=("q", "a"))
    assert [row.value for row in source.rows()] == [{"q": "3", "a": "b"}]


def test_a_field_may_be_longer_than_the_csv_module_allows(tmp_path):
    text, before = "x" * 300_000, csv.field_size_limit()
    data = read(source_of(tmp_path, f"question,answer\n{text},{text}\n").path)
    assert data.row(0) == {"question": text, "answer": text}
    assert csv.field_size_limit() == before, "the limit of the whole process was changed"


# Places


@pytest.mark.parametrize("before", [b"", BOM, b"\n\r\n", BOM + b"\n"], ids=repr)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("final", [True, False], ids=["ended", "not ended"])
def test_rows_are_placed_by_byte_and_line(tmp_path, ending, before, final):
    records = [b"q,a", b"1,2", b'"x%by",\xc3\xa9' % ending.encode(), b"", b"3,", b'"","a""b"']
    content = before + ending.encode().join(records) + ending.encode() * final
    source = source_of(tmp_path, content)
    rows = list(source.rows())
    assert [row.error for row in rows] == [""] * 4
    assert [source.raw(row.start, row.length) for row in rows] == [
        record for record in records[1:] if record
    ]
    first = 1 + before.count(b"\r" if ending == "\r" else b"\n")
    assert [row.line - first for row in rows] == [1, 2, 5, 6]
    assert [source.parsed(source.raw(row.start, row.length)) for row in rows] == [
        row.value for row in rows
    ]
    assert source.header == (BOM if before.startswith(BOM) else b"") + b"q,a"
    assert source.ending == ending.encode()


cells = st.text(
    st.sampled_from(list("ab ,;|\t\"'\r\n\u2028\x85\x0b\x1cé漢😀[{"))
    | st.characters(codec="utf-8"),
    max_size=6,
).filter(lambda text: "\0" not in text)  # Python 3.10 takes none


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quote=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from(["", "\ufeff"]),
    pack=st.sampled_from(list(PACKERS.values())),
)
def test_rows_are_those_of_the_csv_module_and_of_pandas(rows, delimiter, ending, quote, mark, pack):
    header = ["question", "answer", "third"]
    text = csv_text([header, *rows], delimiter=delimiter, ending=ending, quote=quote)
    with tempfile.TemporaryDirectory() as name:
        source = source_of(Path(name), pack((mark + text).encode()))
        found = list(source.rows())
    assert [row.error for row in found] == [""] * len(rows)
    expected = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert [row.value for row in found] == expected
    assert [tuple(row.value.values()) for row in found] == rows
    if ending != "\r" and "\0" not in text:
        frame = pd.read_csv(
            io.StringIO(text, newline=""), sep=delimiter, dtype=str, keep_default_na=False,
            engine="python",
        )  # fmt: skip
        assert [list(row.value.values()) for row in found] == frame.to_numpy().tolist()
    own = ending.join(source.raw(row.start, row.length).decode() for row in found)
    assert mark + text == source.header.decode() + ending + own + ending


# What cannot be read


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"q,a\n1,2\n3\n", 3, "2 fields are expected, the row has 1"),
        (b'q,a\n"x\ny",2\n3,4,5\n', 4, "2 fields are expected, the row has 3"),
        (b"q,a\n1,2\n3,\xe9\n", 3, "not UTF-8: byte 0xe9 at column 3"),
    ],
    ids=["too few", "too many", "not UTF-8"],
)
def test_a_bad_row_is_named_by_its_line_or_left_out(tmp_path, content, line, said):
    path = tmp_path / "rows.csv"
    path.write_bytes(content + b"5,6\n")
    mapping = {"prompt": "q", "answer": "a"}
    with pytest.raises(DataError, match=said) as raised:
        read(path, mapping=mapping)
    assert raised.value.where == f"{path}:{line}"
    assert "--on-bad-row skip" in raised.value.fix
    data = read(path, mapping=mapping, on_bad_row="skip")
    assert [row.line for row in data.bad] == [line]
    assert data.row(len(data) - 1) == {"q": "5", "a": "6"}


def test_an_open_quote_is_named_by_the_line_where_its_record_begins(tmp_path):
    source = source_of(tmp_path, 'q,a\n1,2\n3,"4\n5,6\n7,8\n')
    rows = source.rows()
    assert next(rows).value == {"q": "1", "a": "2"}
    with pytest.raises(DataError, match="not closed") as raised:
        next(rows)
    assert raised.value.where == f"{source.name}:3"


@pytest.mark.parametrize(
    ("content", "columns", "where", "said"),
    [
        ("q,a,q\n1,2,3\n", (), ":1", "2 columns are named 'q'"),
        (",q,\n0,1,2\n", (), ":1", "column 3 has no name"),
        ("\nq,\n1,2\n", (), ":2", "column 2 has no name"),
        ("1,2\n", ("q", "q"), "--columns", "2 columns are named 'q'"),
        ("1,2\n", ("q", ""), "--columns", "column 2 has no name"),
        ("q,a\0\n1,2\n", (), ":1", "binary data"),
        (b"q,\xff\n1,2\n", (), ":1", "not UTF-8"),
        ("", (), "", "empty"),
        ("\n\r\n", (), "", "nothing but blanks"),
        ('"q,a\n1,2\n', (), ":1", "not closed"),
    ],
    ids=["twice", "no name", "no name later", "columns twice", "columns empty", "NUL", "latin",
         "empty", "blank", "open quote"],
)  # fmt: skip
def test_a_header_that_cannot_be_used_is_refused(tmp_path, content, columns, where, said):
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    kind = UsageError if where == "--columns" else DataError
    with pytest.raises(kind, match=said) as raised:
        open_source(path, columns)
    assert where in raised.value.where
    assert raised.value.fix


def test_a_header_alone_is_no_usable_row(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\n")
    with pytest.raises(DataError, match="0 rows read"):
        read(path)


@pytest.mark.parametrize("name", ["rows.json", "rows.txt", "rows"])
def test_csv_of_another_name_is_an_error_that_says_what_to_name_it(tmp_path, name):
    (tmp_path / name).write_text("question,answer\n1,2\n")
    with pytest.raises(DataError, match="neither JSON Lines nor a JSON array") as raised:
        open_source(tmp_path / name)
    assert ".csv" in raised.value.fix


def test_json_named_csv_is_json(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b'{"question": "q", "answer": "a"}\n'))
    assert read(path).row(0) == {"question": "q", "answer": "a"}


# The subset


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
def test_subset_is_the_rows_own_bytes_under_the_header(tmp_path, ending, mark):
    records = ['"question",answer', f'"x{ending}y",  z', '1,"2"', '"a""b",é', "3,4"]
    (tmp_path / "rows.csv").write_bytes((mark + ending.join(records)).encode())
    data = read(tmp_path / "rows.csv")
    data[[3, 0, 2]].write(tmp_path / "subset.csv")
    expected = mark + "".join(records[place] + ending for place in (0, 4, 1, 3))
    assert (tmp_path / "subset.csv").read_bytes() == expected.encode()
    data[[3, 0, 2]].write(tmp_path / "subset.csv.zst")
    assert (tmp_path / "subset.csv.zst").read_bytes() == zstd(expected.encode())


def test_rows_without_a_header_are_written_without_one(tmp_path):
    (tmp_path / "rows.csv").write_text("1,2\n3,4\n")
    read(tmp_path / "rows.csv", columns=["question", "answer"])[[1]].write(tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_text() == "3,4\n"


def test_tabs_are_kept_in_tsv_and_become_commas_in_csv(tmp_path):
    (tmp_path / "rows.tsv").write_text("question\tanswer\n1, 2\t3\n")
    data = read(tmp_path / "rows.tsv")
    data.write(tmp_path / "s.tsv")
    data.write(tmp_path / "s.csv")
    assert (tmp_path / "s.tsv").read_text() == "question\tanswer\n1, 2\t3\n"
    assert (tmp_path / "s.csv").read_text() == 'question,answer\n"1, 2",3\n'


# What is written is read back


names = st.text(
    st.one_of(
        st.sampled_from(',;|\t"\r\n [{\ufeff'),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    min_size=1,
    max_size=6,
)
cells = st.text(st.sampled_from('ab,;|\t"\r\n'), max_size=6)
tables = st.lists(names, min_size=1, max_size=4, unique=True).flatmap(
    lambda heads: st.lists(
        st.tuples(*(cells for _ in heads)).map(lambda row: dict(zip(heads, row, strict=True))),
        min_size=1,
        max_size=4,
    )
)


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@given(rows=tables)
@example(rows=[{"d": "w", "a;b;c": "x;y;z"}])
@example(rows=[{"PAR1": "", "a|b": ""}])
@settings(max_examples=50, deadline=None)
def test_any_table_of_texts_is_read_back_as_it_was_written(suffix, rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{suffix}"
        field = next(iter(rows[0]))
        rows = [{**row, field: row[field] + "x"} for row in rows]  # a row says something
        read(rows, mapping={"text": field}).write(path)
        assert [row.value for row in open_source(path).rows()] == rows


def test_one_column_between_tabs_may_hold_commas(tmp_path):
    source = source_of(tmp_path, "text\nred, or green\n", "rows.tsv")
    assert [row.value for row in source.rows()] == [{"text": "red, or green"}]
    assert source.container == ".tsv"


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_header_that_holds_other_delimiters_is_parted_as_the_rows_are(tmp_path, mark):
    source = source_of(tmp_path, f"a{mark}b{mark}c,d\n1,2\n")
    assert [row.value for row in source.rows()] == [{f"a{mark}b{mark}c": "1", "d": "2"}]


def test_index_that_pandas_writes_without_a_name_is_called_index(tmp_path):
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame({"question": ["Q", "R"], "answer": ["A", "B"]})
    frame.to_csv(path)
    data = read(path)
    assert data.row(1) == {"index": "1", "question": "R", "answer": "B"}
    data.write(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
    (tmp_path / "more.csv").write_text("a,,b\n1,2,3\n")
    with pytest.raises(DataError, match="column 2 has no name") as raised:
        read(tmp_path / "more.csv")
    assert "index=False" in raised.value.fix
