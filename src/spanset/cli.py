"""The command line: parse, call the pipeline, print. The only module that prints."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from spanset.base.errors import OutputError, SpansetError, printable
from spanset.base.version import __version__
from spanset.config.cluster_settings import ClusterConfig
from spanset.config.compare_settings import CompareConfig, ComparingConfig
from spanset.config.grid_settings import ChoicesConfig, GridConfig, SharedConfig
from spanset.config.measure_settings import MeasureConfig, MeasuringConfig
from spanset.config.model_settings import ModelConfig
from spanset.config.report_settings import LookingConfig, PageConfig, ReportConfig
from spanset.config.settings import (
    ChoiceConfig,
    ComputeConfig,
    DataConfig,
    FeatureConfig,
    OutputConfig,
    QualityConfig,
    SelectConfig,
)
from spanset.config.toml_files import take_config
from spanset.config.trial_settings import (
    JudgingConfig,
    TrainingConfig,
    TrialConfig,
    TrialOutputConfig,
)

# What takes "-" as its value; anywhere else it is standard input among the data. The parser would
# take it for an option there, so that it goes by a word that no command line can hold.
TAKE_DASH = ("-o", "--output", "--given", "--target", "--avoid", "--keep", "--reference", "--eval")
STDIN = "\0-"
INTERRUPTED = 130  # the shell's code for a program ended by Ctrl-C

Paths = Annotated[tuple[str, ...], Parameter(negative="")]

app = App(
    name="spanset",
    help="Measure how diverse an instruction-tuning data set is, and pick the rows worth training "
    "on.",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


@app.command
def select(
    data: Paths = (),
    *,
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    choice: Annotated[ChoiceConfig, Parameter(name="*")] = ChoiceConfig(),
    features: Annotated[FeatureConfig, Parameter(name="*")] = FeatureConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
    quality: Annotated[QualityConfig, Parameter(name="*")] = QualityConfig(),
    output: Annotated[OutputConfig, Parameter(name="*")] = OutputConfig(),
    compute: Annotated[ComputeConfig, Parameter(name="*")] = ComputeConfig(),
) -> int:
    """Pick the rows worth training on: diverse, and good.

    Writes the subset (the rows verbatim, best first), a run folder, and a table that compares
    the picks with random subsets of the same size.

    Parameters
    ----------
    data
        Files of rows: JSON Lines, JSON arrays, CSV, Parquet, Arrow; paths, folders, globs, - for
        standard input, or hf://org/name[/config][@revision][:split].
    """
    from spanset.commands.plan import plan_select
    from spanset.commands.select import run_select
    from spanset.commands.terminal.selection_tables import selection_tables
    from spanset.commands.terminal.tables import input_table, plan_table
    from spanset.commands.terminal.watching import TerminalWatcher
    from spanset.greedy.selection import StopReason

    config = SelectConfig(_paths(data), reading, choice, features, model, quality, output, compute)
    out = Console(stderr=output.output == "-", highlight=False)
    watcher = TerminalWatcher(Console(stderr=True), quiet=output.json)
    if output.dry_run:
        dataset, plan = plan_select(config)
        with _printing():
            if output.json:
                is_unicode = _encoding(out.file).lower().startswith("utf")
                out.print_json(json.dumps(plan.record()), ensure_ascii=not is_unicode)
            else:
                out.print(input_table(dataset), plan_table(plan.lines()))
        return 0
    outcome = run_select(config, watcher)
    with _printing():
        if output.json:
            _print_record(out, outcome.record())
        else:
            out.print(input_table(outcome.run.data), selection_tables(outcome))
    return INTERRUPTED if outcome.run.picks.stop_reason is StopReason.INTERRUPTED else 0


@app.command
def compare(
    data: Paths = (),
    *,
    grid: Annotated[GridConfig, Parameter(name="*")] = GridConfig(),
    shared: Annotated[SharedConfig, Parameter(name="*")] = SharedConfig(),
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
    comparing: Annotated[ComparingConfig, Parameter(name="*")] = ComparingConfig(),
) -> int:
    """Compare choices: methods, lambdas, kernels, qualities, features, beside random rows.

    A grid over what `spanset select` takes. Every choice is measured in the same space; what is
    done is kept, and the same command goes on from there.

    Parameters
    ----------
    data
        Files of rows; paths, folders, globs, - or hf://org/name[:split].
    """
    from spanset.commands.compare import run_compare
    from spanset.commands.terminal.compare_tables import compare_tables
    from spanset.commands.terminal.tables import input_table
    from spanset.commands.terminal.watching import TerminalWatcher

    choices = ChoicesConfig(_paths(data), reading, grid, shared, model)
    watcher = TerminalWatcher(Console(stderr=True), quiet=comparing.json)
    run = run_compare(CompareConfig(choices, comparing), watcher)
    out = Console(highlight=False)
    with _printing():
        if comparing.json:
            _print_record(out, run.record())
        else:
            out.print(input_table(run.data), compare_tables(run))
    return 0


@app.command
def trial(
    data: Paths = (),
    *,
    grid: Annotated[GridConfig, Parameter(name="*")] = GridConfig(),
    shared: Annotated[SharedConfig, Parameter(name="*")] = SharedConfig(),
    training: Annotated[TrainingConfig, Parameter(name="*")] = TrainingConfig(),
    judging: Annotated[JudgingConfig, Parameter(name="*")] = JudgingConfig(),
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
    output: Annotated[TrialOutputConfig, Parameter(name="*")] = TrialOutputConfig(),
) -> int:
    """Tell whether choices train a better model: tune it on each, and on random rows beside.

    The model is tuned by trl's SFTTrainer, with the same settings for all, and judged by rows and
    questions that it has not seen. What is done is kept, and the same command goes on from there
    (extra `train`).

    Parameters
    ----------
    data
        Files of rows; paths, folders, globs, - or hf://org/name[:split].
    """
    from spanset.commands.terminal.tables import input_table, plan_table
    from spanset.commands.terminal.trial_tables import part_line, trial_tables
    from spanset.commands.terminal.watching import TerminalWatcher
    from spanset.commands.trial import TrialPart, plan_trial, run_trial

    choices = ChoicesConfig(_paths(data), reading, grid, shared, model)
    config = TrialConfig(choices, training, judging, output)
    watcher = TerminalWatcher(Console(stderr=True), quiet=output.json)
    out = Console(highlight=False)
    if output.dry_run:
        dataset, plan = plan_trial(config, watcher)
        with _printing():
            if output.json:
                _print_record(out, plan.record())
            else:
                out.print(input_table(dataset), plan_table(plan.lines()))
        return 0
    run = run_trial(config, watcher)
    with _printing():
        if output.json:
            _print_record(out, run.record())
        elif isinstance(run, TrialPart):
            out.print(part_line(run))
        else:
            out.print(input_table(run.data), trial_tables(run))
    return 0


@app.command
def measure(
    data: Paths = (),
    *,
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    measuring: Annotated[MeasuringConfig, Parameter(name="*")] = MeasuringConfig(),
    features: Annotated[FeatureConfig, Parameter(name="*")] = FeatureConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
) -> int:
    """Measure how diverse data sets are, in numbers that compare across their sizes.

    The log determinant distance (ldd) is 0 for rows as spread out as points uniform on the sphere;
    other measures stand beside it, taken of the same draws of rows.

    Parameters
    ----------
    data
        Data sets, each a file, a folder, a quoted glob, - or hf://org/name[:split]; or features in
        .npy files.
    """
    from spanset.commands.measure import run_measure
    from spanset.commands.terminal.measure_tables import measure_tables
    from spanset.commands.terminal.tables import input_table
    from spanset.commands.terminal.watching import TerminalWatcher

    config = MeasureConfig(_paths(data), reading, measuring, features, model)
    outcome = run_measure(config, TerminalWatcher(Console(stderr=True), quiet=measuring.json))
    out = Console(highlight=False)
    with _printing():
        if measuring.json:
            _print_record(out, outcome.record())
        else:
            if outcome.data is not None:
                out.print(input_table(outcome.data))
            out.print(measure_tables(outcome))
    return 0


@app.command
def report(
    data: Paths = (),
    *,
    page: Annotated[PageConfig, Parameter(name="*")] = PageConfig(),
    reading: Annotated[LookingConfig, Parameter(name="*")] = LookingConfig(),
    features: Annotated[FeatureConfig, Parameter(name="*")] = FeatureConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
) -> int:
    """Make a page to open and to send: a first look at data, or a finished run again.

    A first look tells what data are, what looks wrong, what repeats, how diverse they are, how many
    rows are enough, and what to do next. Of a folder, the page that `spanset select`, `compare` and
    `trial` leave in theirs: nothing is chosen or trained anew. Nothing on a page needs a network.

    Parameters
    ----------
    data
        Files of rows; paths, folders, globs, - or hf://org/name[:split]. Or one folder of `spanset
        select`, `spanset compare` or `spanset trial`.
    """
    from spanset.commands.report import run_report
    from spanset.commands.terminal.watching import TerminalWatcher
    from spanset.config.amounts import size_of

    config = ReportConfig(_paths(data), page, reading, features, model)
    written = run_report(config, TerminalWatcher(Console(stderr=True), quiet=page.json))
    if written.path != "-":
        with _printing():
            out = Console(highlight=False)
            if page.json:
                _print_record(out, written.record())
            else:
                line = f"written to {printable(written.path)}, {size_of(written.bytes)}"
                out.print(line, markup=False, emoji=False, soft_wrap=True)
    return 0


@app.command
def features(
    data: Paths = (),
    *,
    out: str,
    features: str | None = None,
    shard: str | None = None,
    seed: int = 0,
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
    cluster: Annotated[ClusterConfig, Parameter(name="*")] = ClusterConfig(),
) -> int:
    """Compute features of all rows into a folder, for many selections.

    Interrupted or killed at any moment, the same command goes on where it stopped. Given more rows,
    it makes those that are new.

    Parameters
    ----------
    data
        Files of rows; paths, folders, globs, - or hf://org/name[:split].
    out
        Folder of the features (`spanset select DATA --features store:OUT`).
    features
        static, static:MODEL, lexical, sentence:MODEL, hidden:MODEL or gradient:MODEL; by default
        gradients of the --model.
    shard
        Make part i of n, as i/n, in a folder beside; join them with `spanset merge OUT`.
    seed
        Of the sketch.
    """
    from spanset.commands.features import run_features
    from spanset.commands.terminal.watching import TerminalWatcher

    watcher = TerminalWatcher(Console(stderr=True))
    run_features(_paths(data), reading, features, model, out, shard, seed, cluster, watcher)
    return 0


@app.command
def merge(out: str, /) -> int:
    """Join the shards of a feature store.

    Parameters
    ----------
    out
        The store's folder, as in `spanset features --out`; its shards lie beside it.
    """
    from spanset.commands.features import run_merge
    from spanset.commands.terminal.watching import TerminalWatcher

    run_merge(out, TerminalWatcher(Console(stderr=True)))
    return 0


@app.command
def why(
    run: str,
    /,
    *rows: str,
    lambdas: str | None = None,
    further: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Tell why rows of a finished selection were picked or left out.

    Reads the data again by the settings of the run: a file that was changed is an error.

    Parameters
    ----------
    run
        Run folder of `spanset select`.
    rows
        Row numbers as in ids.txt, FILE:LINE, or a text that occurs in one row alone.
    lambdas
        Values of lambda to try, 0:1:0.1 or 0,0.2: the first that would pick a row left out.
    further
        Go on to twice the picks, however long it takes, to tell the rank of rows left out.
    json
        Print everything as JSON.
    """
    from spanset.commands.terminal.watching import TerminalWatcher
    from spanset.commands.terminal.why_table import why_table
    from spanset.commands.why import Asked, run_why

    asked = Asked.check(lambdas, further=further)
    found = run_why(run, _paths(rows), asked, TerminalWatcher(Console(stderr=True), quiet=json))
    out = Console(highlight=False)
    with _printing():
        if json:
            _print_record(out, found.record())
        else:
            out.print(why_table(found))
    return 0


@app.command
def verify(run: str, /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Make a finished selection again and tell whether picks and subset are the same.

    Files of the run and inputs are compared with their digests first. Names the first difference
    and its likely cause (exit code 1).

    Parameters
    ----------
    run
        Run folder of `spanset select`.
    json
        Print everything as JSON.
    """
    from spanset.commands.terminal.verify_lines import VerifyLines
    from spanset.commands.terminal.watching import TerminalWatcher
    from spanset.commands.verify import run_verify

    verified = run_verify(run, TerminalWatcher(Console(stderr=True), quiet=json))
    out = Console(highlight=False)
    with _printing():
        if json:
            _print_record(out, verified.record())
        else:
            out.print(VerifyLines(verified))
    return 0 if verified.finding is None else 1


@app.command
def cache(*, clear: Annotated[bool, Parameter(negative="")] = False) -> int:
    """List what was computed before and is kept: features, and curves of the reference.

    Parameters
    ----------
    clear
        Remove them.
    """
    from spanset.commands.cache import show_cache

    with _printing():
        Console(highlight=False).print(show_cache(clear=clear))
    return 0


@app.command
def show(
    data: Paths = (),
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 3,
    formats: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    reading: Annotated[DataConfig, Parameter(name="*")] = DataConfig(),
    model: Annotated[ModelConfig, Parameter(name="*")] = ModelConfig(),
) -> int:
    """Show how rows are understood: each row beside its format, roles and text.

    With a model, show the tokens that it reads and which of them are supervised, and what its chat
    template has no place for.

    Parameters
    ----------
    data
        Files of rows; paths, folders, globs, - or hf://org/name[:split].
    n
        Rows to show.
    formats
        List the formats that are known, with an example row of each; needs no data.
    json
        Print an object a row for scripts: its messages in the form that the chat template takes,
        each with whether it is trained on; with a model its tokens, too.
    """
    from spanset.commands.show import show_formats, show_json, show_rows

    if json and not formats:
        for line in show_json(_paths(data), n, reading, model, _encoding(sys.stdout)):
            with _printing():
                print(line)
        return 0
    shown = show_formats(data, json=json) if formats else show_rows(_paths(data), n, reading, model)
    with _printing():
        Console(highlight=False).print(shown)
    return 0


def _paths(data: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("-" if name == STDIN else name for name in data)


def _print_record(out: Console, record: Mapping[str, Any]) -> None:
    """The outcome of a command as a line of JSON."""
    from spanset.commands.terminal.json_lines import json_line

    line = json_line(record, _encoding(out.file))
    out.print(line, soft_wrap=True, markup=False, emoji=False)


def _encoding(file: Any) -> str:
    return getattr(file, "encoding", None) or "utf-8"


@contextmanager
def _printing() -> Iterator[None]:
    """What standard output cannot take (a full disk) is an error like any other."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has what it wants
        raise
    except OSError as error:
        raise OutputError(
            "cannot print the result",
            where="standard output",
            why=error.strerror or str(error),
            fix="free some space there, or let it go somewhere else; files are written already",
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 1 (data), 2 (usage) or 130 (interrupted)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    errors = Console(stderr=True, highlight=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without unicode
    try:
        words, app.config = take_config(words)
        pairs = zip(["", *words], words, strict=False)
        words = [
            STDIN if word == "-" and before not in TAKE_DASH else word for before, word in pairs
        ]
        code = app(words, exit_on_error=False, print_error=False)
    except SpansetError as error:
        return _refused(error, errors)
    except CycloptsError as error:
        if isinstance(error.__cause__, SpansetError):  # of a flag that we read ourselves
            return _refused(error.__cause__, errors)
        errors.print("[red]error:[/red]", end=" ")
        lines = map(printable, str(error).splitlines())
        errors.print("\n".join(lines), markup=False, emoji=False, soft_wrap=True)
        errors.print("  fix: see `spanset --help`, or `spanset COMMAND --help`", markup=False)
        return 2
    except KeyboardInterrupt:
        errors.print(
            "interrupted" + "; no subset was written" * (words[:1] == ["select"]), style="yellow"
        )
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return 1
    return code if isinstance(code, int) else 0


def _refused(error: SpansetError, errors: Console) -> int:
    """Print what a user can mend; the exit code."""
    errors.print("[red]error:[/red]", end=" ")
    errors.print(str(error), markup=False, emoji=False, soft_wrap=True)
    if isinstance(error, OutputError) and error.where in ("-", "standard output"):
        _drop_stdout()
    return error.exit_code


def _drop_stdout() -> None:
    """Keep the interpreter from complaining about a reader that went away."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
