"""How many picks are predicted at once, and among how many candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt

FIRST_BLOCK = 32  # early on all scores are nearly equal and predictions short-lived
CANDIDATES = (2.5, 8.0)  # candidates per predicted pick, at least and at most

# On the processor the candidates' kernel costs m^2 (t + d), the new rows 2 N b (t + d), and m picks
# of candidates more hold for longer, about in proportion: h = c m. A block has some ten rows' worth
# of other work. The cost of a pick, (m^2 + 2 N (h + 10)) / h, is least at m = sqrt(20 N).
BLOCK_OVERHEAD = 10
FEW = 256  # candidates that cost next to nothing


@dataclass
class Pace:
    """Block size b and candidate count m, adapted to how well predictions hold.

    Attributes
    ----------
    largest : int
        Picks predicted at once, at most.
    most : int
        Candidates, at most.
    """

    largest: int
    most: int
    b: int = field(init=False)
    candidates: int = field(init=False)

    def __post_init__(self) -> None:
        self.b = min(FIRST_BLOCK, self.largest)
        self.candidates = self.most  # all along sized for a full block

    @classmethod
    def of(cls, largest: int, n: int, device: str) -> Pace:
        """For n rows; a device multiplies so fast that more candidates cost it nothing."""
        most = int(CANDIDATES[1] * largest)
        if device == "cpu":
            most = min(most, max(FEW, isqrt(2 * BLOCK_OVERHEAD * n)))
        return cls(largest, max(2, most))

    def adapt(self, proposed: int, accepted: int) -> None:
        """Grow after a prediction that held, shrink after one that did not."""
        if accepted == proposed:
            if proposed >= self.largest:
                least = min(self.most, int(CANDIDATES[0] * self.largest))
                self.candidates = max(2, least, int(0.85 * self.candidates))
            self.b = min(self.largest, self.b + (self.b + 1) // 2)
        else:
            self.candidates = min(self.most, int(1.2 * self.candidates) + 1)
            self.b = min(self.largest, max(FIRST_BLOCK, accepted + accepted // 10))
