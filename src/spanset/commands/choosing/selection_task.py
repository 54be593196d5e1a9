"""What a selection is asked for, and the stages that end in candidates.

check -> read -> represent -> leave out what is to be avoided -> score -> candidates

`spanset select` runs them once; `why` runs them again; `compare` runs them for every cell of its
grid that needs features or scores of its own.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from spanset.base.disk_space import scratch_folder
from spanset.base.errors import UsageError
from spanset.base.ray_cluster import Crowd, joined
from spanset.base.scratch_files import scratch_in
from spanset.base.stages import Watcher
from spanset.commands.choosing.avoiding import less_avoided, require_avoidable
from spanset.commands.choosing.choice_checks import check_choice, check_cluster, options_of
from spanset.commands.choosing.other_rows import OtherRows
from spanset.commands.choosing.pool import Beside, Pool
from spanset.config.amounts import check_amounts, is_auto, refuse_negative, row_counts, token_count
from spanset.config.settings import SelectConfig
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.dataset import Dataset
from spanset.data.reader import check_reading, read_data
from spanset.features.on_cluster import check_making
from spanset.features.representations import Representation, check_representation, fit_transform
from spanset.features.specs import Spec, parse_features
from spanset.greedy.budget import TokenBudget
from spanset.greedy.enough import LEAST_GAIN, Enough
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.kernel_choice import check_kernel
from spanset.greedy.partitioned import parts_in
from spanset.quality.lengths import count_tokens
from spanset.quality.model_scores import MODEL_SCORES
from spanset.quality.scores import check_quality
from spanset.report.parts.projections import check_projection
from spanset.runs.outputs import Outputs
from spanset.runs.row_ids import read_ids
from spanset.runs.summary import require_fields
from spanset.selectors.choosing import Candidates, Choosing, resolved_weight
from spanset.selectors.methods import Method, check_method, method_named
from spanset.selectors.value_shares import parse_shares, quotas_of
from spanset.stores.represented import Represented


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
        compute = config.compute
        check_cluster(compute.ray, compute.ray_workers, choice.method)
        check_making(compute, config.model)
        check_projection(config.output.projection)
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

    @property
    def scratch(self) -> Path:
        """Folder for what memory does not hold."""
        return scratch_folder(self.config.compute.scratch)

    def on_cluster(self) -> AbstractContextManager[Crowd | None]:
        """Joined once for all stages, where a cluster is asked for: each would join it again."""
        compute, device = self.config.compute, self.config.model.selection_device
        if compute.ray is None:
            return nullcontext()
        return joined(compute.ray, compute.ray_workers, device=device)

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
        require_avoidable(avoid, choice.avoid_at)
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
                cluster=self.config.compute,
                watcher=watcher,
            )

        with scratch_in(self.scratch):
            return Pool.of(
                data,
                beside,
                self.config.choice.same,
                represent,
                normalize=self.config.features.normalize,
                dtype=self.config.compute.dtype,
            )

    def less_avoided(self, pool: Pool, beside: Beside, watcher: Watcher) -> Pool:
        """The pool less rows too near to evaluation data, and less copies of the target."""
        with scratch_in(self.scratch):
            return less_avoided(pool, beside, self.config.choice.avoid_at, watcher)

    def rated(self, pool: Pool, watcher: Watcher) -> Pool:
        """The rows that can be scored, with their quality and tokens."""
        quality = self.config.quality
        if quality.quality is not None:
            with scratch_in(self.scratch):
                pool = pool.scored(
                    quality.quality,
                    transform=quality.transform,
                    tokenizer=quality.tokenizer,
                    model=self.config.model,
                    seed=self.config.choice.seed,
                    watcher=watcher,
                    on_bad_row=self.config.reading.on_bad_row,
                )
        tokens = pool.rated.tokens or count_tokens(pool.made.data, quality.tokenizer)
        return replace(pool, tokens=tokens)

    def candidates(self, pool: Pool, k: int) -> Candidates:
        """What there is to choose k rows from."""
        choice = self.config.choice
        limit, shares = choice.tokens, parse_shares(choice.share)
        return pool.candidates(
            normalize=self.config.features.normalize,
            budget=None if limit is None else TokenBudget(pool.tokens.total, token_count(limit)),
            quotas=quotas_of(shares, pool.made.data, k) if shares else None,
            prefer=choice.prefer,
        )

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
            self.scratch,
            parts_in(choice.rounds, choice.parts),
            self.config.compute.ray,
            self.config.compute.ray_workers,
        )
