"""Short names of files, for tables and figures: what tells them apart, and no more.

    data/a/train.jsonl, data/b/train.jsonl          a/train, b/train
    corpora/en/alpaca.jsonl, corpora/de/dolly.csv   alpaca, dolly
    x.json, x.jsonl                                 x.json, x.jsonl
    hf://org/name/config:split                      name/config:split

Used wherever a table, a verdict or a figure speaks of files; records keep the whole paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from spanset.base.errors import printable

_SUFFIX = re.compile(r"(\.(jsonl|json|csv|tsv|parquet|arrow|npy))?(\.(gz|zst))?\Z", re.IGNORECASE)
_HUB = "hf://"


def short_names(paths: Sequence[str]) -> list[str]:
    """Names of files without the folders that they share, and without suffixes where these can go.

    A file of a name of its own goes without any folder. Of those that end alike, each keeps as many
    folders as tell all of them apart; where folders do not, they keep their suffixes, too.

    Parameters
    ----------
    paths : sequence of str
        Paths, globs, ``-``, or names of data sets on the hub.

    Returns
    -------
    list of str
        In their order, without control characters; different where the paths are.
    """
    alike: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        alike.setdefault(_name(path, _parts(path), 1), []).append(path)
    short = {path: name for group in alike.values() for path, name in _told_apart(group).items()}
    # Groups know nothing of each other: y.json.gz beside y.csv.gz keeps a suffix and may become
    # what the stem of y.json.gz.jsonl is.
    if len(set(short.values())) < len(short):
        short = {path: path for path in short}
    shown = dict(zip(short, _numbered(map(printable, short.values())), strict=True))
    return [shown[path] for path in paths]


def _told_apart(paths: Sequence[str]) -> dict[str, str]:
    """The shortest names in which all of these paths differ, in as many folders for each."""
    parts = [_parts(path) for path in paths]
    # What all lie in tells nothing; one file alone has the name that it was grouped by.
    levels = zip(*(one[:-1] for one in parts), strict=False) if len(paths) > 1 else ()
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    rest = [one[shared:] for one in parts]
    for with_suffix in (False, True):
        for depth in range(1, max(map(len, rest)) + 1):
            names = [
                _name(path, own, depth, with_suffix=with_suffix)
                for path, own in zip(paths, rest, strict=True)
            ]
            if len(set(names)) == len(names):
                return dict(zip(paths, names, strict=True))
    return {path: path for path in paths}


def _parts(path: str) -> list[str]:
    return path.removeprefix(_HUB).split("/")


def _name(path: str, parts: Sequence[str], depth: int, *, with_suffix: bool = False) -> str:
    """The last `depth` parts of a path, or as many more as it takes to say something."""
    if path == "-":
        return "standard input"
    if path.startswith(_HUB) and len(parts) == 3:
        depth = max(depth, 2)  # of org/name/config the config alone ("main") says nothing
    says_nothing = not _says_something(_SUFFIX.sub("", parts[-1]))
    while says_nothing and depth < len(parts) and not _says_something("".join(parts[-depth:-1])):
        depth += 1  # "*" of "math/*.jsonl"
    name = "/".join(parts[-depth:])
    return name if with_suffix or says_nothing else _SUFFIX.sub("", name)


def _says_something(name: str) -> bool:
    return any(map(str.isalnum, name))


def _numbered(names: Iterable[str]) -> list[str]:
    """Names, with a number where they became equal: control characters were spelt out."""
    found: dict[str, None] = {}
    for name in names:
        label, number = name, 1
        while label in found:
            number += 1
            label = f"{name} ({number})"
        found[label] = None
    return list(found)
