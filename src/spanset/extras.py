"""Optional dependencies: one clear error naming the pip extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from spanset.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which pip extra brings it.

    Raises
    ------
    MissingExtraError
        When the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # the module is there, one of its own needs is not: that message is the better
        raise MissingExtraError(
            f"the package {module!r} is not installed",
            fix=f"pip install 'spanset[{extra}]'",
        ) from error
