"""Libraries are kept quiet, and only they are."""

import warnings

import pytest

pytest.importorskip("transformers", reason="transformers is not installed")

from spanset.models.libraries import quiet


def warn(text):
    with quiet():
        warnings.warn(text, stacklevel=1)


def test_only_what_says_nothing_to_a_user_is_kept_from_the_screen():
    """Warnings are errors in the tests: the first would be one."""
    warn("Attempting to run cuBLAS, but there was no current CUDA context!")
    with pytest.warns(UserWarning, match="something else"):
        warn("something else")
