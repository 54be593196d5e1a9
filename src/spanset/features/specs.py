"""Names of representations on the command line, and what they name."""

from __future__ import annotations

from typing import NamedTuple

from spanset.base.errors import UsageError
from spanset.stores.places import store_place


class Kind(NamedTuple):
    """A kind of features.

    Attributes
    ----------
    form : str
        As it stands on the command line.
    home : str
        Module of this package, and class: imported when it is used.
    is_made : bool
        By spanset itself; others are brought by the user.
    takes_model : bool
        By passes of the language model that ``--model`` names.
    may_be_bare : bool
        Whether what follows the colon may be left out.
    sees : str
        What they see of a row and what they do not, after "Rows are compared by"; empty where only
        the user knows.
    """

    form: str
    home: str
    sees: str = ""
    is_made: bool = True
    takes_model: bool = False
    may_be_bare: bool = False


# A line here is all that a new kind needs beside its file.
KINDS = {
    "static": Kind(
        "static, static:MODEL",
        "static:StaticFeatures",
        "what they ask and how they are worded: not by whether answers are right, nor by how hard "
        "a task is",
        may_be_bare=True,
    ),
    "lexical": Kind(
        "lexical",
        "lexical:LexicalFeatures",
        "words and spellings: two wordings of one task are far apart, and rare words look diverse",
    ),
    "sentence": Kind(
        "sentence:MODEL",
        "sentence:SentenceFeatures",
        "what a sentence model makes of a text, by default the prompt: not by the answers",
    ),
    "hidden": Kind(
        "hidden:MODEL",
        "hidden:HiddenFeatures",
        "the states that they leave the model in: by the kind of text more than by the task",
        takes_model=True,
    ),
    "gradient": Kind(
        "gradient:MODEL",
        "gradient:GradientFeatures",
        "how they would change the model: not by whether that would be for the better",
        takes_model=True,
    ),
    "store": Kind("store:FOLDER, store:FOLDER:hidden", "stored:StoreFeatures", is_made=False),
    "array": Kind("array:FILE.npy", "array:ArrayFeatures", is_made=False),
}


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
        return KINDS[self.kind].takes_model


def seen_by(kind: str) -> str:
    """A sentence on what features of a kind see of a row; empty where only the user knows."""
    known = KINDS.get(kind)
    return f"Rows are compared by {known.sees}." if known is not None and known.sees else ""


def parse_features(features: str | None, model: str | None = None) -> Spec:
    """Representation by the flags ``--features`` and ``--model``.

    ``--model M`` alone is ``gradient:M``; neither is ``static``.

    Raises
    ------
    UsageError
        A name that is no representation, or two language models.
    """
    if features is None:
        return Spec("static") if model is None else Spec("gradient", model)
    kind, _, argument = features.partition(":")
    known = KINDS.get(kind)
    if known is not None and known.takes_model and not argument and model:
        argument = model
    takes = known is not None and ":" in known.form
    is_short = not argument and not (known is not None and known.may_be_bare and kind == features)
    if known is None or (takes and is_short) or (":" in features and not takes):
        forms = ", ".join(one.form for one in KINDS.values())
        raise UsageError(f"no features {features!r}", where="--features", fix=f"use {forms}")
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
