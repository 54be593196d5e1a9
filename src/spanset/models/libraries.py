"""Calls into transformers, peft and the hub: kept quiet, and their errors put in our words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger
from pathlib import Path

from spanset.base.errors import UsageError
from spanset.base.extras import require

# What these libraries raise at files, settings and versions that they cannot use.
FAILURES = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    NameError,
    AssertionError,
    RuntimeError,
    ImportError,
)
# Of every try of a name that is not there; of faster kernels that are not installed.
TALKATIVE = ("huggingface_hub", "bitsandbytes")


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice from the libraries on standard error."""
    logging = require("transformers", extra="models").utils.logging
    levels = {logger: logger.level for logger in map(getLogger, TALKATIVE)}
    for logger in levels:
        logger.setLevel(ERROR)
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # Torch's, at the first pass back on a card: it makes the context then, all is well.
            warnings.filterwarnings("ignore", message="Attempting to run cuBLAS")
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def repository_folder(name: str, revision: str | None) -> Path | None:
    """Folder of a repository's configuration in the hub's cache, named after the commit."""
    utils = require("transformers.utils", extra="models")
    with quiet():
        found = utils.cached_file(
            name,
            "config.json",
            revision=revision,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
    return Path(found).parent if found else None


def cannot_load(what: str, name: str, error: Exception, fix: str = "") -> UsageError:
    """A library's error as ours."""
    return UsageError(
        f"the {what} cannot be loaded",
        where=f"--model {name}",
        why=first_line(error),
        fix=fix
        or "give a folder with config.json and safetensors files, or the name of a model "
        "on the hub (with network access)",
    )


def first_line(error: BaseException) -> str:
    """What an error of another library says, in a line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
