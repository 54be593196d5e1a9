"""Row numbers out of a run folder: in the order that they stand in, best first."""

from spanset.runs.row_ids import read_ids


def test_row_numbers_keep_the_order_of_the_file(tmp_path):
    (tmp_path / "ids.txt").write_text("5\n2\n\n9\n")
    assert read_ids(str(tmp_path)).tolist() == [5, 2, 9]
    assert read_ids(str(tmp_path / "ids.txt")).tolist() == [5, 2, 9]
