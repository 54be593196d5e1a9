"""The whole page, with a policy under which nothing but its own style and script may run.

Both are named by their digests; inline handlers, addresses of scripts, images, fonts and requests
are all refused. Values for the script stand in an element that is no script to the browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from spanset.report.page.markup import Markup, element, joined, readable

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"


def document(title: str, *parts: Markup, values: Mapping[str, Any] | None = None) -> str:
    """A page of these parts.

    Parameters
    ----------
    values : mapping, optional
        Plain values that the script draws from, none where tables alone are to be sorted; without
        any the page has no script.
    """
    style = _asset("page.css")
    policy = f"{NOTHING}; style-src '{_digest(style)}'"
    scripts = Markup()
    if values is not None:
        script = _asset("page.js")
        policy += f"; script-src '{_digest(script)}'"
        scripts = joined(
            element("script", Markup(_as_json(values)), type="application/json", id="values"),
            element("script", Markup(script)),
        )
    head = joined(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    )
    body = element("body", element("main", *parts), scripts)
    return f"<!doctype html>\n{element('html', element('head', head), body, lang='en')}\n"


@cache
def _asset(name: str) -> str:
    return files("spanset.report.page").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


# In an element of values nothing may look like a tag, an entity or a line's end.
SPELT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def _as_json(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return readable(text.translate(SPELT))
