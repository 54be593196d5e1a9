"""Places of numbers among others, in whatever order these are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spanset.base.sorted_places import places_in


@given(
    st.lists(st.integers(-9, 9), min_size=1, unique=True),
    st.lists(st.integers(-12, 12)),
)
def test_places_are_those_of_a_plain_search(known, wanted):
    places, is_there = places_in(np.array(known), np.array(wanted, np.int64))
    assert is_there.tolist() == [one in known for one in wanted]
    found = [place for place, there in zip(places.tolist(), is_there, strict=True) if there]
    assert found == [known.index(one) for one in wanted if one in known]
    assert ((places >= 0) & (places < len(known))).all()
