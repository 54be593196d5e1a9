"""What can be said of a row that the greedy selection picked, or left out.

A row starts with k(x, x), which the given rows and then each pick in turn take a share of; its gain
is what is left. All shares are of k(x, x): 1 is a row that nothing is like, 0 a copy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lead:
    """How far a pick's score lay above that of a typical row when it was picked; nats.

    The score is lambda log q + (1 - lambda) log gain. A typical row has the median quality and the
    median gain of the rows that were not picked by then (of 2,000 drawn where there are more), so
    that the two parts add up to the lead. Medians and not means, since a copy of a pick has nothing
    left and its log gain is minus infinity; gains count as e^-7 at least, below which measures take
    a row for a copy. A part may be negative: the row was picked in spite of it.

    Attributes
    ----------
    quality : float
        lambda (log q - median log q).
    diversity : float
        (1 - lambda) (log gain - median log gain).
    """

    quality: float
    diversity: float


@dataclass(frozen=True)
class Taker:
    """A pick, or a given row.

    Attributes
    ----------
    row : int
        Its position among the candidates, or among the given rows.
    rank : int
        As a pick, from 1; 0 where it is a given row.
    """

    row: int
    rank: int


@dataclass(frozen=True)
class Taken(Taker):
    """And what it took of another row.

    Attributes
    ----------
    share, typical : float
        Of k(x, x); and the mean of that over the rows left out (500 of them, drawn).
    """

    share: float
    typical: float


@dataclass(frozen=True)
class PickedByGain:
    """Why a row was picked.

    Attributes
    ----------
    gain, median_gain : float
        What was left of it when it was picked, and the median over all picks.
    score : float
        What it won by.
    lead : Lead or None
        None where there is no quality to weigh.
    """

    gain: float
    median_gain: float
    score: float
    lead: Lead | None


@dataclass(frozen=True)
class LeftByGain:
    """Why a row was left out.

    Attributes
    ----------
    most : Taken
        The pick, or given row, that took most of it. Under a wide kernel, where all rows are alike
        to a degree, that is the first pick for nearly all of them.
    own : Taken
        The one whose share lies furthest above what it took of rows on average: what sets this row
        apart from others.
    left, typical_left : float
        What is left of it after the last pick; the median over the rows left out.
    spent : bool
        Whether that is nothing: it can never be picked.
    copy_of : Taker or None
        Of a spent row the first given row or pick that alone takes all of it; None where it takes
        several of them.
    score : float or None
        Its score when the last pick was made; None where it was spent by then.
    last_score : float
        That of the last pick.
    """

    most: Taken
    own: Taken
    left: float
    typical_left: float
    spent: bool
    copy_of: Taker | None
    score: float | None
    last_score: float
