"""Settings of a run: one frozen dataclass a stage, in one schema for flags, TOML and Python.

The names are the flags' names. A run writes its resolved settings as ``config.toml``, which
``--config`` reads back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

_DATA = Group("Data", sort_key=1)
_CHOICE = Group("Choice", sort_key=2)
_FEATURES = Group("Features and kernel", sort_key=3)
_MODEL = Group("Model", sort_key=4)
_QUALITY = Group("Quality", sort_key=5)
_MEASURE = Group("Measuring", sort_key=2)
_OUTPUT = Group("Output", sort_key=6)
_COMPUTE = Group("Computing", sort_key=7)


@dataclass(frozen=True)
class DataConfig:
    """How files are read."""

    format: Annotated[str | None, Parameter(group=_DATA)] = None
    """Format of the rows (messages, preference, alpaca ...; `spanset show --formats` lists them);
    by default what each file's first row shows."""

    map: Annotated[str | None, Parameter(group=_DATA)] = None
    """Fields of other names, as prompt=FIELD,answer=FIELD[,input=,system=,history=]; also messages,
    conversations, text, or chosen and rejected."""

    columns: Annotated[tuple[str, ...], Parameter(group=_DATA, negative="")] = ()
    """Names of the fields of CSV without a header line, with commas: question,A,B,C,D,answer."""

    on_bad_row: Annotated[Literal["stop", "skip"], Parameter(group=_DATA)] = "stop"
    """At a malformed row: stop, or skip it and list it in the run folder."""

    on_empty: Annotated[Literal["skip", "error"], Parameter(group=_DATA)] = "skip"
    """At a row without an answer: skip it with a count, or stop."""


def column_names(values: tuple[str, ...]) -> tuple[str, ...]:
    """Names given one by one, or several with commas."""
    return tuple(name for value in values for name in value.split(","))


@dataclass(frozen=True)
class ChoiceConfig:
    """How much is chosen and by what."""

    k: Annotated[tuple[str, ...], Parameter(name=["-k", "--k"], group=_CHOICE, negative="")] = ()
    """Rows to pick: a count (10000) or a share (0.1 or 10%). Several, with commas: one run
    answers all."""

    tokens: Annotated[str | None, Parameter(group=_CHOICE)] = None
    """Token budget (2000000, 500k, 2M): the longest prefix of the order within it."""

    method: Annotated[Literal["dpp", "random", "top"], Parameter(group=_CHOICE)] = "dpp"
    """dpp: diverse and good; random: uniform; top: highest quality."""

    given: Annotated[str | None, Parameter(group=_CHOICE, allow_leading_hyphen=True)] = None
    """Rows that are in the training set already (a data file; with array features a .npy):
    what repeats them is not picked."""

    seed: Annotated[int, Parameter(group=_CHOICE)] = 0
    """Of every random draw."""


@dataclass(frozen=True)
class FeatureConfig:
    """What rows are compared by."""

    features: Annotated[str | None, Parameter(group=_FEATURES)] = None
    """lexical; sentence:MODEL, a sentence-transformers model; gradient:MODEL (as --model);
    hidden:MODEL, its hidden states; store:FOLDER that `spanset features` made (store:FOLDER:hidden
    for the hidden states beside gradients); array:FILE.npy with one row for each row of the data.
    By default gradients where a --model is given, else lexical."""

    kernel: Annotated[
        Literal["rbf", "cosine", "linear", "arccos0", "arccos1"], Parameter(group=_FEATURES)
    ] = "rbf"
    """Similarity of two rows. linear and cosine tell no more rows apart than features have
    columns."""

    gamma: Annotated[str | None, Parameter(group=_FEATURES)] = None
    """Sharpness of the rbf kernel, exp(-gamma |x - y|^2): a number, by default 0.25 (hidden states:
    2.5); or auto:K, the gamma at which K picks have a gain of at least e^-7."""

    normalize: Annotated[bool, Parameter(group=_FEATURES)] = True
    """Compare directions only, or (--no-normalize) features with their lengths."""


