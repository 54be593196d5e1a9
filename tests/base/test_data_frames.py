"""Data frames of results: pandas where it is there, else a sentence that names it."""

from __future__ import annotations

import importlib.util

import numpy as np
import pyarrow as pa
import pytest

from spanset.base.data_frames import as_pandas
from spanset.base.errors import MissingExtraError


def test_a_table_becomes_a_frame_of_the_same_columns():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = as_pandas(pa.table({"rank": [1, 2], "gain": [1.0, np.nan]}))
    pandas.testing.assert_frame_equal(
        frame, pandas.DataFrame({"rank": [1, 2], "gain": [1.0, np.nan]})
    )


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pandas" else found(name)
    )
    with pytest.raises(MissingExtraError) as error:
        as_pandas(pa.table({"rank": [1]}))
    assert str(error.value) == (
        "to_pandas: the package 'pandas' is not installed\n"
        "  why: a data frame is one of pandas\n"
        "  fix: pip install pandas"
    )
