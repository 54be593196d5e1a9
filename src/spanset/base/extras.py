"""Optional dependencies: one clear error naming the pip extra."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from spanset.base.errors import MissingExtraError


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


def require_package(package: str, *, where: str, why: str) -> None:
    """Refuse to go on without a package that no extra brings: it is large, or few need it.

    Parameters
    ----------
    where, why : str
        What asks for it, and what for.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(
            f"the package {package!r} is not installed",
            where=where,
            why=why,
            fix=f"pip install {package}",
        )
