"""What a selection is asked for, and the stages that end in candidates.

check -> read -> represent -> leave out what is to be avoided -> score -> candidates

`spanset select` runs them once; `why` runs them again; `compare` runs them for every cell of its
grid that needs features or scores of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.stages import Watcher
from spanset.commands.choice_checks import check_choice, options_of
from spanset.commands.other_rows import OtherRows
from spanset.config.amounts import check_amounts, is_auto, refuse_negative, row_counts, token_count
from spanset.config.settings import SelectConfig
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.dataset import Dataset
from spanset.data.reader import check_reading, read_data
from spanset.data.row_parts import only_part
from spanset.features.of_parts import represent_parts
from spanset.features.representations import Representation, check_representation, fit_transform
from spanset.features.specs import Spec, parse_features
from spanset.greedy.budget import TokenBudget
from spanset.greedy.enough import LEAST_GAIN, Enough
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.kernel_choice import check_kernel
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.model_scores import MODEL_SCORES
from spanset.quality.scored_rows import RowQuality, scored_rows
from spanset.quality.scores import check_quality
from spanset.runs.outputs import Outputs
from spanset.runs.row_ids import read_ids
from spanset.runs.summary import require_fields
from spanset.selectors.choosing import Candidates, Choosing, Matrix, resolved_weight
from spanset.selectors.contamination import THRESHOLDS, Contact, contacts, near_features
from spanset.selectors.dedup import THRESHOLD as COPY
from spanset.selectors.methods import Method, check_method, method_named
from spanset.selectors.value_shares import parse_shares, quotas_of
from spanset.stores.represented import Represented

NOTHING_COUNTED = TokenCounts(np.zeros(0, np.int64), np.zeros(0, np.int64), "")


@dataclass(frozen=True)
class Beside:
    """Rows beside the data, by their use; None where there are none."""

    given: OtherRows | None = None
    target: OtherRows | None = None
    avoid: OtherRows | None = None
    keep: IntArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True, eq=False)
class Pool:
    """What there is to choose from.

    Attributes
    ----------
    made : Represented
        Features of the rows that can be picked, n.
    fitted : Representation
        What made them.
    rated : RowQuality
        Their quality.
    tokens : TokenCounts
        Their tokens.
    keys : (n, b) uint8
        Equal for rows that are equal in what is compared.
    given, target : (g, d), (t, d) or None
        Features of those rows: as the kernel sees them, and unit rows.
    given_rows : Dataset or None
        The given rows that have features; None where there are none, or only an array.
    beside : (n, e) or None
        Features of another part of the rows.
    kept : (m,) int64
        Positions of rows that have to be picked.
    """

    made: Represented
    fitted: Representation
    rated: RowQuality
    tokens: TokenCounts
    keys: npt.NDArray[np.uint8]
    given: Matrix | None = None
    target: Matrix | None = None
    given_rows: Dataset | None = None
    beside: npt.NDArray[Any] | None = None
    kept: IntArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True)
class SelectionTask:
    """What a selection is asked for, checked.

    Attributes
    ----------
    config : SelectConfig
        All settings.
    spec : Spec
        What rows are compared by.
    weight : float
        Lambda.
    outputs : Outputs
        Where rows go.
    """

    config: SelectConfig
    spec: Spec
    weight: float
    outputs: Outputs

    @classmethod
    def check(cls, config: SelectConfig) -> SelectionTask:
        """Refuse what is wrong without a look at the data: each room checks its own settings."""
        choice, quality, features = config.choice, config.quality, config.features
        method = check_method(choice.method, options_of(config))
        check_amounts(choice.k, choice.tokens, may_lack=method.may_lack_k)
        check_choice(config)
        check_kernel(features.kernel, features.gamma, config.compute.dtype)
        refuse_negative(
            ("--seed", choice.seed),
            ("--draws", config.output.draws),
            ("--workers", config.compute.workers),
        )
        spec = parse_features(features.features, config.model.model)
        check_quality(quality.quality, spec, config.model)
        is_scored = quality.quality in MODEL_SCORES
        check_representation(spec, config.model, scores=is_scored)
        check_reading(config.reading)
        refuse_second_stdin((*config.data, choice.given), "--given")
        refuse_second_stdin((*config.data, choice.given, choice.target), "--target")
        others = (choice.given, choice.target, *choice.avoided)
        refuse_second_stdin((*config.data, *others), "--avoid")
        has_quality = quality.quality is not None
        weight = resolved_weight(quality.quality_weight, has_quality=has_quality)
        return cls(config, spec, weight, Outputs.plan(config.output))

    @property
    def method(self) -> Method:
        """How rows are chosen, by name."""
        return method_named(self.config.choice.method)

    def read(self) -> tuple[Dataset, list[int], list[str]]:
        """The rows, how many are to be picked, and the names of the subsets' files."""
        choice = self.config.choice
        data = read_data(self.config.data, self.config.reading)
        sizes = [] if is_auto(choice.k) else row_counts(choice.k, len(data))
        if len(sizes) > 1 and not (self.method.is_nested and not choice.share):
            what = f"the method {choice.method}" if not choice.share else "a choice by shares"
            raise UsageError(
                f"{what} chooses anew for every number of rows",
                where="-k",
                fix="give one -k, and run it once for each",
            )
        names = self.outputs.names(data, sizes)
        more = (choice.given, choice.target, *choice.avoided, choice.keep, self.spec.path)
        inputs = (*(source.path for source in data.sources), *more)
        self.outputs.refuse_inputs(names, [path for path in inputs if path])
        require_fields(data, self.config.output.by)
        return data, sizes, names

    def beside(self) -> Beside:
        """Rows beside the data, read."""
        choice, reading = self.config.choice, self.config.reading

        def rows(path: str | None, flag: str, *, answers: bool) -> OtherRows | None:
            named = () if path is None else (path,)
            return OtherRows.read(named, flag, self.spec, reading, needs_answers=answers)

        avoid = OtherRows.read(
            choice.avoided,
            "--avoid",
            self.spec,
            reading,
            needs_answers=False,
            needs_array=choice.avoid_at is not None,
        )
        if avoid is not None and avoid.rows is None and choice.avoid_at is None:
            raise UsageError(
                "an array has no words to look for",
                where=avoid.where,
                fix="add --avoid-at, the cosine from which a row is too near; or give rows",
            )
        return Beside(
            rows(choice.given, "--given", answers=True),
            rows(choice.target, "--target", answers=False),
            avoid,
            NO_ROWS if choice.keep is None else read_ids(choice.keep),
        )

    def represented(self, data: Dataset, beside: Beside, watcher: Watcher) -> Pool:
        """Features of the rows that have some, and of those beside; nothing left out, no quality.

        Raises
        ------
        DataError
            Rows that cannot be represented, among others.
        """

        def represent(rows: Dataset) -> tuple[Represented, Representation]:
            return fit_transform(
                self.spec,
                rows,
                seed=self.config.choice.seed,
                model=self.config.model,
                on_bad_row=self.config.reading.on_bad_row,
                watcher=watcher,
            )

        made, fitted, other, keys = represent_parts(data, self.config.choice.same, represent)
        given = target = given_rows = None
        columns = made.X.shape[1]
        if beside.given is not None:
            own = self._same_part(beside.given)
            given, given_rows = own.features(
                fitted,
                columns,
                normalize=self.config.features.normalize,
                dtype=self.config.compute.dtype,
            )
        if beside.target is not None:
            target, _ = beside.target.represented(fitted, columns)
        return Pool(
            made, fitted, RowQuality(), NOTHING_COUNTED, keys, given, target, given_rows, other
        )

    def less_avoided(self, pool: Pool, beside: Beside, watcher: Watcher) -> Pool:
        """The pool less rows too near to evaluation data, and less copies of the target."""
        kind = pool.fitted.settings()["kind"]
        at = self.config.choice.avoid_at
        near = THRESHOLDS.get(kind) if at is None else at
        if beside.avoid is not None:
            pool = _without(pool, beside.avoid, near, "near", "a higher --avoid-at")
            if near is None and beside.avoid.rows is not None:
                watcher.note(
                    f"--avoid: by words alone, as {kind} features have no cosine that means the "
                    "same; --avoid-at gives one"
                )
        if beside.target is not None:
            copies = COPY if kind in THRESHOLDS else None
            pool = _without(pool, beside.target, copies, "a copy of", "another target")
        return replace(pool, kept=_positions(pool.made.data, beside.keep))

    def rated(self, pool: Pool, watcher: Watcher) -> Pool:
        """The rows that can be scored, with their quality and tokens."""
        quality = self.config.quality
        made, rated = pool.made, RowQuality()
        if quality.quality is not None:
            made, rated = scored_rows(
                pool.made,
                pool.fitted,
                quality.quality,
                transform=quality.transform,
                tokenizer=quality.tokenizer,
                model=self.config.model,
                target=pool.target,
                seed=self.config.choice.seed,
                on_bad_row=self.config.reading.on_bad_row,
                watcher=watcher,
            )
        tokens = rated.tokens or count_tokens(made.data, quality.tokenizer)
        left = np.flatnonzero(np.isin(pool.made.data.ids, made.data.ids))
        kept = _positions(made.data, pool.made.data.ids[pool.kept])
        other = None if pool.beside is None else pool.beside[left]
        return replace(
            pool,
            made=made,
            rated=rated,
            tokens=tokens,
            keys=pool.keys[left],
            beside=other,
            kept=kept,
        )

    def candidates(self, pool: Pool, k: int) -> Candidates:
        """What there is to choose k rows from."""
        choice, data = self.config.choice, pool.made.data
        limit = choice.tokens
        shares = parse_shares(choice.share)
        return Candidates(
            pool.made.X,
            pool.fitted.settings()["kind"],
            None if self.config.features.normalize else pool.made.lengths,
            pool.rated.log_quality,
            pool.given,
            None if limit is None else TokenBudget(pool.tokens.total, token_count(limit)),
            quotas_of(shares, data, k) if shares else None,
            pool.target,
            pool.beside,
            _precedence(data, choice.prefer),
            pool.kept,
        )

    def _same_part(self, others: OtherRows) -> OtherRows:
        """Other rows by the part that the data are compared by."""
        part = self.config.choice.same
        if others.rows is None or part not in ("prompt", "answer"):
            return others
        return replace(others, rows=only_part(others.rows, part))

    @property
    def choosing(self) -> Choosing:
        """How rows are chosen."""
        choice = self.config.choice
        least = LEAST_GAIN if choice.least_gain is None else choice.least_gain
        return Choosing(
            choice.method,
            self.weight,
            self.config.features.kernel,
            self.config.features.gamma,
            self.config.features.normalize,
            self.config.compute.dtype,
            choice.seed,
            self.config.compute.workers,
            self.config.model.selection_device,
            choice.threshold,
            choice.clusters,
            Enough(least) if is_auto(choice.k) else None,
        )


