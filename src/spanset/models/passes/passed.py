"""What passes of a model give of rows: on its way from a device, and here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.models.passes.forward import Read
from spanset.models.passes.token_scores import TokenScores


@dataclass(frozen=True)
class Passed:
    """What a pass gives of b rows.

    Attributes
    ----------
    total : (b, d) float32 or None
        Gradients, the sides of a pair added up.
    hidden : (b, w) float32 or None
    scores : TokenScores
        Sums over the supervised tokens, of the first sequence.
    """

    total: npt.NDArray[np.float32] | None
    hidden: npt.NDArray[np.float32] | None
    scores: TokenScores

    @classmethod
    def of_rows(cls, found: Read, owner: IntArray) -> Passed:
        """From sequences to rows; `owner` (B,) is the row of each, first sequences first."""
        return Flight(found, owner).landed()

    @property
    def is_under_way(self) -> bool:
        """No: it is here."""
        return False

    def landed(self) -> Passed:
        """Itself."""
        return self

    @classmethod
    def joined(cls, one: Passed, other: Passed) -> Passed:
        """Rows of both, one after the other."""
        return cls(
            _joined(one.total, other.total),
            _joined(one.hidden, other.hidden),
            TokenScores(
                *(
                    np.concatenate([getattr(one.scores, name), getattr(other.scores, name)])
                    for name in ("loss", "el2n", "margin")
                )
            ),
        )


class Flight:
    """What a pass gave, on its way to the host while the next pass is queued.

    Parameters
    ----------
    owner : (B,) int64
        Row of each sequence; the first sequence of a row is the one whose scores count.
    """

    def __init__(self, found: Read, owner: IntArray) -> None:
        # Imported here, since it imports torch.
        from spanset.base.transfers import Landing

        self._of_token, self._sequences, self._owner = found.owner, found.sequences, owner
        total = getattr(found, "total", None)
        self._landing = Landing(total, found.of_tokens, found.hidden)

    @property
    def is_under_way(self) -> bool:
        """Whether there is a device to wait for."""
        return self._landing.is_under_way

    def landed(self) -> Passed:
        """Sequences added up to rows."""
        total, of_tokens, hidden = self._landing.arrays()
        assert of_tokens is not None  # noqa: S101 (every pass gives scores)
        first = np.flatnonzero(np.diff(self._owner, prepend=-1))
        of_sequences = TokenScores.summed(of_tokens, self._of_token, self._sequences)
        scores = TokenScores(
            of_sequences.loss[first], of_sequences.el2n[first], of_sequences.margin[first]
        )
        if total is not None and len(first) < len(total):
            total = np.add.reduceat(total, first, axis=0)
        return Passed(total, None if hidden is None else hidden[first], scores)


def _joined(
    one: npt.NDArray[np.float32] | None, other: npt.NDArray[np.float32] | None
) -> npt.NDArray[np.float32] | None:
    return None if one is None or other is None else np.concatenate([one, other])
