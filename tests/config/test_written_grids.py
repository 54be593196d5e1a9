"""A grid written as flags in one text."""

import pytest

from spanset.base.errors import UsageError
from spanset.config.grid_settings import GridConfig
from spanset.config.written_grids import written_grid


def test_flags_are_those_of_a_grid():
    found = written_grid("--method top,dpp --quality 'column:my rating' --lambda=0:1:0.5")
    assert found == GridConfig(
        method=("top,dpp",), quality=("column:my rating",), quality_weight="0:1:0.5"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("--beauty 3", "'--beauty' is no flag"),
        ("dpp", "'dpp' is no flag"),
        ("--method", "--method has no value"),
        ("--method --quality x", "--method has no value"),
        ("--method dpp --method top", "--method is there twice"),
        ("--method 'dpp", "it cannot be read"),
        ("-k 10", "'-k' is no flag"),
    ],
)
def test_what_cannot_be_read_is_refused(text, says):
    with pytest.raises(UsageError, match="--also") as error:
        written_grid(text)
    assert says in str(error.value)
