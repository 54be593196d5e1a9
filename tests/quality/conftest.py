"""A model to score rows with."""

import pytest


@pytest.fixture(scope="session")
def llama(folders):
    """Path of a model."""
    return str(folders())