@dataclass(frozen=True)
class ModelConfig:
    """How rows go through a language model, and what becomes of its gradients."""

    model: Annotated[str | None, Parameter(group=_MODEL)] = None
    """The model to be tuned: a folder, or its name on the hub; of a model or a PEFT adapter. Rows
    are then compared by the gradients of its weights, unless --features says otherwise, and scored
    by it where --quality names such a score."""

    revision: Annotated[str | None, Parameter(group=_MODEL)] = None
    """Revision on the hub."""

    text: Annotated[Literal["prompt", "answer", "all"], Parameter(group=_MODEL)] = "prompt"
    """What a sentence model reads of a row."""

    supervise: Annotated[Literal["all", "last"], Parameter(group=_MODEL)] = "all"
    """Assistant turns that count: all of them, or the last. As in training."""

    max_length: Annotated[int | None, Parameter(group=_MODEL)] = None
    """Tokens of a row, the rest is cut; by default 2048, or the model's context. As in training."""

    chat_template: Annotated[str | None, Parameter(group=_MODEL)] = None
    """File with a Jinja chat template to use instead of the tokenizer's."""

    device: Annotated[str, Parameter(group=_MODEL)] = "auto"
    """auto, cpu, cuda or cuda:1. The selection runs on a CUDA device named here, too."""

    model_dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"], Parameter(group=_MODEL)
    ] = "auto"
    """Numbers that the model computes in: auto is float32 on the CPU, bfloat16 on CUDA."""

    quantize: Annotated[Literal["none", "8bit", "4bit"], Parameter(group=_MODEL)] = "none"
    """Bits of the linear layers' weights (needs bitsandbytes): 4bit is NF4, as QLoRA trains on."""

    device_map: Annotated[
        Literal["auto", "balanced", "sequential"] | None, Parameter(group=_MODEL)
    ] = None
    """Spread the layers of a model that is larger than one card over all of them (extra `train`):
    auto, balanced, or sequential, card after card."""

    batch_tokens: Annotated[int | None, Parameter(group=_MODEL)] = None
    """Tokens of a batch, padding included; by default 2048 on the CPU, 16384 on CUDA."""

    gradient_checkpointing: Annotated[bool, Parameter(group=_MODEL, negative="")] = False
    """Less memory for about a third more time."""

    pair: Annotated[Literal["difference", "chosen", "rejected"], Parameter(group=_MODEL)] = (
        "difference"
    )
    """Of a preference pair: the gradient of the difference that DPO learns, or of one side. Hidden
    states and scores are of the chosen side, or of the rejected."""

    hidden: Annotated[bool, Parameter(group=_MODEL)] = True
    """Keep hidden states beside gradients, for hidden:MODEL without another pass; --no-hidden saves
    the disk space."""

    targets: Annotated[Literal["attention", "all-linear"], Parameter(group=_MODEL)] = "attention"
    """Layers whose gradients count."""

    sketch: Annotated[Literal["fold", "factored", "paper", "none"], Parameter(group=_MODEL)] = (
        "fold"
    )
    """How gradients are reduced: fold; factored: faster, with larger errors; paper: as published,
    slower; none: not at all, for tiny models."""

    rank: Annotated[int, Parameter(group=_MODEL)] = 64
    """Rank of the LoRA adapter whose gradient it is; more is more exact for short answers."""

    dimension: Annotated[int, Parameter(group=_MODEL)] = 4096
    """Columns of the features, a multiple of the rank."""


@dataclass(frozen=True)
class QualityConfig:
    """What makes a row good, and how much that counts."""

    quality: Annotated[str | None, Parameter(group=_QUALITY)] = None
    """output_tokens, input_tokens, total_tokens, column:NAME or column:NAME:down; by a --model:
    perplexity, gradient_norm, el2n, logit_margin, answer_tokens, ifd, pmi."""

    quality_weight: Annotated[float | None, Parameter(name="--lambda", group=_QUALITY)] = None
    """Share of quality in the score, 0 to 1; 0.1 when a quality is given."""

    transform: Annotated[
        Literal["log", "identity", "rank", "quantile"] | None, Parameter(group=_QUALITY)
    ] = None
    """From the score to log quality; by default log, or identity for logit_margin and pmi, which
    are logarithms already."""

    tokenizer: Annotated[str | None, Parameter(group=_QUALITY)] = None
    """Hugging Face tokenizer (name or folder) that counts tokens; by default they are
    estimated as UTF-8 bytes / 4."""


