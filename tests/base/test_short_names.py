"""Short names of files: they say which file it is, and no two files are the same."""

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spanset.base.short_names import short_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["data/a/train.jsonl"], ["train"]),
        (["data/a/train.jsonl", "data/b/train.jsonl"], ["a/train", "b/train"]),
        (["data/a/train.jsonl", "data/b/test.csv"], ["train", "test"]),
        (["c/en/x/train.json", "c/de/x/train.json"], ["en/x/train", "de/x/train"]),
        (["c/en/train.json", "c/de/train.json", "q.csv"], ["en/train", "de/train", "q"]),
        (["train.jsonl", "sub/train.jsonl"], ["train", "sub/train"]),
        (["/data/x.json", "x.json"], ["data/x", "x"]),
    ],
)
def test_folders_stay_where_they_tell_files_apart(paths, names):
    assert short_names(paths) == names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.jsonl.gz", "b/y.csv.zst"], ["x", "y"]),
        (["x.json.gz"], ["x"]),
        (["x.gz"], ["x"]),
        (["X.JSONL"], ["X"]),
        (["v1.2.parquet"], ["v1.2"]),
        (["x.json", "x.jsonl"], ["x.json", "x.jsonl"]),
        (["d/x.json", "d/x.json.gz", "d/y.json"], ["x.json", "x.json.gz", "y"]),
        (["a/x.json", "b/x.jsonl"], ["a/x", "b/x"]),
        (["a/x.json", "a/x.csv", "b/x.csv"], ["a/x.json", "a/x.csv", "b/x.csv"]),
    ],
)
def test_suffixes_go_but_where_they_tell_files_apart(paths, names):
    assert short_names(paths) == names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["-"], ["standard input"]),
        (["-", "math/*.jsonl"], ["standard input", "math/*.jsonl"]),
        (["data/a/**/*.json"], ["a/**/*.json"]),
        (["*.jsonl"], ["*.jsonl"]),
        (["data/.jsonl"], ["data/.jsonl"]),
        (["C:\\data\\train.jsonl"], ["C:\\data\\train"]),
        (["hf://org/name:train"], ["name:train"]),
        (["hf://org/name/main@v2:train"], ["name/main@v2:train"]),
        (["hf://a/data:train", "hf://b/data:train"], ["a/data:train", "b/data:train"]),
        (["hf:///home/me/saved:train"], ["saved:train"]),
        (["a\x1b[2J\n.json"], ["a\\x1b[2J\\n"]),
        (["a\udc80.json"], ["a\\udc80"]),
        ([""], [""]),
    ],
)
def test_names_that_are_no_plain_files(paths, names):
    assert short_names(paths) == names


def test_a_file_given_twice_has_one_name():
    assert short_names(["d/x.csv", "y.csv", "d/x.csv"]) == ["x", "y", "x"]


@pytest.mark.parametrize(
    "paths",
    [
        ["-", "standard input"],
        ["hf://a/b", "a/b"],
        ["a\x1b.json", "a\\x1b.json", "a\\x1b (2).json"],  # the first is spelt as the second
        ["y.json.gz", "y.csv.gz", "q/y.json.gz.jsonl"],  # a suffix that stays, and a stem
        ["x", "./x", "x/", "/x"],
    ],
)
def test_what_would_meet_is_told_apart(paths):
    for order in permutations(paths):
        assert len(set(short_names(order))) == len(paths)


PARTS = st.sampled_from(
    ["a", "b", "", ".", "..", "*", "-", "x.json", "x.jsonl.gz", "\x1b", "\\x1b"]
)
ENDS = st.sampled_from(["", ".json", ".jsonl", ".gz", ".json.gz", ".csv.jsonl", " (2)"])
PATHS = st.builds(
    lambda scheme, parts, end: scheme + "/".join(parts) + end,
    st.sampled_from(["", "", "hf://", "/"]),
    st.lists(PARTS, min_size=1, max_size=4),
    ENDS,
)


@given(st.lists(PATHS | st.text(max_size=12), max_size=9, unique=True))
@example(["a", "a.json", "a.json.gz", "b/a"])
def test_different_files_have_different_names_that_can_be_printed(paths):
    names = short_names(paths)
    assert len(names) == len(paths)
    assert len(set(names)) == len(names)
    assert all(name.isprintable() for name in names)


@given(st.lists(PATHS, min_size=1, max_size=6, unique=True), st.randoms())
def test_names_do_not_depend_on_the_order_of_the_files(paths, random):
    # Names that control characters make equal are numbered in the order of the files.
    paths = [path for path in paths if "x1b" not in path and "\x1b" not in path]
    shuffled = random.sample(paths, len(paths))
    names = dict(zip(paths, short_names(paths), strict=True))
    assert dict(zip(shuffled, short_names(shuffled), strict=True)) == names
