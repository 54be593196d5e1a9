"""The page of a selection, from the sentence of what was asked down to every row.

sentence, signs -> values -> pictures -> map and rows -> sets side by side -> how it was made
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.array_types import FloatArray
from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.config.settings import SelectConfig
from spanset.diversity.known_sets import KnownValue, known_values
from spanset.diversity.ldd import LDD
from spanset.diversity.matched import MeasuredData, measure_sets
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.measures.near_duplicates import THRESHOLD
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.diversity.repeats import Repeats
from spanset.diversity.volume import Volume
from spanset.greedy.rules import is_exact_enough
from spanset.greedy.selection import StopReason
from spanset.report.page.document import document
from spanset.report.page.line_chart import Mark
from spanset.report.page.making import footer, inputs_part
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import section, table, tiles
from spanset.report.parts.gains_chart import PICKED, RANDOM, gains_chart
from spanset.report.parts.input_repeats import input_repeats
from spanset.report.parts.known_chart import known_chart
from spanset.report.parts.map_section import map_section
from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.parts.row_groups import RowGroups
from spanset.report.parts.row_texts import RowText
from spanset.report.parts.sign_list import sign_list
from spanset.report.selected.repeated_picks import repeated_picks
from spanset.report.selected.row_reasons import row_reasons
from spanset.report.selected.row_values import row_values
from spanset.report.selected.selection_charts import (
    POOL,
    before_and_after,
    ldd_chart,
    share_charts,
)
from spanset.runs.compared_gains import ComparedGains
from spanset.runs.finished import FinishedRun
from spanset.runs.read_inputs import read_inputs
from spanset.runs.set_lines import set_lines
from spanset.runs.signs.sign import per_cent
from spanset.selectors.finished_choice import FinishedChoice

LDD_ROWS = 1000  # of which log determinant distances are taken
FEWEST = 20  # rows of which they say something
WITHOUT_SCRIPT = 20  # rows in the table that stands there before any script runs

# Settings that change nothing of what is told: where it went, and how fast.
UNTOLD = ("output", "run", "to", "force", "json", "report", "projection", "workers")


@dataclass(frozen=True, eq=False)
class SelectionFacts:
    """All that the page tells.

    Attributes
    ----------
    run : FinishedRun
        The selection.
    choice : FinishedChoice
        Its candidates, and what they were compared by.
    scores : mapping
        Name of a quality to the scores (N,).
    compared : ComparedGains
        Of the picks and of random rows.
    repeats : Repeats or None
        Between inputs.
    projection : str
        How the map places rows: pca or umap.
    """

    run: FinishedRun
    choice: FinishedChoice
    scores: Mapping[str, FloatArray]
    compared: ComparedGains
    repeats: Repeats | None
    projection: str


def selection_page(facts: SelectionFacts) -> str:
    """The page; equal facts give equal text, on any number of processors."""
    run = facts.run
    with threadpool_limits(1, user_api="blas"):
        X = facts.choice.candidates.X
        shown = MappedRows.of(X, run.picks.order, projection=facts.projection, seed=run.seed)
        texts = [RowText.of(run.data, row) for row in shown.rows.tolist()]
        groups = RowGroups.of(shown.places, [text.prompt for text in texts], seed=run.seed)
        reasons = row_reasons(facts.choice, run.data, shown)
        sets, known = _diversity(facts)
    values = row_values(run, shown, groups, texts, reasons)
    title = f"{len(run.picks):,} of {len(run.data):,} rows"
    sizes = sorted({one.rows for one in facts.run.summaries if one.name == "picked"})
    cuts = [Mark(size, f"{size:,} rows") for size in sizes[:-1]]
    pictures = [
        gains_chart(facts.compared, cuts),
        ldd_chart(sets, known),
        *before_and_after(run, facts.scores),
        *share_charts(facts.run.summaries),
    ]
    return document(
        f"{title}, chosen by spanset",
        element("header", element("h1", title), element("p", _sentence(run), class_="lead")),
        sign_list(run.diagnosis),
        tiles(list(_values(facts))),
        section("Before and after", element("div", *pictures, class_="pictures"), name="pictures"),
        map_section(shown, groups),
        _rows(run, shown, texts, reasons),
        _repeated(run, shown, texts),
        section("Side by side", *_tables(facts, sets, known), name="sets"),
        section("How it was made", *_making(run), name="making"),
        footer(),
        values=values,
    )


def _sentence(run: FinishedRun) -> str:
    config = run.config
    names = short_names([source.name for source in run.data.sources])
    inputs = names[0] if len(names) == 1 else f"{len(names)} files"
    how = f"the method {config['method']}" if config.get("method", "dpp") != "dpp" else "dpp"
    kind = str(run.features.get("kind", "given"))
    text = f"Chosen from {printable(inputs)} by {how}, rows compared by {kind} features"
    if run.quality is not None:
        text += f", with the quality {run.quality['name']} at lambda {run.quality['lambda']:g}"
    reason = run.picks.stop_reason
    text += "." if reason is StopReason.REACHED_K else f". It ended there: {reason.value}."
    return text


def _values(facts: SelectionFacts) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of the page's first figures."""
    pool, last = facts.run.summaries[0], {one.name: one for one in facts.run.summaries}
    picked, random = last["picked"], last.get("random")
    yield "rows picked", f"{picked.rows:,}", f"{per_cent(picked.rows / pool.rows)} of {pool.rows:,}"
    about = "about " if facts.run.tokens.is_estimated else ""
    per_row = (
        f"{picked.tokens / picked.rows:,.0f} a row; of all rows {pool.tokens / pool.rows:,.0f}"
    )
    yield "tokens", f"{about}{picked.tokens:,}", per_row
    if picked.log_det is not None and random is not None and random.log_det is not None:
        more = (picked.log_det - random.log_det) / picked.rows
        yield "volume a row", f"{more:+.2f} nats", "beside random rows; higher is more diverse"
    copies = f"{100 * picked.near_duplicates:.1f} %"
    yield "near duplicates", copies, f"of all rows {100 * pool.near_duplicates:.1f} %"