def _without(
    pool: Pool, others: OtherRows, threshold: float | None, what: str, instead: str
) -> Pool:
    """The pool less rows too near to others, each listed with the one that it is near to."""
    rows, X = others.rows, pool.made.X
    features = X[:0]  # words alone need none: a prompt without an answer has no gradient
    if threshold is not None:
        features, rows = others.represented(pool.fitted, X.shape[1])
    if rows is not None:
        found = contacts(pool.made.data, X, rows, features, threshold)
    else:  # an array: nothing but features to go by
        found = near_features(X, features, threshold) if threshold is not None else []
    if not found:
        return pool
    if len(found) == len(pool.made.X):
        raise DataError(
            f"every row is {what} a row of it",
            where=others.where,
            why=f"the first: {_reason(found[0], others, rows, what)}",
            fix=f"give other data, or {instead}",
        )
    out = np.array([one.row for one in found], np.int64)
    left = np.setdiff1d(np.arange(len(pool.made.X)), out)
    return replace(
        pool,
        made=pool.made.without(out, [_reason(one, others, rows, what) for one in found]),
        keys=pool.keys[left],
        beside=None if pool.beside is None else pool.beside[left],
    )


def _reason(contact: Contact, others: OtherRows, rows: Dataset | None, what: str) -> str:
    where = f"{others.paths[0]}, row {contact.other}" if rows is None else rows.where(contact.other)
    return f"{what} {where}: {contact.how}"


