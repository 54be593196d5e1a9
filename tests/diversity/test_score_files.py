"""Files of scores, good and bad."""

import numpy as np
import pytest
from tests.places import EXAMPLES

from spanset.base.errors import DataError, UsageError
from spanset.diversity.score_files import match_scores, read_scores


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "scores.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def test_columns_are_found_by_name_in_any_order(tmp_path):
    path = write(tmp_path, 'note,score,name\nx, 27.1 ,alpaca\n\n,-1e3,"a, b"\n')
    assert read_scores(path) == {"alpaca": 27.1, "a, b": -1000.0}


def test_a_spreadsheet_file_is_read(tmp_path):
    """Byte order mark, quotes and CRLF, as spreadsheets write them."""
    path = write(tmp_path, '"name","score"\r\n"naïve ""x""",1\r\n,\r\n', "utf-8-sig")
    assert read_scores(path) == {'naïve "x"': 1.0}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", "", "empty"),
        ("\n \n,,\n", "", "empty"),
        ("set,score\na,1\n", ":1", "no column 'name'"),
        ("name;score\na;1\n", ":1", "no column 'name'"),
        ("name,Score\na,1\n", ":1", "no column 'score'"),
        ("name,score,score\na,1,2\n", ":1", "two columns 'score'"),
        ("name,score\na,1\nb,high\n", ":3", "'high' is no finite number"),
        ("name,score\na,nan\n", ":2", "'nan' is no finite number"),
        ("name,score\n\na,inf\n", ":3", "'inf' is no finite number"),
        ("name,score\na\n", ":2", "'' is no finite number"),
        ('name,score\na,"27,1"\n', ":2", "'27,1' is no finite number"),
        ("name,score\na,1\n b,1\nb,2\n", ":4", "'b' is given twice"),
        ("score,name\n1,a\n2\n", ":3", "no name"),
        (b"name,score\n\xff\xfe,1\n", "", "not text in UTF-8"),
        ("name,score\na,1\n".encode("utf-16"), "", "not text in UTF-8"),
        (b"\x93NUMPY\x01\x00v\x00", "", "not text in UTF-8"),
        ("name,score\n" + "x" * 200_000 + ",1\n", "", "not a CSV file"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, line, what):
    path = write(tmp_path, text)
    with pytest.raises(DataError, match="fix: ") as caught:
        read_scores(path)
    assert what in caught.value.what
    assert caught.value.where == f"{path}{line}"


def test_the_columns_seen_are_listed(tmp_path):
    with pytest.raises(DataError, match="columns seen: set, win rate"):
        read_scores(write(tmp_path, "set,win rate\na,1\n"))


def test_text_of_nul_bytes_is_refused(tmp_path):
    """Some versions of the csv module refuse it, others read a column of another name."""
    with pytest.raises(DataError):
        read_scores(write(tmp_path, b"\x00\x00\x00\x01\n\x00"))


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "none.csv")
    with pytest.raises(DataError, match="this is a folder"):
        read_scores(tmp_path)


def test_scores_come_in_the_order_of_the_data_sets():
    scores = match_scores({"a": 1.0, "b": 2.0, "c": 3.0}, ["c", "a", "b"], "scores.csv")
    np.testing.assert_array_equal(scores, [3.0, 1.0, 2.0])
    assert scores.dtype == np.float64


def test_names_on_one_side_only_are_listed():
    with pytest.raises(UsageError, match="fix: ") as caught:
        match_scores({"a": 1.0, "b": 2.0, "d": 3.0}, ["a", "b", "c"], "scores.csv")
    assert caught.value.where == "scores.csv"
    assert caught.value.why == "data sets without a score: c; scores of no data set: d"


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ({"a": 1.0, "b": 2.0}, "data sets without a score: c"),
        ({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, "scores of no data set: d"),
    ],
)
def test_one_side_with_names_of_its_own_is_listed_alone(scores, why):
    with pytest.raises(UsageError) as caught:
        match_scores(scores, ["a", "b", "c"], "scores.csv")
    assert caught.value.why == why


def test_two_data_sets_are_too_few():
    with pytest.raises(UsageError, match="at least 3 data sets, 2 given"):
        match_scores({"a": 1.0, "b": 2.0}, ["a", "b"], "scores.csv")


def test_the_published_files_can_be_read():
    assert len(read_scores(EXAMPLES / "published_scores.csv")) == 14
    assert read_scores(EXAMPLES / "published_win_rates.csv")["ultrachat"] == 40.26
