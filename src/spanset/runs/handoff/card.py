"""README.md of a run folder: a data set card, as the Hugging Face hub shows them.

No date stands in it: equal runs give equal cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import PurePath
from typing import Any

from spanset.base.version import __version__
from spanset.greedy.selection import StopReason
from spanset.runs.finished import FinishedRun
from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.literals import markdown, yaml_lines
from spanset.runs.handoff.stanza import Stanza
from spanset.runs.set_lines import field_shares, set_lines
from spanset.runs.summary import SetSummary

FILE = "README.md"
SIZES = (  # the hub's own names
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
LARGEST = "100M<n<1B"
SHOWN = 20  # values of a field

# Settings that decide what is chosen, in the order they are told.
SETTINGS = (
    *("method", "k", "tokens", "features", "model", "revision", "supervise", "max-length"),
    *("quality", "lambda", "transform", "tokenizer", "kernel", "gamma", "normalize"),
    *("given", "target", "avoid", "keep", "share", "threshold", "same", "prefer", "clusters"),
    *("rounds", "parts", "seed", "sort", "to", "format", "map"),
)

CITATION = """\
```bibtex
@article{wang2024diversity,
  title   = {Diversity Measurement and Subset Selection for Instruction Tuning Datasets},
  author  = {Wang, Peiqi and Shen, Yikang and Guo, Zhen and Stallone, Matthew and Kim, Yoon and
             Golland, Polina and Panda, Rameswar},
  journal = {arXiv:2402.02318},
  year    = {2024}
}
```"""


def card(run: FinishedRun, rows: HandedRows, stanzas: Sequence[Stanza]) -> str:
    """The card."""
    parts = [
        "\n".join(_front(rows)),
        "# A subset of instruction-tuning data",
        _what(run, rows),
        "## Figures",
        *_figures(run),
        "## How the rows were chosen",
        "\n".join(_table(("setting", "value"), _settings(run))),
        "## Where they come from",
        "\n".join(_table(("input", "format", "SHA-256"), _inputs(run))),
        "## Train on it",
        *map(_stanza, stanzas),
        "## Make it again",
        "In the folder that the run was started in, with the inputs above:",
        "```sh\nspanset select --config RUN/config.toml --run RUN --force\n```",
        "RUN is this folder. The same version gives the same bytes.",
        "## Citation",
        "Beside the sources of the rows, cite the method:",
        CITATION,
    ]
    return "\n\n".join(parts) + "\n"


def _front(rows: HandedRows) -> Iterator[str]:
    """The hub's part of the card."""
    size = next((name for limit, name in SIZES if rows.size < limit), LARGEST)
    yield "---"
    yield "# Fill in: the rows are under the license of their sources, which nobody told here."
    yield "license: unknown"
    yield from yaml_lines({"task_categories": ["text-generation"], "size_categories": [size]})
    yield from yaml_lines({"tags": ["spanset", "instruction-tuning", "data-selection"]})
    if any(PurePath(file).name != file for file in rows.files):
        yield "# The subset lies outside this folder: put it beside this card."
    is_one = len(rows.files) == 1
    yield from yaml_lines({"configs": [_config(*one, is_one) for one in rows.files.items()][::-1]})
    yield "---"


def _config(file: str, size: int, is_one: bool) -> dict[str, Any]:
    path = escape(PurePath(file).name)
    name = "default" if is_one else str(size)
    return {"config_name": name, "data_files": [{"split": "train", "path": path}]}


def _what(run: FinishedRun, rows: HandedRows) -> str:
    picked = " and ".join(f"{size:,}" for size in rows.files.values())
    formats = ", ".join(rows.formats)
    text = (
        f"{picked} rows ({formats}) of {run.data.total:,}, picked by spanset "
        f"{markdown(__version__)}, {'as in the source' if _is_by_source(run) else 'best first'}."
    )
    if run.picks.stop_reason is StopReason.INTERRUPTED:
        text += " The run was interrupted: these are the picks made until then."
    return text


def _is_by_source(run: FinishedRun) -> bool:
    return run.config.get("sort") == "source"


def _figures(run: FinishedRun) -> Iterator[str]:
    """The pool, the picks and random rows side by side; what share of each is from where."""
    sets = run.summaries
    if not sets:
        return
    lines = list(set_lines(sets, estimated=run.tokens.is_estimated))
    head = ("set", *(markdown(f"{line.label} {line.remark}".strip()) for line in lines))
    figures = [
        (_named(one), *(line.cells[number] for line in lines)) for number, one in enumerate(sets)
    ]
    yield "\n".join(_table(head, figures))
    yield (
        "Log det is the log determinant of the rows' kernel, gains floored at e^-7: the higher the "
        "more diverse. Random rows are as many, drawn from the pool."
    )
    for field, shares in field_shares([one.shares for one in sets], SHOWN):
        cells = [(markdown(value), *(f"{one:.1%}" for one in of_sets)) for value, of_sets in shares]
        yield "\n".join(_table((markdown(field), *map(_named, sets)), cells))


def _named(one: SetSummary) -> str:
    return one.name if one.name == "pool" else f"{one.name} {one.rows:,}"


def _settings(run: FinishedRun) -> Iterator[tuple[str, ...]]:
    for name in SETTINGS:
        value = run.config.get(name)
        if name == "lambda":
            value = None if run.quality is None else run.quality.get("lambda")
        if name == "gamma":
            value = run.kernel.get("gamma")
        if name == "features":
            value = run.config.get("features") or run.features.get("kind")
        if value is not None and value != ():
            shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            yield markdown(name), markdown(shown)


def _inputs(run: FinishedRun) -> Iterator[tuple[str, ...]]:
    for source, format in zip(run.data.sources, run.data.formats, strict=True):
        yield markdown(source.name), markdown(format.name), f"`{source.sha256}`"


def _stanza(stanza: Stanza) -> str:
    """What to do with one trainer."""
    if stanza.why:
        return (
            f"**{stanza.trainer}** cannot take the rows as they are: {stanza.why}. To use it, "
            f"{stanza.fix}."
        )
    notes = "".join(f" Note: {note}." for note in stanza.notes)
    return f"**{stanza.trainer}**: `{stanza.file}`; in this folder, `{stanza.use}`.{notes}"


def _table(head: Sequence[str], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"
