"""The whole page: its policy names its own style and script, and values end no element."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from spanset.report.page.document import document
from spanset.report.page.markup import element

HOSTILE = "</script><script>alert(1)</script><!--\u2028&amp;"


def parts(text: str, name: str) -> list[str]:
    return re.findall(rf"<{name}[^>]*>(.*?)</{name}>", text, re.DOTALL)


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_only_its_own_style_and_script_may_run():
    text = document("t", element("p", "x"), values={"a": 1})
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].replace("&#x27;", "'").split(";"))
    _, script = parts(text, "script")
    assert rules == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "style-src": f"'{digest(parts(text, 'style')[0])}'",
        "script-src": f"'{digest(script)}'",
    }
    assert "unsafe" not in policy[1]
    assert not re.search(r"(?:src|href)=", text), "nothing is fetched"


def test_values_come_back_and_end_nothing():
    values = {"text": HOSTILE, "list": [1, None, 0.5]}
    text = document(HOSTILE, values=values)
    found, _ = parts(text, "script")
    assert json.loads(found) == values
    assert text.count("<script") == 2
    assert "&lt;/script&gt;" in parts(text, "title")[0]


def test_what_is_no_text_is_replaced_and_what_is_no_number_refused():
    text = document("t", values={"a": "\ud800\x00"})
    assert json.loads(parts(text, "script")[0]) == {"a": "�\x00"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        document("t", values={"a": float("nan")})


def test_a_page_without_values_has_no_script():
    assert "<script" not in document("t", element("p", "x"))