def _positions(data: Dataset, ids: IntArray) -> IntArray:
    """Positions of rows that have to be picked, by their numbers."""
    places = np.searchsorted(data.ids, ids)
    wrong = np.flatnonzero(data.ids[np.minimum(places, len(data) - 1)] != ids)
    if len(wrong):
        number = int(ids[wrong[0]])
        left_out = (*data.bad, *data.empty, *data.unrepresented, *data.avoided)
        reasons = [row.reason for row in left_out if row.row == number]
        raise DataError(
            f"row {number} has to be kept and cannot be picked",
            where="--keep",
            why=reasons[0] if reasons else f"the data have {data.total:,} rows, from number 0",
            fix="take it out of the file, or name the data that the numbers are of",
        )
    return places.astype(np.int64)


def _precedence(data: Dataset, prefer: tuple[str, ...]) -> IntArray | None:
    """Rows of inputs that are named first go before; None where none is named."""
    wanted = [piece for text in prefer for piece in text.split(",") if piece]
    if not wanted:
        return None
    names = [source.name for source in data.sources]
    for name in wanted:
        if name not in names:
            raise UsageError(
                f"no input {name!r}",
                where="--prefer",
                why=f"there are {', '.join(names)}",
                fix="name inputs as they are given",
            )
    ranks = [wanted.index(name) if name in wanted else len(wanted) for name in names]
    return np.array(ranks, np.int64)[data.source]