def _diversity(facts: SelectionFacts) -> tuple[list[MeasuredSet], list[KnownValue]]:
    """LDD of the picks, of random rows and of all rows, and what public sets measure alike."""
    run, k, kernel = facts.run, len(facts.run.picks), facts.choice.kernel
    X, lengths = facts.choice.candidates.X, facts.choice.candidates.lengths
    m = min(k, LDD_ROWS)
    longest = np.array([0 if lengths is None else int(np.argmax(lengths))])
    points = kernel_rows(X[longest], of_rows(lengths, longest), np.float64)
    if m < FEWEST or not is_exact_enough(kernel, points):
        return [], []
    rows = {PICKED: run.picks.order}
    if facts.compared.drawn:
        rows[RANDOM] = facts.compared.drawn[0][:k]
    rows[POOL] = np.arange(len(X))
    sets = [MeasuredData(name, X[own], lengths=of_rows(lengths, own)) for name, own in rows.items()]
    against = SphereReference(reference_folder())
    volume = Volume(m, kernel, against, "float64", workers=1)
    found = measure_sets(sets, [LDD()], volume, pool=m, draws=1, seed=run.seed)
    settings = {key: value for key, value in run.kernel.items() if key != "normalize"}
    known = known_values(run.features, settings, m, m) if lengths is None else []
    return found, known


def _rows(
    run: FinishedRun, shown: MappedRows, texts: Sequence[RowText], reasons: Sequence[str]
) -> Markup:
    """The first picks as a table; the script puts one of all rows in its place."""
    names = short_names([source.name for source in run.data.sources])
    lines = []
    for place in range(min(shown.picks, WITHOUT_SCRIPT)):
        row = int(shown.rows[place])
        rank, gain = int(shown.ranks[place]), run.picks.gains[int(shown.ranks[place]) - 1]
        nearest = int(shown.nearest[place])
        near = f"pick {nearest:,} ({shown.cosine[place]:.2f})" if nearest else "-"
        where = f"{printable(names[run.data.source[row]])} {run.data.ids[row]}"
        text = joined(_text(texts[place]), element("small", reasons[place]))
        adds = "-" if np.isnan(gain) else f"{gain:.3f}"
        lines.append((f"{rank:,}", text, adds, near, where))
    heads = ["rank", "row", "adds", "nearest earlier pick (cosine)", "file and row number"]
    drawn = f", a draw of {len(shown.rows):,}" if len(shown.rows) < len(run.data) else ""
    words = f"Picks and rows left out{drawn}: search them, sort them, or encircle some on the map."
    first = table("The first picks", heads, lines)
    return section("Rows", element("p", words), element("div", first, id="rows"), name="listed")


def _repeated(run: FinishedRun, shown: MappedRows, texts: Sequence[RowText]) -> Markup:
    """The picks that most rows left out repeat, and some of these."""
    lines = []
    for one in repeated_picks(shown):
        rank = int(shown.ranks[one.place])
        numbers = ", ".join(str(run.data.ids[shown.rows[place]]) for place in one.nearest)
        more = ", ..." if one.rows > len(one.nearest) else ""
        lines.append((f"{one.rows:,}", _text(texts[one.place]), f"{rank:,}", numbers + more))
    if not lines:
        return Markup()
    drawn = " Only rows on the map are counted." if len(shown.rows) < len(run.data) else ""
    words = f"Rows left out at a cosine of {THRESHOLD:g} or more with a pick.{drawn}"
    heads = ["rows left out", "the pick that they repeat", "rank", "row numbers"]
    found = table("The most repeated picks", heads, lines)
    return section("Repeats", element("p", words), found, name="repeats")


def _text(text: RowText) -> Markup:
    """The beginning of a row, whatever direction it is written in."""
    return joined(element("bdi", text.prompt), element("small", element("bdi", text.answer)))


def _tables(
    facts: SelectionFacts, sets: Sequence[MeasuredSet], known: Sequence[KnownValue]
) -> Iterator[Markup | None]:
    """All sets side by side, LDD among public sets, and repeats between inputs."""
    shown = facts.run.summaries
    lines = [
        (f"{line.label} {line.remark}".strip(), *line.cells)
        for line in set_lines(shown, estimated=facts.run.tokens.is_estimated)
    ]
    yield table("Pool, picks and random rows", ["measure", *(one.name for one in shown)], lines)
    yield known_chart(sets, known)
    if facts.repeats is not None and facts.repeats.any:
        yield from input_repeats(facts.repeats, "Repeats between inputs")


def _making(run: FinishedRun) -> Iterator[Markup | None]:
    """Settings that differ from none, inputs with their digests, and how to do it again."""
    from spanset.base.version import __version__

    usual = SelectConfig(()).table()
    settings = [
        (key, element("code", _setting(value)))
        for key, value in run.config.items()
        if value != usual.get(key) and key not in UNTOLD
    ]
    yield table("Settings, where they are not the usual ones", ["setting", "value"], settings)
    yield inputs_part(read_inputs(run.data))
    yield element("p", f"Version {__version__}. To do it again, from the same folder:")
    yield element("pre", element("code", "spanset select --config RUN/config.toml --run AGAIN"))


def _setting(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(shlex.quote(printable(str(one))) for one in value)
    return printable(str(value))
