"""Rows as tokens, kept from the survey to the passes."""

import numpy as np
import pytest

pytest.importorskip("transformers", reason="rendering needs the extra `models`")
pytest.importorskip("jinja2", reason="rendering needs the extra `models`")

from tests.models.tiny_models import CHATML_MARKED, make_tokenizer

from spanset.data.reader import read
from spanset.models.rendering.kept_tokens import BESIDE, KeptTokens
from spanset.models.rendering.token_survey import render_rows, survey
from spanset.models.rendering.tried_renderer import make_renderer

RIVER = ("Name a river.", "The Rhine.")
TALKS = [RIVER, ("Name a hill.", "Hoher Meißner."), ("Count.", "one two three " * 40), RIVER]
DATA = {
    "talks": [{"prompt": asked, "completion": said} for asked, said in TALKS],
    "pairs": [{"prompt": asked, "chosen": said, "rejected": "No."} for asked, said in TALKS],
}


def kept_rows(room, rows="talks", pair="difference"):
    data = read(DATA[rows])
    renderer = make_renderer(make_tokenizer(CHATML_MARKED, pad=True), max_length=64)
    kept = KeptTokens(data, room)
    survey(data, renderer, pair=pair, kept=kept)
    return kept, render_rows(data, renderer, list(range(len(data))), pair)


@pytest.mark.parametrize(
    ("rows", "pair", "sides"),
    [("talks", "chosen", 1), ("pairs", "chosen", 1), ("pairs", "difference", 2)],
)
def test_rows_come_back_as_they_were(rows, pair, sides):
    kept, rendered = kept_rows(1e6, rows, pair)
    assert [row in kept for row in range(4)] == [True, True, True, False]  # the last is a copy
    for row in range(3):
        there, before = kept[row], rendered[row]
        assert there.status == before.status
        assert there.truncated == before.truncated == (row == 2)
        assert len(there.sequences) == len(there.weights) == sides
        for own, other in zip(there.sequences, before.sequences, strict=True):
            assert own.ids.dtype == other.ids.dtype == np.int32
            assert own.ids.tolist() == other.ids.tolist()
            assert own.supervised.tolist() == other.supervised.tolist()
        for own, other in zip(there.weights, before.weights, strict=True):
            assert own.tolist() == other.tolist()


def test_what_there_is_no_room_for_is_not_kept():
    kept, rows = kept_rows(1e6)
    first = rows[0].sequences[0].ids.nbytes + BESIDE
    kept, _ = kept_rows(first)
    assert [row in kept for row in range(4)] == [True, False, False, False]
    kept, _ = kept_rows(first - 1)
    assert not any(row in kept for row in range(4))
