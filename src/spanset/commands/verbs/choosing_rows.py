"""The verb `select` on a data set: the stages of the command, in memory."""

from __future__ import annotations

from dataclasses import replace

from spanset.commands.choosing.avoiding import less_avoided, require_avoidable
from spanset.commands.choosing.other_rows import OtherRows
from spanset.commands.choosing.pool import Beside, Pool
from spanset.commands.verbs.arguments import Array, matrix
from spanset.commands.verbs.asked import Asked
from spanset.data.dataset import Dataset
from spanset.features.representations import Representation, fit_transform
from spanset.features.specs import parse_features
from spanset.greedy.rules import checked_quality
from spanset.greedy.selection import Selection
from spanset.quality.lengths import count_tokens
from spanset.quality.scored_rows import RowQuality
from spanset.selectors.choosing import choose_rows
from spanset.selectors.dedup import Deduplicated
from spanset.selectors.value_shares import parse_shares, quotas_of
from spanset.stores.represented import Represented


def choose_of_rows(data: Dataset, asked: Asked) -> Selection:
    """Picks of a data set, by their positions in it."""
    keep = asked.positions_to_keep(len(data))
    beside = Beside(
        _others(asked.given, "given"),
        _others(asked.target, "target"),
        _others(asked.avoid, "avoid"),
        data.ids[keep],
    )
    require_avoidable(beside.avoid, asked.avoid_at)
    how, watcher = asked.how, asked.watcher

    def represent(rows: Dataset) -> tuple[Represented, Representation]:
        spec = parse_features(asked.features)
        return fit_transform(spec, rows, seed=how.seed, model=asked.model, watcher=watcher)

    with watcher.stage("represent"):
        normalize, dtype = how.normalize, how.dtype
        pool = Pool.of(data, beside, asked.same, represent, normalize=normalize, dtype=dtype)
        pool = less_avoided(pool, beside, asked.avoid_at, watcher)
    with watcher.stage("score"):
        pool = _scored(pool, asked, len(data))
    made = pool.made
    counts = asked.token_counts
    if asked.tokens is not None and counts is None:
        counts = count_tokens(data, asked.tokenizer).total
    # A share is one of the rows that were given.
    wanted = min(asked.wanted(len(data)), len(made.X))
    shares = parse_shares(asked.shares)
    candidates = pool.candidates(
        normalize=how.normalize,
        budget=asked.budget(counts, made.kept, len(data)),
        quotas=quotas_of(shares, made.data, wanted) if shares else None,
        prefer=asked.prefer,
    )
    with watcher.stage("select"):
        picks, _ = choose_rows(candidates, wanted, how, watcher=watcher)
    if isinstance(picks, Deduplicated):
        return picks.of_more(made.kept, len(data))
    return replace(picks, order=made.kept[picks.order])


def _others(found: Dataset | Array | None, name: str) -> OtherRows | None:
    """Rows beside the data, or their features, checked."""
    rows = found if found is None or isinstance(found, Dataset) else matrix(found, name)
    return OtherRows.of(rows, name)


def _scored(pool: Pool, asked: Asked, rows: int) -> Pool:
    """The rows that can be scored, with their quality."""
    if asked.quality is None:
        return pool
    if not isinstance(asked.quality, str):
        log_quality = checked_quality(asked.quality, rows)[pool.made.kept]
        return replace(pool, rated=RowQuality(log_quality))
    return pool.scored(
        asked.quality,
        transform=asked.transform,
        tokenizer=asked.tokenizer,
        model=asked.model,
        seed=asked.how.seed,
        watcher=asked.watcher,
    )
