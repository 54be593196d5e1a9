"""Settings of a run: one frozen dataclass a stage, in one schema for flags, TOML and Python.

The names are the flags' names. A run writes its resolved settings as ``config.toml``, which
``--config`` reads back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from spanset.config.amounts import count_flag
from spanset.config.cluster_settings import ClusterConfig
from spanset.config.comma_lists import comma_list
from spanset.config.groups import CHOICE, COMPUTE, DATA, FEATURES, OUTPUT, QUALITY
from spanset.config.model_settings import ModelConfig


@dataclass(frozen=True)
class DataConfig:
    """How files are read."""

    format: Annotated[str | None, Parameter(group=DATA)] = None
    """Format of the rows (messages, preference, alpaca ...; `spanset show --formats` lists them);
    by default what each file's first row shows."""

    map: Annotated[str | None, Parameter(group=DATA)] = None
    """Fields of other names, as prompt=FIELD,answer=FIELD[,input=,system=,history=]; also messages,
    conversations, text, or chosen and rejected."""

    columns: Annotated[tuple[str, ...], Parameter(group=DATA, negative="")] = ()
    """Names of the fields of CSV without a header line, with commas: question,A,B,C,D,answer."""

    on_bad_row: Annotated[Literal["stop", "skip"], Parameter(group=DATA)] = "stop"
    """At a malformed row: stop, or skip it and list it in the run folder."""

    on_empty: Annotated[Literal["skip", "error"], Parameter(group=DATA)] = "skip"
    """At a row without an answer: skip it with a count, or stop."""


def column_names(values: tuple[str, ...]) -> tuple[str, ...]:
    """Names given one by one, or several with commas."""
    return tuple(name for value in values for name in value.split(","))


@dataclass(frozen=True)
class ChoiceConfig:
    """How much is chosen and by what."""

    k: Annotated[tuple[str, ...], Parameter(name=["-k", "--k"], group=CHOICE, negative="")] = ()
    """Rows to pick: a count (10000, 10k) or a share (0.1, 10%). Several, with commas: one run
    answers all. auto: as many as there are before a row adds little."""

    tokens: Annotated[str | None, Parameter(group=CHOICE)] = None
    """Token budget (2000000, 500k, 2M): the longest prefix of the order within it."""

    method: Annotated[str, Parameter(group=CHOICE)] = "dpp"
    """dpp: diverse and good; random; top: highest quality; dedup: all but repeats; target: like
    --target; kcenter, facility, kmeans, semdedup, deita, projection: see docs/methods.md."""

    given: Annotated[str | None, Parameter(group=CHOICE, allow_leading_hyphen=True)] = None
    """Rows that are in the training set already (a data file; with array features a .npy):
    what repeats them is not picked."""

    target: Annotated[str | None, Parameter(group=CHOICE, allow_leading_hyphen=True)] = None
    """Rows like those that the model shall be good at, 50 to 1,000 of them; for --quality target,
    --method target and --method projection. Their copies are never picked."""

    avoid: Annotated[
        tuple[str, ...], Parameter(group=CHOICE, negative="", allow_leading_hyphen=True)
    ] = ()
    """Evaluation data: rows that hold their words, or mean the same, are left out and listed.
    Several, with commas."""

    avoid_at: Annotated[float | None, Parameter(group=CHOICE)] = None
    """Cosine from which a row means the same; by default 0.8 for static, lexical and sentence
    features, else words alone tell."""

    keep: Annotated[str | None, Parameter(group=CHOICE, allow_leading_hyphen=True)] = None
    """Rows that have to be picked: a file of row numbers, or a run folder."""

    share: Annotated[tuple[str, ...], Parameter(group=CHOICE, negative="")] = ()
    """Bounds on the picks by a field's values or by source: source:code.jsonl=20%..40%,
    topic=..10%."""

    least_gain: Annotated[float | None, Parameter(group=CHOICE)] = None
    """Of -k auto: share of what the first rows add, below which a row adds little; 0.2."""

    threshold: Annotated[float | None, Parameter(group=CHOICE)] = None
    """Cosine from which two rows are the same: dedup 0.95, deita 0.9; semdedup: by -k."""

    same: Annotated[Literal["row", "prompt", "answer", "both"], Parameter(group=CHOICE)] = "row"
    """What has to be the same for dedup: the row as the features see it, the prompt alone, the
    answer alone, or both of them."""

    prefer: Annotated[tuple[str, ...], Parameter(group=CHOICE, negative="")] = ()
    """Inputs whose rows dedup keeps rather than others', the first before the second."""

    clusters: Annotated[int | None, Parameter(converter=count_flag, group=CHOICE)] = None
    """Of kmeans, by default one a pick; of semdedup, the root of the number of rows."""

    rounds: Annotated[Literal[1, 2], Parameter(group=CHOICE)] = 1
    """Of dpp: 1 is exact; 2 deals the rows into parts, picks in each and then among these picks:
    nearly the same diversity in a fraction of the time, for very large data (docs/scale.md)."""

    parts: Annotated[int | None, Parameter(converter=count_flag, group=CHOICE)] = None
    """Of --rounds 2: parts that the rows are dealt into, by default 16."""

    seed: Annotated[int, Parameter(group=CHOICE)] = 0
    """Of every random draw."""

    @property
    def avoided(self) -> tuple[str, ...]:
        """Inputs of evaluation data, one by one."""
        return tuple(comma_list(self.avoid))