@dataclass(frozen=True)
class OutputConfig:
    """What is written where."""

    output: Annotated[
        str | None, Parameter(name=["--output", "-o"], group=_OUTPUT, allow_leading_hyphen=True)
    ] = None
    """The subset: .jsonl, .json, .csv, .tsv (each also .gz or .zst), .parquet, .arrow, or - for
    standard output; by default in the run folder."""

    to: Annotated[Literal["messages"] | None, Parameter(group=_OUTPUT)] = None
    """Write rows as chat messages (pairs as prompt, chosen, rejected), as TRL takes them; by
    default as they stand in the source."""

    run: Annotated[str | None, Parameter(group=_OUTPUT)] = None
    """Run folder; by default named after the output, or spanset-run."""

    sort: Annotated[Literal["rank", "source"], Parameter(group=_OUTPUT)] = "rank"
    """Order of the subset's rows: best first, or as in the source."""

    by: Annotated[tuple[str, ...], Parameter(group=_OUTPUT, negative="")] = ()
    """Fields whose values' shares the table shows, before and after."""

    draws: Annotated[int, Parameter(group=_OUTPUT)] = 3
    """Random subsets that the table compares with."""

    force: Annotated[bool, Parameter(negative="", group=_OUTPUT)] = False
    """Replace an output and a run folder that exist."""

    json: Annotated[bool, Parameter(negative="", group=_OUTPUT)] = False
    """Print the summary as JSON."""

    dry_run: Annotated[bool, Parameter(negative="", group=_OUTPUT)] = False
    """Read the data, print what would be done and what it would take, and stop."""


@dataclass(frozen=True)
class ComputeConfig:
    """How it is computed."""

    dtype: Annotated[Literal["float64", "float32"], Parameter(group=_COMPUTE)] = "float64"
    """float32 halves memory and time; near-ties may be decided otherwise."""

    workers: Annotated[int, Parameter(group=_COMPUTE)] = 0
    """Threads; 0 for all processors. Changes nothing but speed."""


@dataclass(frozen=True)
class MeasuringConfig:
    """What is measured, of how many rows, and beside what."""

    n: Annotated[int | None, Parameter(name=["-n", "--n"], group=_MEASURE)] = None
    """Rows that log determinants are taken of; by default the pool, at most 10,000."""

    metrics: Annotated[tuple[str, ...], Parameter(group=_MEASURE, negative="")] = ()
    """Measures, with commas: ldd, equivalent-size, vendi, vendi:2, novelsum, knn:5 ...; all is the
    default."""

    pool: Annotated[int | None, Parameter(group=_MEASURE)] = None
    """Rows drawn from each data set; by default 80 % of the smallest, at most 50,000."""

    draws: Annotated[int, Parameter(group=_MEASURE)] = 3
    """Draws of rows and of the reference; values are means over them."""

    by: Annotated[tuple[str, ...], Parameter(group=_MEASURE, negative="")] = ()
    """Fields whose distinct values are counted."""

    reference: Annotated[str | None, Parameter(group=_MEASURE, allow_leading_hyphen=True)] = None
    """Data that volumes are compared with instead of points uniform on the sphere."""

    given: Annotated[str | None, Parameter(group=_MEASURE, allow_leading_hyphen=True)] = None
    """Data that you have already: tells what each of DATA adds to it."""

    subset: Annotated[tuple[str, ...], Parameter(group=_MEASURE, negative="")] = ()
    """Rows chosen from DATA: a run folder or its ids.txt; measured against the pool they are from.
    Several, with commas."""

    scores: Annotated[str | None, Parameter(group=_MEASURE)] = None
    """CSV file with name,score of each data set: how every measure correlates with the score."""

    seed: Annotated[int, Parameter(group=_MEASURE)] = 0
    """Of every random draw."""

    plot: Annotated[str | None, Parameter(group=_MEASURE)] = None
    """Draw curves and bars into this .png or .svg file (extra `plot`)."""

    force: Annotated[bool, Parameter(negative="", group=_MEASURE)] = False
    """Replace a plot that exists."""

    json: Annotated[bool, Parameter(negative="", group=_MEASURE)] = False
    """Print everything as JSON."""

    dtype: Annotated[Literal["float32", "float64"], Parameter(group=_COMPUTE)] = "float32"
    """Of volumes; float64 takes twice the time and memory, values agree to about 1e-5."""

    workers: Annotated[int, Parameter(group=_COMPUTE)] = 0
    """Threads; 0 for all processors. Changes nothing but speed."""


@dataclass(frozen=True)
class MeasureConfig:
    """All settings of ``spanset measure``."""

    data: tuple[str, ...]
    reading: DataConfig = field(default_factory=DataConfig)
    measuring: MeasuringConfig = field(default_factory=MeasuringConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)


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
