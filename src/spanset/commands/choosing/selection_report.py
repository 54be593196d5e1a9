"""The page of a choice, from what it was made of."""

from __future__ import annotations

from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.pool import Pool
from spanset.report.selected.selection_page import SelectionFacts, selection_page
from spanset.selectors.finished_choice import FinishedChoice


def page_of(
    judged: JudgedChoice, pool: Pool, choice: FinishedChoice, projection: str | None = None
) -> str:
    """All that is told of it, as a page of HTML; the map as the run wants it, by default."""
    facts = SelectionFacts(
        judged.run,
        choice,
        pool.rated.scores,
        judged.compared,
        judged.repeats,
        projection or str(judged.run.config.get("projection", "pca")),
    )
    return selection_page(facts)