@dataclass(frozen=True)
class FeatureConfig:
    """What rows are compared by."""

    features: Annotated[str | None, Parameter(group=FEATURES)] = None
    """static: what is asked and how, by vectors of words; static:MODEL, by those of a model2vec
    model; lexical: words and spellings; sentence:MODEL, a sentence-transformers model;
    gradient:MODEL (as --model); hidden:MODEL, its hidden states; store:FOLDER that `spanset
    features` made (store:FOLDER:hidden for the hidden states beside gradients); array:FILE.npy with
    one row for each row of the data. By default gradients where a --model is given, else static."""

    kernel: Annotated[
        Literal["rbf", "cosine", "linear", "arccos0", "arccos1"], Parameter(group=FEATURES)
    ] = "rbf"
    """Similarity of two rows. linear and cosine tell no more rows apart than features have
    columns."""

    gamma: Annotated[str | None, Parameter(group=FEATURES)] = None
    """Sharpness of the rbf kernel, exp(-gamma |x - y|^2): a number, by default 0.25 (hidden states:
    2.5); or auto:K, the gamma at which K picks have a gain of at least e^-7."""

    normalize: Annotated[bool, Parameter(group=FEATURES)] = True
    """Compare directions only, or (--no-normalize) features with their lengths."""


@dataclass(frozen=True)
class QualityConfig:
    """What makes a row good, and how much that counts."""

    quality: Annotated[str | None, Parameter(group=QUALITY)] = None
    """output_tokens, input_tokens, total_tokens, column:NAME or column:NAME:down; target: nearness
    to the rows of --target (target:mean: on the mean); by a --model: perplexity, gradient_norm,
    el2n, logit_margin, answer_tokens, ifd, pmi."""

    quality_weight: Annotated[float | None, Parameter(name="--lambda", group=QUALITY)] = None
    """Share of quality in the score, 0 to 1; 0.1 when a quality is given."""

    transform: Annotated[
        Literal["log", "identity", "rank", "quantile", "standard"] | None, Parameter(group=QUALITY)
    ] = None
    """From the score to log quality; by default log, or identity for logit_margin and pmi, which
    are logarithms already, and standard (mean 0, deviation 1) for target."""

    tokenizer: Annotated[str | None, Parameter(group=QUALITY)] = None
    """Hugging Face tokenizer (name or folder) that counts tokens; by default they are
    estimated as UTF-8 bytes / 4."""


@dataclass(frozen=True)
class OutputConfig:
    """What is written where."""

    output: Annotated[
        str | None, Parameter(name=["--output", "-o"], group=OUTPUT, allow_leading_hyphen=True)
    ] = None
    """The subset: .jsonl, .json, .csv, .tsv (each also .gz or .zst), .parquet, .arrow, or - for
    standard output; by default in the run folder."""

    to: Annotated[Literal["messages"] | None, Parameter(group=OUTPUT)] = None
    """Write rows as chat messages (pairs as prompt, chosen, rejected), as TRL takes them; by
    default as they stand in the source."""

    run: Annotated[str | None, Parameter(group=OUTPUT)] = None
    """Run folder; by default named after the output, or spanset-run."""

    sort: Annotated[Literal["rank", "source"], Parameter(group=OUTPUT)] = "rank"
    """Order of the subset's rows: best first, or as in the source."""

    by: Annotated[tuple[str, ...], Parameter(group=OUTPUT, negative="")] = ()
    """Fields whose values' shares the table shows, before and after."""

    draws: Annotated[int | None, Parameter(group=OUTPUT)] = None
    """Random subsets that the table compares with; by default 3, of more than 4,000 rows 1."""

    report: Annotated[bool, Parameter(group=OUTPUT)] = True
    """Write report.html into the run folder: the page of the selection, to open and to send."""

    projection: Annotated[Literal["pca", "umap"], Parameter(group=OUTPUT)] = "pca"
    """How the page's map places rows: by two principal components, or by UMAP (extra `map`)."""

    force: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Replace an output and a run folder that exist."""

    json: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Print the summary as JSON."""

    dry_run: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Read the data, print what would be done and what it would take, and stop."""


@dataclass(frozen=True)
class ComputeConfig(ClusterConfig):
    """How it is computed."""

    dtype: Annotated[Literal["float64", "float32"], Parameter(group=COMPUTE)] = "float64"
    """float32 halves memory and time; near-ties may be decided otherwise."""

    workers: Annotated[int, Parameter(group=COMPUTE)] = 0
    """Threads; 0 for all processors. Changes nothing but speed."""

    scratch: Annotated[str | None, Parameter(group=COMPUTE)] = None
    """Folder for what memory does not hold, features and the factor (rows x picks numbers), on a
    fast disk; by default in the user's cache folder. Nothing stays there. Changes nothing but
    speed."""


@dataclass(frozen=True)
class SelectConfig:
    """All settings of ``spanset select``."""

    data: tuple[str, ...]
    reading: DataConfig = field(default_factory=DataConfig)
    choice: ChoiceConfig = field(default_factory=ChoiceConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    compute: ComputeConfig = field(default_factory=ComputeConfig)

    def table(self) -> dict[str, Any]:
        """Flag name to value, for a TOML file; flags of the one call (--force ...) left out."""
        table: dict[str, Any] = {"data": list(self.data)}
        for stage in fields(self)[1:]:
            settings = getattr(self, stage.name)
            for setting in fields(settings):
                value = getattr(settings, setting.name)
                if value in (None, ()) or setting.name in ("force", "json", "dry_run"):
                    continue
                name = "lambda" if setting.name == "quality_weight" else setting.name
                shown = list(value) if isinstance(value, tuple) else value
                table[name.replace("_", "-")] = shown
        return table
