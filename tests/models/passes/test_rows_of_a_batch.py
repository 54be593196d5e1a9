"""A row's gradient is the row's alone, whatever the batch holds beside it."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.passes.captures import assert_close, captured, cosines, make_rows, take, whole
from tests.models.tiny_models import VOCABULARY

from spanset.models.passes.padded import Batch


def test_a_row_alone_in_a_batch_and_in_any_order_gives_the_same(model):
    rows = make_rows(16)
    got = captured(model, whole(rows)).total
    alone = torch.cat([captured(model, take(rows, [i])).total for i in range(16)])
    assert_close(got, alone, "a row sees the others of its batch")
    order = np.random.default_rng(1).permutation(16)
    assert_close(captured(model, take(rows, order)).total, got[order], "order matters")


def test_padding_does_not_matter_whatever_it_holds(model):
    batch = whole(make_rows(4))
    expected = captured(model, batch)
    noise = np.random.default_rng(1).integers(0, VOCABULARY, (4, batch.ids.shape[1] + 9))
    ids, supervised = noise.copy(), np.zeros(noise.shape, np.bool_)
    for row, own in enumerate(map(len, make_rows(4)[0])):
        ids[row, :own], supervised[row, :own] = batch.ids[row, :own], batch.supervised[row, :own]
    got = captured(model, Batch(ids, supervised))
    assert_close(got.total, expected.total, "padding leaks into the gradient")
    np.testing.assert_allclose(got.scores.loss, expected.scores.loss, rtol=1e-5)


def test_an_earlier_token_does_matter(llama):
    """Negative control of the two tests above: the comparison can fail."""
    rows = make_rows(4)
    expected = captured(llama, whole(rows)).total
    for ids in rows[0]:
        ids[0] = 3 + (ids[0] - 2) % (VOCABULARY - 3)
    assert (cosines(captured(llama, whole(rows)).total, expected) < 0.9999).all()


def test_rows_without_supervised_tokens_are_zeros_and_leave_others_alone(llama):
    ids, supervised = make_rows(3)
    expected = captured(llama, whole((ids, supervised)))
    supervised[1][:] = False
    got = captured(llama, whole((ids, supervised)))
    assert (got.total[1] == 0).all()
    assert got.scores.loss[1] == 0
    assert_close(got.total[[0, 2]], expected.total[[0, 2]], "other rows")
    for marks in supervised:
        marks[:] = False
    assert (captured(llama, whole((ids, supervised))).total == 0).all()


def test_weights_multiply_each_rows_gradient(model):
    batch = whole(make_rows(4))
    weights = np.array([1.0, -1.0, 0.0, 2.5])
    plain, weighted = captured(model, batch), captured(model, batch, weights=weights)
    expected = plain.total * torch.from_numpy(weights).float()[:, None]
    assert (weighted.total[2] == 0).all()
    assert_close(weighted.total[[0, 1, 3]], expected[[0, 1, 3]], "weights")
    np.testing.assert_array_equal(weighted.scores.loss, plain.scores.loss)
