"""What counts as one message of an error; the run of which all refused ones are changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.refusals import ARRAY, PICK, check_message, snapshot


@pytest.mark.parametrize(
    "err",
    [
        "",
        "wrong\n",
        "error: x: wrong\n",
        "error: x: wrong\n  why: so\n",
        "error: x: wrong\n  fix: this\n  fix: that\n",
        "error: x: wrong\n  fix: this\nerror: y: wrong\n  fix: that\n",
        "a warning\nerror: x: wrong\n  fix: this\n",
        "error: x: wrong\n  fix: \n",
        "error: y: wrong\n  fix: x\n",
        "Traceback (most recent call last):\nerror: x: wrong\n  fix: this\n",
    ],
)
def test_what_is_not_one_message_would_be_noticed(err):
    check_message("error: x: wrong\n  why: so\n  fix: this\n", where="x", fix="this")
    with pytest.raises(AssertionError):
        check_message(err, where="x")


def test_the_control_run_is_accepted_and_leaves_a_run_folder(spanset):
    """Without it, all refusals could be for another reason."""
    before = set(snapshot(Path()))
    ended = spanset.run(*PICK, *ARRAY)
    assert (ended.code, ended.err) == (0, "")
    assert {"spanset-run", "spanset-run/subset.jsonl"} <= set(snapshot(Path())) - before
