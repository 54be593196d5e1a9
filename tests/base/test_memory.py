"""What was used at most."""

from spanset.base import memory


def test_the_peak_is_at_least_what_was_just_touched():
    before = memory.peak_bytes()
    block = bytearray(64 * 2**20)
    assert memory.peak_bytes() >= max(before, len(block))
