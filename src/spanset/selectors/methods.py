"""Ways to choose rows by their names: a line here is all that a new one needs beside its file."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import NamedTuple

from spanset.base.errors import UsageError
from spanset.selectors.request import Selector


class Method(NamedTuple):
    """A way to choose.

    Attributes
    ----------
    home : str
        Module of this package, and function: imported when it is used.
    about : str
        What it picks, in a few words.
    takes, needs : set of str
        Options (see `OPTIONS`) that it heeds, and those among them that it cannot do without.
    is_nested : bool
        Whether a prefix of its order is the choice for a smaller k.
    may_lack_k : bool
        Whether it knows by itself how many rows to pick.
    by_features : bool
        Whether it looks at features at all.
    """

    home: str
    about: str
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    is_nested: bool = True
    may_lack_k: bool = False
    by_features: bool = True

    @property
    def choose(self) -> Selector:
        """What chooses."""
        module, _, name = self.home.partition(":")
        return getattr(import_module(f"spanset.selectors.{module}"), name)

    @property
    def holds_factor(self) -> bool:
        """Whether it holds a number for every row and pick: memory is looked at before."""
        return self.home == METHODS["dpp"].home


# Options that not every method heeds, and how each is asked for.
OPTIONS = {
    "given": "--given",
    "quality": "--quality",
    "lambda": "--lambda",
    "target": "--target",
    "threshold": "--threshold",
    "clusters": "--clusters",
    "shares": "--share",
    "keep": "--keep",
    "same": "--same",
    "prefer": "--prefer",
    "lengths": "--no-normalize",
    "auto": "-k auto",
    "rounds": "--rounds",
}


def _options(names: str) -> frozenset[str]:
    return frozenset(names.split())


METHODS = {
    "dpp": Method(
        "dpp:select_dpp",
        "diverse and good: the rows that span the largest volume, weighed by quality",
        _options("given quality lambda shares lengths auto keep rounds"),
    ),
    "random": Method(
        "random:select_random", "uniform", _options("shares lengths keep"), by_features=False
    ),
    "top": Method(
        "top:select_top",
        "highest quality, copies and all",
        _options("quality shares lengths keep"),
        _options("quality"),
        by_features=False,
    ),
    "dedup": Method(
        "dedup:select_dedup",
        "all rows but repeats; the best of each group stays",
        _options("given quality threshold same prefer"),
        may_lack_k=True,
    ),
    "kcenter": Method(
        "kcenter:select_kcenter",
        "farthest first: every row is near a pick, outliers come early",
        _options("given keep"),
    ),
    "facility": Method(
        "facility_location:select_facility",
        "representative: every row is similar to a pick, dense regions get more",
        _options("given keep"),
    ),
    "kmeans": Method(
        "kmeans:select_kmeans",
        "of each k-means cluster the row nearest its centre, or the best",
        _options("quality clusters keep"),
        is_nested=False,
    ),
    "semdedup": Method(
        "semdedup:select_semdedup",
        "rows that least repeat others of their cluster",
        _options("threshold clusters keep"),
    ),
    "deita": Method(
        "deita:select_deita",
        "best first, unless near one that is picked",
        _options("given quality threshold shares keep"),
        _options("quality"),
    ),
    "projection": Method(
        "information_projection:select_projection",
        "greedy information projection: rows whose span holds the target, or the good rows",
        _options("quality target keep"),
    ),
    "target": Method(
        "target:select_target",
        "rows like a target: each target row takes its nearest in turn",
        _options("target shares keep"),
        _options("target"),
    ),
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


def taking(option: str) -> str:
    """Names of the methods that heed an option, with commas."""
    return ", ".join(name for name, method in METHODS.items() if option in method.takes)


def check_method(name: str, options: Collection[str]) -> Method:
    """The method, refused where it lacks an option that it needs, or is given one it ignores.

    A quality that it ignores is no mistake: tables show it.

    Raises
    ------
    UsageError
        No such method, or one that does not go with what is given.
    """
    method = method_named(name)
    for option, flag in OPTIONS.items():
        if option in options and option not in method.takes and option != "quality":
            raise UsageError(
                f"the method {name} does not take {flag}",
                where=flag,
                why=f"it picks {method.about}",
                fix=f"leave it out, or use --method {taking(option)}",
            )
        if option in method.needs and option not in options:
            example = "output_tokens (or another)" if option == "quality" else "FILE"
            raise UsageError(
                f"the method {name} needs {flag}",
                where=f"--method {name}",
                why=f"it picks {method.about}",
                fix=f"add {flag} {example}",
            )
    return method
