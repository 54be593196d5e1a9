"""Rows that would do harm in a page that took them for markup."""

from __future__ import annotations

HOSTILE = [
    "<script>alert('tag')</script>",
    "</script><script>alert('end')</script>",
    '"><img src=x onerror=alert(1)>',
    "<a href='javascript:alert(2)'>click</a>",
    "\u202eright to left\u202c and \u200f mark",
    "😀👩‍👩‍👧‍👦🇺🇳 emoji",
    "<!-- comment --> &amp; {{7*7}} ${7*7}",
    "long " + "x" * 150_000,
]
