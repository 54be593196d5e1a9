"""A folder of shards: its files in order, or what is wrong with it in words."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.data.question_files import row_of

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read

ROWS = [row_of(str(number)) for number in range(12)]


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    return folder


def fill(folder, suffix, count=4):
    for number in range(count):
        rows = ROWS[3 * number : 3 * number + 3]
        path = folder / f"train-{number:05}-of-{count:05}{suffix}"
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        if suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        elif suffix == ".jsonl.gz":
            path.write_bytes(gzip.compress(lines.encode()))
        else:
            path.write_text(lines)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".jsonl.gz", ".JSONL", ".ndjson"])
def test_its_files_are_read_in_order(shards, suffix):
    fill(shards, suffix)
    (shards / "README.md").write_text("# A card")
    (shards / ".train.jsonl.part").write_text("{")
    (shards / ".hidden.json").write_text("{")
    (shards / "below").mkdir()
    fill(shards / "below", ".csv")
    data = read(str(shards))
    assert list(data.rows()) == ROWS
    assert [source.name for source in data.sources] == sorted(
        str(path) for path in shards.glob(f"train*{suffix}")
    )
    assert data.where(3).endswith(f"train-00001-of-00004{suffix}:1")


def test_packed_and_plain_files_of_one_kind_go_together(shards):
    fill(shards, ".jsonl", 2)
    (shards / "z.jsonl.zst").write_bytes(b"")
    (shards / "z.jsonl.zst").unlink()
    (shards / "z.jsonl.gz").write_bytes(gzip.compress(json.dumps(ROWS[11]).encode()))
    assert len(read(str(shards))) == 7


def test_files_of_several_kinds_are_not_guessed_at(shards):
    fill(shards, ".parquet")
    (shards / "dataset_infos.json").write_text("{}")
    with pytest.raises(DataError, match="several kinds") as caught:
        read(str(shards))
    assert caught.value.why == "1 .json, 4 .parquet"
    assert caught.value.fix.endswith(f"'{shards / '*.parquet'}'")
    assert len(read(str(shards / "*.parquet"))) == 12


def test_a_folder_without_rows_is_told(shards):
    for name in ("README.md", "rows.txt", "table.parquet.gz"):
        (shards / name).write_text("nothing")
        with pytest.raises(DataError, match="this is a folder"):
            read(str(shards))


def test_a_file_of_the_folder_beside_it_is_there_twice(shards):
    fill(shards, ".jsonl")
    with pytest.raises(UsageError, match="given twice"):
        read([str(shards), str(shards / "train-00001-of-00004.jsonl")])
