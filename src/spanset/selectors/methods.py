"""Ways to choose rows by their names: a line here is all that a new one needs beside its file."""

from __future__ import annotations

from typing import NamedTuple

from spanset.base.errors import UsageError
from spanset.selectors.dpp import select_dpp
from spanset.selectors.random import select_random
from spanset.selectors.request import Selector
from spanset.selectors.top import select_top


class Method(NamedTuple):
    """A way to choose.

    Attributes
    ----------
    choose : Selector
        What chooses.
    takes_given : bool
        Whether it looks at rows that are in the set already.
    needs_quality : bool
        Whether there is nothing to choose by without a quality.
    holds_factor : bool
        Whether it holds a number for every row and pick: memory is looked at before.
    """

    choose: Selector
    takes_given: bool = False
    needs_quality: bool = False
    holds_factor: bool = False


METHODS = {
    "dpp": Method(select_dpp, takes_given=True, holds_factor=True),
    "random": Method(select_random),
    "top": Method(select_top, needs_quality=True),
}


def method_named(name: str) -> Method:
    """Method by its command-line name.

    Raises
    ------
    UsageError
        No such method.
    """
    if name not in METHODS:
        raise UsageError(f"no method {name!r}", where="--method", fix=f"use {', '.join(METHODS)}")
    return METHODS[name]


def check_method(name: str, *, has_given: bool, has_quality: bool) -> Method:
    """The method, refused where it cannot take given rows, or has nothing to choose by.

    Raises
    ------
    UsageError
        No such method, or one that does not go with what is given.
    """
    method = method_named(name)
    if has_given and not method.takes_given:
        raise UsageError(
            f"the method {name} does not look at given rows",
            where="--given",
            fix="use --method dpp, or leave --given out",
        )
    if method.needs_quality and not has_quality:
        raise UsageError(
            f"the method {name} sorts by quality, and there is none",
            where=f"--method {name}",
            fix="add --quality output_tokens (or another)",
        )
    return method
