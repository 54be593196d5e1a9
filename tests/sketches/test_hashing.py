"""Counter-based hashing."""

import numpy as np

from spanset.sketches.hashing import hash64


def test_values_are_fixed():
    """Stored projections depend on these bits: a change here is a new version of the features."""
    assert [hex(h) for h in hash64(0, np.arange(3, dtype=np.uint64)).tolist()] == GOLDEN_0
    assert [hex(h) for h in hash64(7, np.arange(2, dtype=np.uint64)).tolist()] == GOLDEN_7


def test_bits_are_balanced_and_seeds_independent():
    counters = np.arange(100_000, dtype=np.uint64)
    one, two = hash64(1, counters), hash64(2, counters)
    for bits in (one, two, one ^ two):
        ones = [(bits >> np.uint64(b) & np.uint64(1)).mean() for b in range(64)]
        assert max(abs(share - 0.5) for share in ones) < 5 * 0.5 / np.sqrt(len(counters))


def test_negative_and_large_seeds_are_seeds_too():
    counters = np.arange(4, dtype=np.uint64)
    assert (hash64(-1, counters) != hash64(2**70, counters)).all()


# Regenerate: python -c "import numpy as np; from spanset.sketches.hashing import hash64;
# print([hex(h) for h in hash64(0, np.arange(3, dtype=np.uint64)).tolist()])"
GOLDEN_0 = ["0x399cb48bc72e8d68", "0xe65c8202a38aca67", "0x9ff9a75b320b9098"]
GOLDEN_7 = ["0x21ff72090bc7744d", "0xb03dd2ecbcaf4c08"]
