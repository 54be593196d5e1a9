"""One state of a sequence: by the formula in half precision too, whatever the padding holds."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")

import torch
from tests.models.by_hand import one_state

from spanset.base.errors import UsageError
from spanset.config.model_settings import POOLINGS, ModelConfig
from spanset.models.language_model import LanguageModel
from spanset.models.pooling import pooled

LENGTHS = np.array([1, 3000, 2, 257, 1024])  # beyond what half precision counts to, one by one
CLOSE = 1e-5


def made_up(dtype):
    """States whose sums do not cancel, (B, T, w)."""
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(len(LENGTHS), max(LENGTHS), 8, generator=generator) + 1.0).to(dtype)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_states_become_one_as_by_the_formula(dtype, pooling):
    states = made_up(dtype)
    got = pooled(states, LENGTHS, pooling)
    assert got.dtype == torch.float32
    for row, length in enumerate(LENGTHS):
        expected = one_state(states[row, :length].double(), pooling)
        error = float((got[row] - expected).norm() / expected.norm())
        assert error < CLOSE, f"relative error {error:.1e} of {length} tokens"


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_the_padding_holds_has_no_weight(pooling):
    states = made_up(torch.float32)
    other = states.clone()
    for row, length in enumerate(LENGTHS):
        other[row, length:] = 1e6
    assert torch.equal(pooled(other, LENGTHS, pooling), pooled(states, LENGTHS, pooling))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_sequence_alone_or_in_any_batch_has_the_same(pooling):
    states, order = made_up(torch.float32), [3, 0, 4]
    whole = pooled(states, LENGTHS, pooling)
    some = pooled(states[order, :1024], LENGTHS[order], pooling)
    torch.testing.assert_close(some, whole[order], rtol=CLOSE, atol=CLOSE)
    for row, length in enumerate(LENGTHS):
        alone = pooled(states[row : row + 1, :length], None, pooling)
        torch.testing.assert_close(alone[0], whole[row], rtol=CLOSE, atol=CLOSE)


def test_the_three_are_others():
    """Negative control."""
    mean, weighted, last = (pooled(made_up(torch.float32), LENGTHS, one) for one in POOLINGS)
    for one, other in ((mean, weighted), (mean, last), (weighted, last)):
        assert torch.allclose(one[0], other[0]), "of one token all are the same"
        assert not torch.isclose(one[1:], other[1:], rtol=1e-3).all(dim=1).any()


def test_a_name_that_is_none_is_refused_before_any_work(folders):
    with pytest.raises(UsageError, match="no pooling 'weighted_mean'") as caught:
        LanguageModel.load(str(folders()), ModelConfig(pooling="weighted_mean"))
    assert "mean, weighted, last" in caught.value.fix
