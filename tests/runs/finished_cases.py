"""Finished selections, made without files: what signs are looked for in."""

import numpy as np

from spanset.base.unit_rows import unit_rows
from spanset.diversity.ldd import floored_log_det
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.replay import replay
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.rbf import RBF
from spanset.runs.diagnosis import diagnose
from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.summary import SetSummary


def clusters(n=2000, d=64, spread=0.6, seed=0):
    """Rows around 40 centres: neither all alike nor as spread out as can be."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(40, d))[rng.integers(40, size=n)]
    return unit_rows(centres + spread * rng.normal(size=(n, d)), np.float32)


def uniform(n=2000, d=768, seed=0):
    """Rows uniform on the sphere."""
    return unit_rows(np.random.default_rng(seed).normal(size=(n, d)), np.float32)


def log_det_of(gains):
    return None if np.isnan(gains).any() else floored_log_det(gains)


def case_of(X, k=200, kernel=None, picks=None, log_quality=None, weight=0.0, tokens=None, **more):
    """A selection by greedy MAP, or the given one, beside one random subset."""
    kernel, n = kernel or RBF(), len(X)
    rows = unit_rows(X, float)
    if picks is None:
        picks = blocked_greedy(rows, k, kernel, log_quality=log_quality, quality_weight=weight)
    tokens = np.full(n, 10) if tokens is None else tokens
    drawn = np.random.default_rng(0).permutation(n)[: len(picks)]
    sets = [
        summary("pool", n, tokens, None),
        summary("picked", len(picks), tokens[picks.order], log_det_of(picks.gains)),
        summary("random", len(drawn), tokens[drawn], log_det_of(replay(rows[drawn], kernel))),
    ]
    more = {"features": {"kind": "static"}} | more
    return FinishedCase(
        X, picks, kernel, sets, tokens, log_quality=log_quality, quality_weight=weight, **more
    )


def summary(name, rows, tokens, log_det):
    return SetSummary(name, rows, int(tokens.sum()), log_det, 0.0, 0.0, 0.0)


def without_gains(order, n, scores=None):
    """What a method that computes none hands on."""
    nothing = np.full(len(order), np.nan)
    scores = nothing if scores is None else scores
    return Selection(np.asarray(order), nothing, scores, StopReason.REACHED_K, n)


def names(case):
    """Names of the signs that apply."""
    return [sign.name for sign in diagnose(case)]


def found(case, name):
    """The sign of this name."""
    (sign,) = [sign for sign in diagnose(case) if sign.name == name]
    return sign
