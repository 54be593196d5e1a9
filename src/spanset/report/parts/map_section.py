"""The map of rows as dots; the script draws over it."""

from __future__ import annotations

import numpy as np

from spanset.report.page.markup import Markup, element
from spanset.report.page.tables import section
from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.parts.row_groups import RowGroups
from spanset.runs.signs.sign import per_cent

DOTS = 1500  # on the map that stands there before any script runs


def map_section(shown: MappedRows, groups: RowGroups) -> Markup:
    """Dots of picks and rows left out, or of all rows where none is picked, and what they say."""
    total = len(shown.rows)
    step = max(1, -(-total // DOTS))
    low, width = shown.on_map.min(axis=0), np.ptp(shown.on_map, axis=0)
    places = (shown.on_map - low) / np.where(width > 0, width, 1.0)
    other = "dot left" if shown.picks else "dot row"
    dots = []
    for row in (*range(shown.picks, total, step), *range(0, shown.picks, step)):
        kind = "dot picked" if row < shown.picks else other
        x, y = 10 + 580 * places[row, 0], 390 - 380 * places[row, 1]
        dots.append(element("circle", cx=round(x, 1), cy=round(y, 1), r=2, class_=kind))
    picks = f"{shown.picks:,} picks among " if shown.picks else ""
    title = element("title", f"{picks}{total:,} rows")
    picture = element("svg", title, *dots, viewBox="0 0 600 400", role="img")
    share = per_cent(shown.explained)
    how = (
        f"Two principal components, which hold {share} of how features vary: what looks near may "
        "be far."
        if shown.projection == "pca"
        else "By UMAP: how far groups lie from each other, and how large they look, means nothing."
    )
    words = f"Rows that lie together are alike. {how} Groups are named by their own words."
    named = ", ".join(groups.names[:8])
    return section(
        "Map",
        element("p", words),
        element("div", picture, id="map"),
        element("noscript", element("p", f"Groups: {named}.")),
        name="mapped",
    )
