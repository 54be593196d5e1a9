"""What looks wrong, and what to do: a box a sign, at the head of a page."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.report.page.markup import Markup, element
from spanset.runs.signs.sign import Sign


def sign_list(signs: Sequence[Sign]) -> Markup:
    """A box for every sign; nothing where there is none."""
    if not signs:
        return Markup()
    entries = [
        element(
            "li",
            element("strong", f"{sign.name.replace('-', ' ').capitalize()}. "),
            f"{_capital(sign.what)}. {_capital(sign.why)}. ",
            element("em", f"{_capital(sign.fix)}."),
        )
        for sign in signs
    ]
    return element("ul", *entries, class_="signs", aria_label="what looks wrong")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
