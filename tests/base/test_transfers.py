"""Arrays on their way to a device, in pieces."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from spanset.base.lazy_rows import LazyRows  # noqa: E402 (after the skip)
from spanset.base.transfers import Stages, sent  # noqa: E402 (it imports torch)

CPU = torch.device("cpu")


def test_pieces_come_whole_and_stay_as_they_were_when_others_follow():
    rng = np.random.default_rng(0)
    stages = Stages(8, 5, np.float32, CPU)
    pieces = [rng.normal(size=(count, 5)).astype(np.float32) for count in (8, 3, 8, 1, 7)]
    pieces.append(np.asfortranarray(pieces[0])[::-1])
    found = [stages.sent(piece) for piece in pieces]
    for piece, there in zip(pieces, found, strict=True):
        assert np.array_equal(there.numpy(), piece)


def test_a_card_is_waited_for_before_its_piece_is_overwritten(monkeypatch):
    told = []

    class Event:
        def record(self, stream):
            told.append(f"leaves on {stream}")

        def synchronize(self):
            told.append("waited for")

    empty, to = torch.empty, torch.Tensor.to
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: "stream")
    monkeypatch.setattr(
        torch, "empty", lambda *shape, pin_memory, **options: empty(*shape, **options)
    )
    monkeypatch.setattr(torch.Tensor, "to", lambda own, *_, **__: to(own, CPU).clone())
    stages = Stages(4, 2, np.float64, torch.device("cuda", 0))
    for _ in range(4):
        stages.sent(np.zeros((4, 2)))
    assert told == ["leaves on stream"] * 2 + ["waited for", "leaves on stream"] * 2


@pytest.mark.parametrize("source", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_lengths", [False, True])
def test_rows_made_on_a_device_are_those_made_here(source, dtype, with_lengths):
    rng = np.random.default_rng(1)
    kept = (rng.normal(size=(90, 33)) * 3).astype(source)
    lengths = rng.uniform(0.5, 2.0, 90) if with_lengths else None
    lazy = LazyRows.unit(kept, dtype, lengths)
    rows = slice(20, 70)
    found = lazy.made(
        torch.from_numpy(kept[rows].copy()),
        rows,
        lambda one: sent(one, CPU),
        lambda array, kind: array.to(getattr(torch, kind.name)),
    )
    assert found.numpy().dtype == dtype
    assert found.numpy().tobytes() == lazy[rows].tobytes()
