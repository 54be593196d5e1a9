"""Measured sets to draw, and what is looked for in a figure of them."""

from __future__ import annotations

import math

import numpy as np

from spanset.diversity.measurement import Curve, MeasuredSet, Measurement
from spanset.report.plots.figure_files import save_figure

METRICS = {
    "ldd": ("nats per row", "lower"),
    "vendi": ("effective rows", "higher"),
    "radius": ("distance", "higher"),
    "near-duplicates": ("fraction of rows", "lower"),
    "novelsum": ("novelty", "higher"),
}


def measurement(metric="vendi", value=2.0, draws=3, curve=None):
    unit, better = METRICS.get(metric, ("rows", "higher"))
    values = value + 0.01 * np.arange(draws)
    return Measurement(metric, unit, better, values, 0.0, 100, 100, curve)


def curve(last=100, height=1.0):
    n = np.unique(np.geomspace(1, last, 12).astype(np.int64))
    mean = height * np.log(n) / math.log(max(last, 2))
    return Curve(n, mean, 0.05 * mean)


def make_sets(names, metrics=METRICS, draws=3):
    return [
        MeasuredSet(
            name,
            100,
            {
                metric: measurement(
                    metric, 1.0 + i, draws, curve(height=1.0 + i) if metric == "ldd" else None
                )
                for metric in metrics
            },
        )
        for i, name in enumerate(names)
    ]


def panels(figure, kind):
    return [axes for axes in figure.axes if str(axes.get_label()).startswith(kind)]


def panel(figure, label):
    return next(axes for axes in figure.axes if axes.get_label() == label)


def texts(axes):
    return [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]


def page(figure):
    return panel(figure, "page")


def saved(figure, path):
    save_figure(figure, str(path), force=True)
    return path.read_bytes()
