"""Names of data sets: those of their files, less what every file has."""

import pytest

from spanset.commands.measure_inputs import names_of


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.jsonl.gz", "b/y.csv.zst"], ["x", "y"]),
        (["x.gz"], ["x"]),
        (["a/x.json", "b/x.json"], ["a/x.json", "b/x.json"]),
        (["-", "math/*.jsonl"], ["standard input", "math/*.jsonl"]),
    ],
)
def test_names_are_short_where_that_tells_data_sets_apart(paths, names):
    assert names_of(paths) == names
