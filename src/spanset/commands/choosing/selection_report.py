"""The page of a choice, from what it was made of."""

from __future__ import annotations

from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.pool import Pool
from spanset.kernels.kernel import Kernel
from spanset.report.selected.selection_page import SelectionFacts, selection_page
from spanset.selectors.choosing import Candidates


def page_of(judged: JudgedChoice, pool: Pool, candidates: Candidates, kernel: Kernel) -> str:
    """All that is told of it, as a page of HTML."""
    facts = SelectionFacts(
        judged.run,
        pool.made.X,
        candidates.lengths,
        kernel,
        pool.rated.scores,
        judged.compared,
        judged.repeats,
    )
    return selection_page(facts)
