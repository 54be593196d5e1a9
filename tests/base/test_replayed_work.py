"""Work that a card is given as one; without a card, what is asked of one."""

from contextlib import nullcontext

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from spanset.base import replayed_work  # noqa: E402 (it imports torch)
from spanset.base.replayed_work import ReplayedWork  # noqa: E402


def test_a_processor_does_it_each_time():
    told = []
    work = ReplayedWork(lambda: told.append("done"), torch.device("cpu"))
    for _ in range(3):
        work()
    assert told == ["done"] * 3


@pytest.fixture
def card(monkeypatch):
    """What a card would be asked for, in order."""
    told = []

    class Graph:
        def capture_begin(self, **options):
            assert options == {"capture_error_mode": "thread_local"}  # others may use the card
            told.append("begin")

        def capture_end(self):
            told.append("end")

        def replay(self):
            told.append("replay")

    class Stream:
        def __init__(self, name="own"):
            self.name = name

        def wait_stream(self, other):
            told.append(f"{getattr(self, 'name', self)} waits for {other.name}")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "Stream", lambda _: Stream())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: Stream("current"))
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: told.append("emptied"))
    monkeypatch.setattr(replayed_work, "_streams", {})
    return told


def test_a_card_records_it_the_second_time_and_replays_it_from_then_on(card):
    work = ReplayedWork(lambda: card.append("done"), torch.device("cuda", 0))
    work()
    assert card == ["done"]
    work()
    recorded = ["emptied", "own waits for current", "begin", "done", "end", "current waits for own"]
    assert card[1:] == [*recorded, "replay"]
    work()
    assert card[8:] == ["replay"]


def test_works_of_a_card_share_a_stream(card):
    for _ in range(3):
        work = ReplayedWork(lambda: None, torch.device("cuda", 0))
        work()
        work()
    assert len(replayed_work._streams) == 1
    assert card.count("replay") == 3


def test_what_cannot_be_recorded_is_told_and_done_one_by_one(card):
    """And the card is not left recording."""
    fails = iter([False, True])

    def work():
        if next(fails, False):
            raise RuntimeError("operation not permitted when stream is capturing")
        card.append("done")

    replayed = ReplayedWork(work, torch.device("cuda", 0))
    replayed()
    with pytest.warns(UserWarning, match="cannot be recorded: operation not permitted"):
        replayed()
    assert card[-2:] == ["end", "done"]
    replayed()
    assert card[-1] == "done"
    assert "replay" not in card


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_a_card_gives_the_same_numbers_each_time():
    device = torch.device("cuda", 0)
    first = torch.zeros(64, 64, dtype=torch.float64, device=device)
    out = torch.empty_like(first)

    def steps():
        torch.matmul(first, first, out=out)
        out.add_(1.0).sqrt_()

    work = ReplayedWork(steps, device)
    for number in range(4):
        first.copy_(torch.full_like(first, float(number)))
        work()
        expected = (first @ first).add_(1.0).sqrt_()
        assert torch.equal(out, expected)
