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
from spanset.diversity.reference import SphereReference, reference_folder
from spanset.diversity.repeats import Repeats
from spanset.diversity.volume import Volume
from spanset.greedy.rules import is_exact_enough
from spanset.greedy.selection import StopReason
from spanset.kernels.kernel import Kernel
from spanset.report.page.document import document
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import section, table, tiles
from spanset.report.selected.mapped_rows import Features, MappedRows
from spanset.report.selected.row_groups import RowGroups
from spanset.report.selected.row_values import RowText, row_values
from spanset.report.selected.selection_charts import (
    PICKED,
    POOL,
    RANDOM,
    before_and_after,
    gains_chart,
    ldd_chart,
    ldd_table,
    share_charts,
)
from spanset.runs.compared_gains import ComparedGains
from spanset.runs.finished import FinishedRun
from spanset.runs.set_lines import set_lines
from spanset.runs.signs.sign import Sign, per_cent

LDD_ROWS = 1000  # of which log determinant distances are taken
FEWEST = 20  # rows of which they say something
WITHOUT_SCRIPT = 20  # rows in the table that stands there before any script runs
DOTS = 1500  # and on the map

# Settings that change nothing of what is told: where it went, and how fast.
UNTOLD = ("output", "run", "to", "force", "json", "report", "workers")


@dataclass(frozen=True, eq=False)
class SelectionFacts:
    """All that the page tells.

    Attributes
    ----------
    run : FinishedRun
        The selection.
    X : (N, d)
        Unit rows of its candidates.
    lengths : (N,) float64 or None
        Theirs, where lengths count.
    kernel : Kernel
        What rows were compared by.
    scores : mapping
        Name of a quality to the scores (N,).
    compared : ComparedGains
        Of the picks and of random rows.
    repeats : Repeats or None
        Between inputs.
    """

    run: FinishedRun
    X: Features
    lengths: FloatArray | None
    kernel: Kernel
    scores: Mapping[str, FloatArray]
    compared: ComparedGains
    repeats: Repeats | None


