"""What `spanset.trial` refuses, before a model is looked for."""

import numpy as np
import pytest

import spanset

DATA = [{"instruction": f"Say {n}", "output": f"It is {n}."} for n in range(10)]
NONE = "no-such-model"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no positions"),  # of floats
        ([0.5], "no positions"),
        ([[0, 1]], "no positions"),
        ([0, 10], "no row 10"),
        ([-1], "no row -1"),
        ([3, 3], "there twice"),
        (np.zeros(0, np.int64), "no row was chosen"),
    ],
)
def test_positions_that_are_none_are_refused(rows, says):
    with pytest.raises(spanset.UsageError, match="mine") as error:
        spanset.trial(spanset.read(DATA), {"mine": rows}, model=NONE)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ({"candidates": {}}, "candidates"),
        ({"home": 0}, "--home 0"),
        ({"seeds": 0}, "--seeds"),
        ({"draws": 1}, "--draws"),
        ({"epochs": -1}, "--epochs"),
        ({"evaluations": {"home": spanset.read(DATA)}}, "evaluations"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(words, where):
    words = {"candidates": {"mine": np.arange(3)}, **words}
    with pytest.raises(spanset.UsageError) as error:
        spanset.trial(spanset.read(DATA), model=NONE, **words)
    assert where in str(error.value)


def test_rows_that_were_not_read_are_refused():
    with pytest.raises(spanset.UsageError, match="read it first"):
        spanset.trial(DATA, {"mine": [1]}, model=NONE)  # type: ignore[arg-type]
