"""Small finished choices, with ties, copies, given rows and quality; and the slow way to residuals.

The slow way never factors: the residual of a row given others is k(x, x) less a quadratic form,
solved from scratch for every prefix of the picks.
"""

import numpy as np
from tests.greedy.cases import random_case

from spanset.greedy.textbook import reference_greedy
from spanset.kernels.kernel import Kernel
from spanset.selectors.choosing import Candidates, Choosing
from spanset.selectors.finished_choice import FinishedChoice


def finished_choice(seed, **settings):
    """The choice of the textbook loop on the case of this seed."""
    case = random_case(seed, largest=40)
    picked = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    candidates = Candidates(case.X, "array", None, case.log_quality, case.given)
    how = Choosing("dpp", case.quality_weight, "rbf", case.kernel.gamma, workers=1, **settings)
    choice = FinishedChoice(candidates, how, picked.order, picked.scores, case.kernel, case.k)
    return case, choice


def independent(given, kernel):
    """Given rows less their copies, in the order of the loop."""
    if given is None:
        return np.zeros(0, np.int64)
    return reference_greedy(given, len(given), kernel).order


def residual_of(x, others, kernel: Kernel):
    """What is left of a row given others; never below 0."""
    x = x[None]
    own = float(kernel.diagonal(x)[0])
    if not len(others):
        return own
    of_others = kernel.block(others, others)
    np.fill_diagonal(of_others, kernel.diagonal(others))
    with_x = kernel.block(others, x)[:, 0]
    return max(own - float(with_x @ np.linalg.solve(of_others, with_x)), 0.0)
