"""Names of representations on the command line, and what they name."""

from __future__ import annotations

from typing import NamedTuple

from spanset.base.errors import UsageError
from spanset.stores.places import store_place

KINDS = ("lexical", "sentence:MODEL", "hidden:MODEL", "gradient:MODEL", "store:FOLDER")
KINDS += ("store:FOLDER:hidden", "array:FILE.npy")
MADE = KINDS[:4]  # by spanset itself
LANGUAGE = ("hidden", "gradient")  # by passes of a causal language model


class Spec(NamedTuple):
    """A representation's name taken apart: its kind, and the model or file that it names."""

    kind: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    @property
    def path(self) -> str | None:
        """File or folder that is read, where the kind reads one."""
        if self.kind == "store":
            return store_place(self.argument)[0]
        return self.argument if self.kind == "array" else None

    @property
    def takes_model(self) -> bool:
        """Whether the language model of ``--model`` makes the features."""
        return self.kind in LANGUAGE


def parse_features(features: str | None, model: str | None = None) -> Spec:
    """Representation by the flags ``--features`` and ``--model``.

    ``--model M`` alone is ``gradient:M``; neither is ``lexical``.

    Raises
    ------
    UsageError
        A name that is no representation, or two language models.
    """
    if features is None:
        return Spec("lexical") if model is None else Spec("gradient", model)
    kind, _, argument = features.partition(":")
    if kind in LANGUAGE and not argument and model:
        argument = model
    named = ("sentence", *LANGUAGE, "store", "array")
    if features != "lexical" and not (kind in named and argument):
        raise UsageError(
            f"no features {features!r}", where="--features", fix=f"use {', '.join(KINDS)}"
        )
    spec = Spec(kind, argument)
    if model is not None and spec.takes_model and argument != model:
        raise UsageError(
            f"--model {model} and --features {features} name two models",
            where="--model",
            fix="drop one of them: --model M alone means --features gradient:M",
        )
    return spec


def refuse_idle_model(spec: Spec, model: str | None, *, scores: bool = False) -> None:
    """Refuse a ``--model`` that has nothing to do.

    Parameters
    ----------
    scores : bool
        Whether rows are scored by it.
    """
    if model is not None and not spec.takes_model and not scores:
        raise UsageError(
            f"--model {model} and --features {spec} do not go together",
            where="--model",
            fix="drop one of them: --model M alone means --features gradient:M",
        )
