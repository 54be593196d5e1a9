"""What the verb `select` is asked, checked: what holds for rows and for features alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import Watcher
from spanset.commands.choosing.choice_checks import (
    check_avoiding,
    check_cluster,
    check_numbers,
    check_rounds,
    check_same,
    given_options,
)
from spanset.commands.verbs.arguments import Array, positions
from spanset.config.amounts import row_counts
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.of_parts import Same
from spanset.greedy.budget import TokenBudget
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.kernel_choice import check_kernel
from spanset.selectors.choosing import Choosing
from spanset.selectors.methods import check_method


@dataclass(frozen=True, eq=False)
class Asked:
    """Arguments of `spanset.select` but the rows, as they are told there.

    Attributes
    ----------
    k : int, float, str or None
        Picks; 1.0, all rows, where the method finds the number.
    how : Choosing
        The method and its settings.
    """

    k: int | float | str | None
    how: Choosing
    features: str
    quality: str | FloatArray | None
    transform: str | None
    tokenizer: str | None
    tokens: int | None
    token_counts: IntArray | None
    given: Dataset | Array | None
    target: Dataset | Array | None
    avoid: Dataset | Array | None
    avoid_at: float | None
    same: Same
    prefer: tuple[str, ...]
    shares: tuple[str, ...]
    keep: Sequence[int] | IntArray
    rounds: int
    parts: int | None
    model: ModelConfig | None
    watcher: Watcher

    def check(self, quality_weight: float | None) -> None:
        """Refuse arguments that do not go together, whatever they are about."""
        how = self.how
        check_kernel(how.kernel, how.gamma, how.dtype)
        options = given_options(
            given=self.given,
            quality=self.quality,
            quality_weight=quality_weight,
            target=self.target,
            threshold=how.threshold,
            clusters=how.clusters,
            shares=self.shares,
            keep=self.keep,
            same=self.same,
            prefer=self.prefer,
            normalize=how.normalize,
            auto=self.is_auto,
            rounds=self.rounds,
        )
        method = check_method(how.method, options)
        least_gain = None if how.enough is None else how.enough.share
        check_numbers(how.threshold, self.avoid_at, least_gain, how.clusters)
        check_avoiding(self.avoid_at, has_avoid=self.avoid is not None)
        check_cluster(how.ray, how.ray_workers, how.method)
        check_rounds(self.rounds, self.parts, auto=self.is_auto, shares=self.shares)
        check_same(self.same, has_given=self.given is not None)
        has_k = self.k not in (None, "")
        if len(self.shares) and (not has_k or self.is_auto):
            raise UsageError(
                "shares are of a number of rows, and none is given", where="shares", fix="give k"
            )
        if not has_k and self.tokens is None and not method.may_lack_k:
            raise UsageError("neither k nor tokens is given", where="k", fix="say how much to pick")

    @property
    def is_auto(self) -> bool:
        """Whether the number of rows is to be found."""
        return isinstance(self.k, str) and self.k == "auto"

    def wanted(self, rows: int) -> int:
        """Picks of so many rows: as asked, else all."""
        if self.k in (None, "") or self.is_auto:
            return rows
        return max(row_counts([self.k], rows), default=0)

    def positions_to_keep(self, rows: int) -> IntArray:
        """Rows that have to be picked, refused where they are no positions of that many rows."""
        return positions(self.keep, "keep", rows) if len(self.keep) else NO_ROWS

    def budget(self, counts: IntArray | None, left: IntArray, rows: int) -> TokenBudget | None:
        """The token budget of the rows that can be picked, by the tokens of all; None without."""
        if self.tokens is None:
            return None
        if counts is None or len(counts) != rows:
            raise UsageError(
                "a token budget needs the tokens of each row",
                where="token_counts",
                why="it is missing" if counts is None else f"it has {len(counts)} entries",
                fix=f"give {rows} counts",
            )
        return TokenBudget(np.asarray(counts)[left], self.tokens)
