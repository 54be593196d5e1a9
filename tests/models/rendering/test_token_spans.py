"""Which tokens hold which characters, against a slow oracle and transformers' own mask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.chats import MARKS_WITH_END, QUESTION, TWO, renderer_of, supervised, talk
from tests.models.tiny_models import CHATML, CHATML_MARKED, make_tokenizer

from spanset.models.rendering import token_spans

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")


# Characters and tokens ----------------------------------------------------------------------------


def tokens_of(text, offsets):
    return token_spans.locate(text, offsets, np.zeros(len(offsets), dtype=bool))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((2, 4), [False, True, True, True]),  # one that holds its first, one put in, one of its own
        ((1, 2), [False, True, False, False]),
        ((0, 1), [True, False, False, False]),
        ((2, 2), [False, False, False, False]),  # inside a token, but holds nothing of it
    ],
)
def test_tokens_are_inside_a_span_by_the_characters_they_hold(span, expected):
    tokens = tokens_of("abcd", [(0, 1), (1, 3), (3, 3), (3, 4)])
    assert token_spans.inside(tokens, span).tolist() == expected


def test_a_token_of_spaces_gets_the_characters_that_its_offsets_leave_out():
    tokens = tokens_of("a  b", [(0, 1), (2, 2), (3, 4)])
    assert tokens.starts.tolist() == [0, 1, 3]
    assert token_spans.inside(tokens, (1, 2)).tolist() == [False, True, False]


# Against a slow oracle ----------------------------------------------------------------------------

PRINTED = [*range(33, 127), *range(161, 173), *range(174, 256)]  # bytes that stand for themselves
OTHERS = [byte for byte in range(256) if byte not in PRINTED]
BYTES = {chr(byte): byte for byte in PRINTED}
BYTES |= {chr(256 + number): byte for number, byte in enumerate(OTHERS)}


def slow_mask(tokenizer, ids, turns, supervise):
    """Token by token: the bytes of every token, and those of the answers in a ChatML of our own."""
    text, answers = b"", []
    for role, content in turns:
        text += f"<|im_start|>{role}\n".encode()
        start = len(text)
        text += f"{content}<|im_end|>".encode()
        if role == "assistant":
            answers.append(range(start, len(text)))
        text += b"\n"
    if supervise == "last":
        answers = answers[-1:]
    mask, place = [], 0
    for token in tokenizer.convert_ids_to_tokens(ids):
        is_added = token in tokenizer.get_added_vocab()
        piece = token.encode() if is_added else bytes(BYTES[letter] for letter in token)
        assert text[place : place + len(piece)] == piece
        held = range(place, place + len(piece))
        mask.append(place > 0 and any(byte in answer for answer in answers for byte in held))
        place += len(piece)
    assert place == len(text)
    return mask


contents = st.text(alphabet="ab .\n\té学\U0001f600\u200d{}#", max_size=12)
conversations = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "assistant", "system"]), contents),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("trim_offsets", [True, False])
@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED, MARKS_WITH_END])
@settings(deadline=None, max_examples=60)
@given(turns=conversations, supervise=st.sampled_from(["all", "last"]))
def test_every_token_is_supervised_as_the_slow_oracle_says(
    template, trim_offsets, turns, supervise
):
    renderer = renderer_of(template, supervise=supervise, trim_offsets=trim_offsets)
    (row,) = renderer.render([talk(*turns)])
    expected = slow_mask(renderer.tokenizer, row.ids.tolist(), turns, supervise)
    assert row.supervised.tolist() == expected


def test_the_oracle_sees_a_wrong_mask():
    """Negative control: the mask of marks without end-of-turn tokens is not the oracle's."""
    tokenizer = make_tokenizer(CHATML_MARKED)
    messages = [{"role": role, "content": text} for role, text in TWO]
    theirs = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    expected = slow_mask(tokenizer, theirs["input_ids"], TWO, "all")
    assert theirs["assistant_masks"] != [int(one) for one in expected]


def test_marks_of_ordinary_rows_agree_with_transformers_own_mask():
    renderer = renderer_of(MARKS_WITH_END, trim_offsets=False)
    messages = [{"role": role, "content": text} for role, text in TWO]
    theirs = renderer.tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    (row,) = renderer.render([talk(*TWO)])
    assert row.ids.tolist() == theirs["input_ids"]
    assert row.supervised.astype(int).tolist() == theirs["assistant_masks"]


@pytest.mark.parametrize("answer", [" Four.", "Four. ", "  ", "naïve \U0001f9ff"])
def test_spaces_and_split_characters_at_the_edges_of_an_answer_lose_no_token(answer):
    """There transformers' own mask loses later turns, or all of an answer's last character."""
    renderer = renderer_of(CHATML_MARKED)
    turns = [QUESTION, ("assistant", answer), *TWO[2:]]
    assert supervised(renderer, *turns) == [f"{answer}<|im_end|>", "Of course.<|im_end|>"]


def test_an_unknown_letter_is_no_end_of_turn():
    renderer = renderer_of(CHATML_MARKED, pieces="words")
    _, pieces = renderer.pieces(talk(QUESTION, ("assistant", "Четыре")))
    assert [piece.text for piece in pieces if piece.supervised] == ["Четыре<|im_end|>"]
