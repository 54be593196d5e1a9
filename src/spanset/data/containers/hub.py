"""Data sets of the Hugging Face hub, and folders that `datasets` wrote: ``hf://...``."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError, UsageError
from spanset.base.extras import require
from spanset.data.containers.in_memory import dataset_source
from spanset.data.containers.sources import Source, is_saved_dataset

PREFIX = "hf://"

_NAME = re.compile(r"(?P<path>[^@:]+)(?:@(?P<revision>[^:]+))?(?::(?P<split>.+))?", re.DOTALL)


def is_hub(name: str) -> bool:
    """Whether a name is one of `datasets`."""
    return name.startswith(PREFIX)


@dataclass(frozen=True)
class HubName:
    """``hf://org/name[/config][@revision][:split]`` or ``hf://FOLDER[:split]``, in its parts."""

    shown: str
    path: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None
    is_folder: bool = False

    @classmethod
    def parse(cls, shown: str) -> HubName:
        """Parts of a name; a folder that is there goes before a name of the hub.

        Raises
        ------
        UsageError
            No such form.
        """
        rest = shown.removeprefix(PREFIX)
        folder, _, split = rest.rpartition(":")
        for path, part in ((rest, None), (folder, split)):
            if path and os.path.isdir(path):  # noqa: PTH112
                return cls(shown, path, split=part, is_folder=True)
        found = _NAME.fullmatch(rest)
        pieces = found["path"].split("/") if found else []
        if found is None or not all(pieces) or len(pieces) > 3:
            raise UsageError(
                "no folder, and no name of a data set",
                where=shown,
                fix="write hf://org/name, hf://org/name/config, or hf://FOLDER; then @revision and "
                ":split if they are needed",
            )
        config = pieces[2] if len(pieces) == 3 else None
        return cls(shown, "/".join(pieces[:2]), config, found["revision"], found["split"])


def identity(name: str) -> str:
    """The same for all names of one data set."""
    parsed = HubName.parse(name)
    path = os.path.realpath(parsed.path) if parsed.is_folder else parsed.path
    return repr((path, parsed.config, parsed.revision, parsed.split, parsed.is_folder))


def differ_by_split_alone(name: str, other: str) -> bool:
    """Whether two names are of one data set, of which only one says which split."""
    if not (is_hub(name) and is_hub(other)):
        return False
    splits = [HubName.parse(one).split for one in (name, other)]
    if splits.count(None) != 1:
        return False
    bare = [one.removesuffix(f":{split}") for one, split in zip((name, other), splits, strict=True)]
    return identity(bare[0]) == identity(bare[1])


def hub_source(name: str) -> Source:
    """Load a data set and take one split.

    Raises
    ------
    MissingExtraError
        `datasets` is not installed.
    DataError
        No such data set, no access, no network, or several splits and none named.
    """
    parsed = HubName.parse(name)
    datasets = require("datasets", extra="hub")
    with quiet(datasets), _explained(name):
        loaded = _load(datasets, parsed)
    if isinstance(loaded, dict):
        splits = list(loaded)
        split = parsed.split or (splits[0] if len(splits) == 1 else None)
        if split not in loaded:
            raise DataError(
                f"no split {split!r}" if split else "it has several splits",
                where=name,
                why=f"splits: {', '.join(splits)}",
                fix=f"name one: {name.removesuffix(f':{split}')}:{splits[0]}",
            )
        loaded = loaded[split]
    with quiet(datasets):
        return dataset_source(loaded, name, parsed.path if parsed.is_folder else None)


def _load(datasets: Any, name: HubName) -> Any:
    """A Dataset, or a mapping from split to Dataset. Code of a data set is never run."""
    if not name.is_folder:
        return datasets.load_dataset(
            name.path, name.config, revision=name.revision, split=name.split
        )
    if not is_saved_dataset(Path(name.path)):
        return datasets.load_dataset(name.path, split=name.split)
    saved = datasets.load_from_disk(name.path)
    if name.split is not None and not isinstance(saved, dict):
        return {str(saved.split or "train"): saved}
    return saved


@contextmanager
def quiet(datasets: Any) -> Iterator[None]:
    """No progress bars, logs and warnings of `datasets`: what matters becomes an error."""
    logging = datasets.utils.logging
    verbosity, had_bars = logging.get_verbosity(), not datasets.are_progress_bars_disabled()
    logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            datasets.enable_progress_bars()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Any error of `datasets` as one of ours: it has dozens, of half as many packages."""
    try:
        yield
    except Exception as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        said = [line.strip() for line in str(error).split("\n") if line.strip()]
        fix = "check the name, as the hub shows it: hf://org/name[/config][@revision][:split]"
        if "gated" in str(error).lower() or "GatedRepoError" in kinds:
            fix = "ask for access on its page, then log in: hf auth login"
        elif "DatasetNotFoundError" in kinds:
            fix += "; a private one needs: hf auth login"
        elif "ConnectionError" in kinds:
            fix = "check the network, and that HF_HUB_OFFLINE is not set"
        raise DataError(
            "the data set cannot be loaded",
            where=name,
            why=said[0] if said else type(error).__name__,
            fix=fix,
        ) from error
