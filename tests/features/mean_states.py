"""Rows and settings of tests of hidden states, and their means and the like by hand."""

import numpy as np
from tests.models.model_folder import talk_rows

from spanset.config.model_settings import ModelConfig

CONFIG = ModelConfig(rank=4, dimension=32, batch_tokens=300)
ROWS = talk_rows(20, copies=4)
LONG = {"instruction": "a very long question " * 40, "output": "No."}
HALF = 1e-3  # of float16, in a unit row
CLOSE = 1e-5


def messages(row):
    return [
        {"role": "user", "content": row["instruction"]},
        {"role": "assistant", "content": row["output"]},
    ]


def states(oracle, rows, pooling="mean"):
    """One state of each row, (n, w) float64."""
    return np.array([oracle.hidden(oracle.tokens(messages(row)), pooling).numpy() for row in rows])


def unit(X):
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def relative(got, expected):
    errors = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    return float(errors.max())
