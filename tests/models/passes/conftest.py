"""Small models with random weights, one of each family."""

import pytest
from tests.models.tiny_models import FAMILIES, make_model


@pytest.fixture(params=FAMILIES)
def model(request):
    return make_model(request.param)


@pytest.fixture
def llama():
    return make_model("llama")
