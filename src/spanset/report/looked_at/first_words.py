"""What data are, in a sentence, and the values at the head of the page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.data.writing_systems import NO_LETTERS
from spanset.diversity.known_sets import place_of
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.first_measures import value_of
from spanset.runs.set_lines import short_count
from spanset.runs.signs.sign import per_cent

LISTED = 3  # formats, files and writing systems that a sentence names
MOSTLY = 0.98  # share of rows from which a writing system is the only one worth a word
TOLD = ("tools that can be called", "reasoning", "a rejected answer beside the chosen one")


def title_of(facts: FirstFacts) -> str:
    """Name of the file, or how many there are."""
    names = [printable(source.name) for source in facts.data.sources]
    return names[0].rsplit("/", 1)[-1] if len(names) == 1 else f"{len(names):,} files"


def sentence(facts: FirstFacts) -> str:
    """How many rows of what form, how long a talk, in which writing, and what some hold."""
    data, traits = facts.data, facts.traits
    formats = list(dict.fromkeys(one.name for one in data.formats))
    form = f"{_some(formats)} format{'s' * (len(formats) > 1)}"
    rows = "1 row" if len(data) == 1 else f"{len(data):,} rows"
    parts = [f"{rows} in {form}", _turns(facts), _writing(facts)]
    N = len(data)
    parts += [
        f"{name} in {shown_share(traits.held[name] / N)}" for name in TOLD if name in traits.held
    ]
    text = f"{', '.join(part for part in parts if part)}."
    if len(data.sources) > 1:
        names = short_names([source.name for source in data.sources])
        text += f" From {_some(names)}."
    if facts.is_drawn:
        text += (
            f" Counts are of all rows; the map, repeats that are no exact copies, and diversity of "
            f"{len(facts.looked):,} drawn at random."
        )
    return text


def values(facts: FirstFacts) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of the first figures."""
    data, tokens = facts.data, facts.tokens.total
    left_out = data.total - len(data)
    yield "rows", f"{len(data):,}", f"{left_out:,} left out" if left_out else "all that were read"
    about = "about " if facts.tokens.is_estimated else ""
    each = f"{tokens.mean():,.0f} a row; half have {np.median(tokens):,.0f} or fewer"
    yield "tokens", f"{about}{short_count(int(tokens.sum()))}", each
    exact = f"{facts.copies:,} rows are exact copies" if facts.copies else "no exact copy"
    looked = len(facts.groups.rows)
    of = f"of {looked:,} rows drawn" if looked < len(data) else "of rows"
    share = facts.groups.share
    near = "under 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"
    yield "near duplicates", near, f"{of}; {exact}"
    if (ldd := value_of(facts, "ldd")) is not None:
        place = place_of(ldd.value, facts.known) if facts.known else f"LDD {ldd.value:.3f}"
        remark = f"LDD {ldd.value:.3f} of {ldd.n:,} rows; 0 is uniform, lower is more diverse"
        yield "diversity", place, remark


def _turns(facts: FirstFacts) -> str:
    """How long a talk is."""
    answers = facts.traits.answers
    most, least = int(answers.max()), int(answers.min())
    if most == 1:
        return "text alone" if _all_promptless(facts) else "one turn each"
    if least == most:
        return f"{most:,} turns each"
    middle = int(np.median(answers))
    usual = f"most have {middle}" if (answers == middle).mean() > 0.5 else f"half {middle} or fewer"
    return f"{least} to {most:,} turns each ({usual})"


def _all_promptless(facts: FirstFacts) -> bool:
    return facts.traits.held.get("no prompt", 0) == len(facts.data)


def _writing(facts: FirstFacts) -> str:
    """Writing systems, where letters tell any."""
    N = len(facts.data)
    shares = {name: rows / N for name, rows in facts.traits.systems.items() if name != NO_LETTERS}
    if not shares:
        return ""
    first = next(iter(shares))
    if shares[first] >= MOSTLY:
        return f"in {letters(first)}"
    told = [f"{shown_share(share)} in {letters(name)}" for name, share in shares.items()]
    return " and ".join(told[:2]) if len(told) == 2 else ", ".join(told[:LISTED])


def shown_share(share: float) -> str:
    """A share in whole per cent; a positive one is never shown as none."""
    return "under 1 %" if 0 < share < 0.005 else per_cent(share)


def letters(system: str) -> str:
    """A writing system as it reads in a sentence."""
    return system if system.endswith(("characters", "letters")) else f"{system} letters"


def _some(names: list[str]) -> str:
    """The first names, and how many more."""
    shown = names[:LISTED]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