def selection_page(facts: SelectionFacts) -> str:
    """The page; equal facts give equal text, on any number of processors."""
    run = facts.run
    with threadpool_limits(1, user_api="blas"):
        shown = MappedRows.of(facts.X, run.picks.order, seed=run.seed)
        texts = [RowText.of(run.data, row) for row in shown.rows.tolist()]
        groups = RowGroups.of(shown.places, [text.prompt for text in texts], seed=run.seed)
        sets, known = _diversity(facts)
    values = row_values(run, shown, groups, texts)
    title = f"{len(run.picks):,} of {len(run.data):,} rows"
    sizes = sorted({one.rows for one in facts.run.summaries if one.name == "picked"})
    pictures = [
        gains_chart(facts.compared, sizes),
        ldd_chart(sets, known),
        *before_and_after(run, facts.scores),
        *share_charts(facts.run.summaries),
    ]
    return document(
        f"{title}, chosen by spanset",
        element("header", element("h1", title), element("p", _sentence(run), class_="lead")),
        _signs(run.diagnosis),
        tiles(list(_values(facts))),
        section("Before and after", element("div", *pictures, class_="pictures"), name="pictures"),
        _map(shown, groups),
        _rows(run, shown, texts),
        section("Side by side", *_tables(facts, sets, known), name="sets"),
        section("How it was made", *_making(run), name="making"),
        element("footer", element("p", "Made by spanset. Nothing on this page leaves it.")),
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


def _signs(signs: Sequence[Sign]) -> Markup:
    """What looks wrong, and what to do; nothing where nothing does."""
    if not signs:
        return Markup()
    entries = [
        element(
            "li",
            element("strong", f"{sign.name.replace('-', ' ').capitalize()}. "),
            f"{_capital(sign.what)}. {_capital(sign.why)}. ",
            element("em", f"{_capital(sign.fix)}."),
        )
        for sign in signs
    ]
    return element("ul", *entries, class_="signs", aria_label="what looks wrong")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
    run, k = facts.run, len(facts.run.picks)
    m = min(k, LDD_ROWS)
    longest = np.array([0 if facts.lengths is None else int(np.argmax(facts.lengths))])
    points = kernel_rows(facts.X[longest], of_rows(facts.lengths, longest), np.float64)
    if m < FEWEST or not is_exact_enough(facts.kernel, points):
        return [], []
    rows = {PICKED: run.picks.order}
    if facts.compared.drawn:
        rows[RANDOM] = facts.compared.drawn[0][:k]
    rows[POOL] = np.arange(len(facts.X))
    sets = [
        MeasuredData(name, facts.X[own], lengths=of_rows(facts.lengths, own))
        for name, own in rows.items()
    ]
    against = SphereReference(reference_folder())
    volume = Volume(m, facts.kernel, against, "float64", workers=1)
    found = measure_sets(sets, [LDD()], volume, pool=m, draws=1, seed=run.seed)
    kernel = {key: value for key, value in run.kernel.items() if key != "normalize"}
    known = known_values(run.features, kernel, m, m) if facts.lengths is None else []
    return found, known


def _map(shown: MappedRows, groups: RowGroups) -> Markup:
    """Two components of every row that is shown, as dots; the script draws over it."""
    total = len(shown.rows)
    step = max(1, -(-total // DOTS))
    low, width = shown.places[:, :2].min(axis=0), np.ptp(shown.places[:, :2], axis=0)
    places = (shown.places[:, :2] - low) / np.where(width > 0, width, 1.0)
    dots = []
    for row in (*range(shown.picks, total, step), *range(0, shown.picks, step)):
        kind = "dot picked" if row < shown.picks else "dot left"
        x, y = 10 + 580 * places[row, 0], 390 - 380 * places[row, 1]
        dots.append(element("circle", cx=round(x, 1), cy=round(y, 1), r=2, class_=kind))
    title = element("title", f"{shown.picks:,} picks among {total:,} rows on two components")
    picture = element("svg", title, *dots, viewBox="0 0 600 400", role="img")
    share = per_cent(shown.explained)
    words = (
        f"Rows that lie together are alike. Two principal components, which hold {share} of how "
        f"features vary: what looks near may be far. Groups are named by their own words."
    )
    named = ", ".join(groups.names[:8])
    return section(
        "Map",
        element("p", words),
        element("div", picture, id="map"),
        element("noscript", element("p", f"Groups: {named}.")),
        name="mapped",
    )


def _rows(run: FinishedRun, shown: MappedRows, texts: Sequence[RowText]) -> Markup:
    """The first picks as a table; the script puts one of all rows in its place."""
    names = short_names([source.name for source in run.data.sources])
    lines = []
    for place in range(min(shown.picks, WITHOUT_SCRIPT)):
        row = int(shown.rows[place])
        rank, gain = int(shown.ranks[place]), run.picks.gains[int(shown.ranks[place]) - 1]
        nearest = int(shown.nearest[place])
        near = f"pick {nearest:,} ({shown.cosine[place]:.2f})" if nearest else "-"
        where = f"{printable(names[run.data.source[row]])} {run.data.ids[row]}"
        text = joined(
            element("bdi", texts[place].prompt),
            element("small", element("bdi", texts[place].answer)),
        )
        adds = "-" if np.isnan(gain) else f"{gain:.3f}"
        lines.append((f"{rank:,}", text, adds, near, where))
    heads = ["rank", "row", "adds", "nearest earlier pick (cosine)", "file and row number"]
    drawn = f", a draw of {len(shown.rows):,}" if len(shown.rows) < len(run.data) else ""
    words = f"Picks and rows left out{drawn}: search them, sort them, or encircle some on the map."
    first = table("The first picks", heads, lines)
    return section("Rows", element("p", words), element("div", first, id="rows"), name="listed")


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
    yield ldd_table(sets, known)
    if facts.repeats is not None and facts.repeats.any:
        yield _repeats(facts.repeats)


def _repeats(repeats: Repeats) -> Markup:
    """Share of each input's rows that another repeats."""
    rows = [
        [printable(name), *(f"{100 * share:.1f} %" for share in repeats.near[number].tolist())]
        for number, name in enumerate(repeats.names)
    ]
    heads = ["rows of", *(f"in {printable(name)}" for name in repeats.names)]
    return table(f"Repeats between inputs, at cosine {repeats.threshold:g}", heads, rows)


def _making(run: FinishedRun) -> Iterator[Markup]:
    """Settings that differ from none, inputs with their digests, and how to do it again."""
    from spanset.base.version import __version__

    usual = SelectConfig(()).table()
    settings = [
        (key, element("code", _setting(value)))
        for key, value in run.config.items()
        if value != usual.get(key) and key not in UNTOLD
    ]
    yield table("Settings, where they are not the usual ones", ["setting", "value"], settings)
    inputs = [
        (printable(source.name), format.name, element("code", source.sha256 or "-"))
        for source, format in zip(run.data.sources, run.data.formats, strict=True)
    ]
    yield table("Inputs", ["file", "format", "SHA-256"], inputs)
    yield element("p", f"Version {__version__}. To do it again, from the same folder:")
    yield element("pre", element("code", "spanset select --config RUN/config.toml --run AGAIN"))


def _setting(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(shlex.quote(printable(str(one))) for one in value)
    return printable(str(value))
