"""Chance of a part of a program: generators of others go on as if nothing were drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from spanset.base.extras import require


@contextmanager
def own_chance(seed: int) -> Iterator[None]:
    """Python's, numpy's and torch's generators started at a seed, and put back afterwards."""
    torch = require("torch", extra="models")
    pythons, numpys = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            yield
        finally:
            random.setstate(pythons)
            np.random.set_state(numpys)
