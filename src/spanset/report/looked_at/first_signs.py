"""What looks wrong with data before anything is chosen: the gravest first, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.data.asked_rows import cut_text
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.runs.signs.sign import Sign, per_cent

# Shares of rows from which something is worth saying; chosen, not measured.
REPEATS = 0.05  # near duplicates; public sets measure under 0.01
LEFT_OUT = 0.001
ONE_ANSWER = 0.1
FEWEST = 50  # rows of which a share says something
LONG = 2048  # tokens: the usual length at which trainers cut
LONG_ROWS, LONG_TOKENS = 0.01, 0.05  # share of the rows, or of the tokens, that are beyond it


def first_signs(facts: FirstFacts) -> list[Sign]:
    """Signs that apply."""
    looks = (_unread, _without_answer, _repeats, _overlap, _one_answer, _long, _damaged)
    return [sign for look in looks for sign in look(facts)]


def _unread(facts: FirstFacts) -> Iterator[Sign]:
    """Rows that could not be read."""
    data = facts.data
    if bad := data.bad:
        first = printable(f"{bad[0].source}:{bad[0].line}: {bad[0].reason}")
        yield Sign(
            "rows-not-read",
            f"{_rows(len(bad))} of {data.total:,} could not be read, the first {first}",
            "selecting and measuring stop at such a row",
            "mend them, or leave them out with --on-bad-row skip",
            {"rows": len(bad)},
        )
    if lost := facts.looked.unrepresented:
        yield Sign(
            "rows-without-features",
            f"{_rows(len(lost))} cannot be compared: {printable(lost[0].reason)}",
            "they are on no map and in no measure",
            f"look at {printable(lost[0].source)}:{lost[0].line}",
            {"rows": len(lost)},
        )


def _without_answer(facts: FirstFacts) -> Iterator[Sign]:
    """Rows without an answer."""
    empty, total = facts.data.empty, facts.data.total
    if len(empty) < max(1, LEFT_OUT * total):
        return
    first = f"{printable(empty[0].source)}:{empty[0].line}"
    yield Sign(
        "rows-without-an-answer",
        f"{_rows(len(empty))} of {total:,} {_have(len(empty))} nothing to learn from, the first at "
        f"{first}",
        "they are left out here and by every command",
        "if that is wrong, say which field holds the answer: --map answer=FIELD",
        {"rows": len(empty), "share": len(empty) / total},
    )


def _repeats(facts: FirstFacts) -> Iterator[Sign]:
    """Many rows are copies, or nearly the same as others."""
    share = facts.groups.share
    if len(facts.looked) < FEWEST or share < REPEATS:
        return
    exact = f", {_rows(facts.copies)} exactly" if facts.copies else ""
    looked = len(facts.groups.rows)
    of = f"{looked:,} rows drawn" if looked < len(facts.data) else "the rows"
    yield Sign(
        "many-repeats",
        f"{per_cent(share)} of {of} are nearly the same as another{exact}",
        "a model sees them as often as they stand there",
        "--method dedup keeps one of each group, -k picks what repeats least",
        {"near_share": share, "copies": facts.copies},
    )


def _overlap(facts: FirstFacts) -> Iterator[Sign]:
    """Rows of one input stand in another."""
    if facts.between is None or not facts.between.any:
        return
    near, names = facts.between.near, facts.between.names
    one, other = np.unravel_index(int(np.argmax(near)), near.shape)
    if near[one, other] < REPEATS:
        return
    yield Sign(
        "inputs-overlap",
        f"{per_cent(float(near[one, other]))} of the rows of {names[one]} repeat a row of "
        f"{names[other]}",
        "together they hold such rows twice",
        "--method dedup --prefer FILE keeps those of one file",
        {"near_share": float(near[one, other])},
    )


def _one_answer(facts: FirstFacts) -> Iterator[Sign]:
    """One answer stands in many rows."""
    row, count = facts.commonest_answer()
    N = len(facts.data)
    if N < FEWEST or count < ONE_ANSWER * N:
        return
    answer = cut_text(facts.data.conversation(row).answer)
    yield Sign(
        "one-answer",
        f"{per_cent(count / N)} of the rows have the answer \N{LEFT DOUBLE QUOTATION MARK}{answer}"
        "\N{RIGHT DOUBLE QUOTATION MARK}",
        "that may be a label, or a refusal",
        "if it is not what a model should learn, take such rows out",
        {"rows": count},
    )


def _long(facts: FirstFacts) -> Iterator[Sign]:
    """Rows that trainers would cut."""
    tokens = facts.tokens.total
    beyond = tokens > LONG
    rows, held = int(beyond.sum()), float(tokens[beyond].sum() / max(1, tokens.sum()))
    if rows < max(1, LONG_ROWS * len(tokens)) and held < LONG_TOKENS:
        return
    yield Sign(
        "very-long-rows",
        f"{_rows(rows)} {_have(rows)} more than {LONG:,} tokens, the longest about "
        f"{int(tokens.max()):,}",
        "trainers cut them there, and their answers with them",
        "train with a larger maximum length, or leave them out",
        {"rows": rows, "token_share": held},
    )


def _damaged(facts: FirstFacts) -> Iterator[Sign]:
    """Characters that could not be decoded."""
    if rows := facts.traits.damaged:
        yield Sign(
            "damaged-characters",
            f"{_rows(rows)} {_have(rows)} \N{REPLACEMENT CHARACTER} in place of a lost character",
            "the text was decoded wrongly before it was written",
            "make the file again from its source, if that can be had",
            {"rows": rows},
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
