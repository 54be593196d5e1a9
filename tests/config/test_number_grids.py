"""Grids of numbers from 0 to 1, and what is none."""

import pytest

from spanset.base.errors import UsageError
from spanset.config.number_grids import number_grid


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0:1:0.5", [0.0, 0.5, 1.0]),
        ("0:0.3:0.1", [0.0, 0.1, 0.2, 0.3]),
        ("0.2, 0.1,0.1", [0.1, 0.2]),
        ("0,0.05,0.1:0.3:0.1", [0.0, 0.05, 0.1, 0.2, 0.3]),
        ("1", [1.0]),
        ("0:1:0.4", [0.0, 0.4, 0.8]),
    ],
)
def test_numbers_are_exact_ascending_and_there_once(text, numbers):
    assert number_grid(text, "--lambdas") == numbers


@pytest.mark.parametrize(
    "text",
    ["", "x", "0:1", "0:1:0", "1:0:0.1", "0:2:0.1", "-0.1", "nan", "inf", "0:1:nan", "0:1:1e-9",
     "0:1:0.001", "1e999999999", "0:1e999:1", "0::1", "0:1:0.1:2", ",", "0,,1"],
)  # fmt: skip
def test_what_is_no_grid_is_refused(text):
    with pytest.raises(UsageError, match="--lambdas"):
        number_grid(text, "--lambdas")
