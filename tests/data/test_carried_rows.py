"""Rows that are sent to another process with all that they are made of, and nothing else."""

import gzip
import json
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spanset.data.reader import read

ROWS = [
    {"instruction": f"Say {number} é\u2028", "output": f"{number}, said. " * (1 + number % 5)}
    for number in range(3_000)
]


def write(path):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    if path.name.endswith(".jsonl"):
        path.write_text(lines)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS, indent=1))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=700)
    elif path.suffix == ".csv":
        cells = ('"{instruction}","{output}"\n'.format(**row) for row in ROWS)
        path.write_text("instruction,output\n" + "".join(cells))
    return str(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet", "a.jsonl.gz"])
@pytest.mark.parametrize(
    "rows", [[5, 1, 2_999, 1], list(range(900, 1_000)), [2_000]], ids=["some", "a run", "one"]
)
def test_they_are_the_same_rows_elsewhere(tmp_path, name, rows):
    path = write(tmp_path / name)
    data = read(path)
    sent = pickle.dumps(data[rows].carried())
    there = pickle.loads(sent)
    (tmp_path / name).unlink()
    assert list(there.rows()) == [ROWS[row] for row in rows]
    assert [there.row(position) for position in range(len(rows))] == list(there.rows())
    assert [one.text for one in there.conversations()] == [
        one.text for one in data[rows].conversations()
    ]
    assert [there.where(position) for position in range(len(rows))] == [
        data[rows].where(position) for position in range(len(rows))
    ]
    assert (there.digests == data.digests[rows]).all()
    assert len(sent) < 6_000 + 400 * len(rows)  # and not of the file


def test_they_come_from_several_inputs_in_their_order(tmp_path):
    data = read([write(tmp_path / "b.parquet"), write(tmp_path / "a.csv")])
    rows = np.array([4_000, 3, 5_999, 0])
    there = data[rows].carried()
    assert list(there.rows()) == list(data[rows].rows())
    one = data[rows[1:2]].carried()
    assert [source.name for source in one.sources] == [data.sources[0].name]
    assert one.where(0) == data.where(3)
