"""A page of every public name of the package; what it says of each is the name's docstring."""

from __future__ import annotations

import enum
import inspect

import spanset

VERBS = ("read", "represent", "score", "select", "measure", "compare", "trial")


def python_page() -> str:
    """The page, as Sphinx reads it: verbs in the order of use, then classes and errors by name."""
    names = [name for name in spanset.__all__ if not name.startswith("_")]
    classes = [name for name in names if inspect.isclass(getattr(spanset, name))]
    errors = [name for name in classes if issubclass(getattr(spanset, name), Exception)]
    parts = {
        "Verbs": [*VERBS, *(name for name in names if name not in {*VERBS, *classes})],
        "Results and settings": [name for name in classes if name not in errors],
        "Errors": errors,
    }
    blocks = ["Python\n======", str(spanset.__doc__).split("\n", 1)[1].strip()]
    for title, members in parts.items():
        blocks += [f"{title}\n{'-' * len(title)}", *(entry(name) for name in members)]
    return "\n\n".join(blocks) + "\n"


def entry(name: str) -> str:
    """What Sphinx is told of a name."""
    value = getattr(spanset, name)
    if not inspect.isclass(value):
        return f".. autofunction:: spanset.{name}"
    if issubclass(value, Exception):
        return f".. autoexception:: spanset.{name}"
    options = "\n   :undoc-members:" if issubclass(value, enum.Enum) else ""
    return f".. autoclass:: spanset.{name}\n   :members:{options}"
