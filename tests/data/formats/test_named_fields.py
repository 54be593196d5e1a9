"""One prompt and one answer under plain names: recognised where one reading is possible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import turns_of

from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.field_names import (
    ANSWERING,
    ANSWERS,
    ASKING,
    EXAMS,
    GUESSED_ANSWERS,
    GUESSED_PROMPTS,
    GUESSED_TASKS,
    PROMPTS,
    TASKS,
    WHOLE_TEXTS,
)
from spanset.data.formats.ranked import LISTS, SCORES
from spanset.data.formats.registry import FORMATS, LAST, recognise
from spanset.data.formats.texts import RowError
from spanset.data.reader import read

EXCHANGE = [("user", "Q"), ("assistant", "A")]
Q, A = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
# What formats that are tried before read.
KNOWN = {
    *(("instruction", answer) for answer in ("output", "response")),
    *(("prompt", answer) for answer in ("completion", "response")),
    *(("question", answer) for answer in ("answer", "response")),
}


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_one_prompt_and_one_answer_are_an_exchange(prompt, answer):
    row = {prompt: "Q", answer: "A", "id": 3, "source": "web"}
    if prompt in ASKING and answer not in ANSWERING:
        assert recognise(row) is None, "a user's name beside a reply"
        return
    assert (recognise(row).name == "exchange") != ((prompt, answer) in KNOWN)
    assert turns_of(row) == EXCHANGE


@pytest.mark.parametrize("field", ["system", "system_prompt", "system_message"])
def test_system_text_and_history_come_first(field):
    row = {field: "S", "query": "Q", "response": "A", "history": [["q", "a"]]}
    assert turns_of(row) == [("system", "S"), ("user", "q"), ("assistant", "a"), *EXCHANGE]
    assert turns_of({**row, "history": [], field: None}) == EXCHANGE


def test_history_of_another_form_is_named_and_not_dropped():
    with pytest.raises(RowError, match="history"):
        turns_of({"query": "Q", "response": "A", "history": [Q, A]})


def test_history_is_trained_on_and_a_prompt_of_messages_is_not():
    row = {"query": "Q", "response": "A", "history": [["q", "a"]]}
    assert recognise(row).convert(row).answer == "a\nA"
    asked = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    row = {"inputs": asked, "targets": "A"}
    assert recognise(row).convert(row).answer == "A"


def test_context_goes_below_the_prompt():
    assert turns_of({"query": "Q", "context": "C", "answer": "A"})[0] == ("user", "Q\nC")


def test_a_worked_solution_stands_for_its_answer():
    row = {"problem": "Q", "solution": "A", "answer": "42"}
    assert turns_of(row) == EXCHANGE
    assert turns_of({"problem": "Q", "answer": "A"}) == EXCHANGE
    assert recognise({**row, "messages": [Q, A]}).name == "messages"
    assert turns_of({**row, "messages": None}) == EXCHANGE
    # Only beside exam questions: elsewhere, the solution may be what a grader is given.
    assert recognise({"query": "Q", "solution": "A", "answer": "42"}) is None


def test_answers_that_are_numbers_are_those_of_exam_questions():
    for prompt in PROMPTS:
        row = {prompt: "Q", "solution": 42}
        assert (recognise(row) is not None) == (prompt in EXAMS), prompt
    assert turns_of({"problem": "Q", "answer": 42}) == [("user", "Q"), ("assistant", "42")]
    assert recognise({"problem": "Q", "answer": True}) is None


def test_null_fields_count_as_missing():
    row = {"query": None, "prompt": "Q", "output": None, "answer": "A"}
    assert turns_of(row) == EXCHANGE
    unanswered = {"query": "Q", "assistant": None, "reply": None}
    assert turns_of(unanswered) == [("user", "Q"), ("assistant", "")]
    data = read([{"query": "Q", "assistant": "A"}, unanswered])
    assert [row.reason for row in data.empty] == ["no answer"]


def test_an_alpaca_row_without_an_instruction_stays_one_in_its_file():
    row = {"instruction": None, "input": "Q", "output": "A"}
    assert recognise(row) is FORMATS["alpaca"]
    assert turns_of(row) == EXCHANGE
    assert len(read([{**row, "instruction": "I"}, row])) == 2


@pytest.mark.parametrize(
    "more",
    [
        *({name: "x"} for name in (*GUESSED_PROMPTS, *GUESSED_ANSWERS, *WHOLE_TEXTS)),
        *({name: "Do it so."} for name in (*TASKS, *GUESSED_TASKS)),
        {"problem": "x"},
        {"reply": "x"},
        {"Prompt": "x"},
        {"Output": "x"},
        {"A": "x", "B": "y"},
        {"choices": ["x", "y"]},
        {"option_1": "x", "option_2": "y"},
        {"positive": "x", "negative": "y"},
        {"preferred": "x", "dispreferred": "y"},
        {"dialog": [Q, A]},
        {"targets": 3},
        {"instructions": ["x"]},
    ],
)
def test_what_can_be_read_in_two_ways_is_not(more):
    row = {"query": "Q", "assistant": "A"}
    assert recognise({**row, **more}) is None
    assert turns_of({**row, **dict.fromkeys(more)}) == EXCHANGE, "nulls count as missing"


@pytest.mark.parametrize("more", [{"task": "maths"}, {"task": 3}, {"good": "x"}, {"title": "T"}])
def test_notes_on_a_row_do_no_harm(more):
    assert turns_of({"query": "Q", "assistant": "A", **more}) == EXCHANGE


@pytest.mark.parametrize(
    "row",
    [
        {"query": "Q", "assistant": 3},
        {"query": "Q", "assistant": ["A"]},
        {"query": ["Q"], "assistant": "A"},
        {"query": [Q, "x"], "assistant": "A"},
        {"query": {"text": "Q"}, "assistant": "A"},
        {"query": ["x", "y"], "positive": "x", "negative": "y"},
        {"query": "x", "positive": "y", "negative": "z"},
        {"inputs": 0.5, "targets": 1.5},
        {"input": "0.5", "output": "1.5e3"},
        {"user": "alice", "text": "hello"},
        {"user": "alice", "reply": "hello"},
        {"user": "alice"},
        {"request": "GET /", "response": "200"},
        {"document": "x", "summary": "y"},
        {"prompt": "x", "code": "y"},
        {"input": "x", "target": "y"},
        {"input": "x", "label": "y"},
        {"source": "x", "answer": "y"},
        {"title": "x", "answer": "y"},
        {"task": "x", "answer": "y"},
        {"q": "x", "a": "y"},
        {"Query": "x", "Response": "y"},
        {"prompt": "x", "outputs": "y", "output": ["a", "b"]},
        {"prompt": "x", "output": ["a", "b"], "rejected_response": "y"},
        {"conversation": None, "id": 1},
    ],
)
def test_other_rows_are_not(row):
    assert recognise(row) is None


# A label, a rejected answer


def test_a_label_makes_it_a_labelled_row():
    row = {"query": "Q", "response": "A", "label": False}
    assert recognise(row).name == "kto"
    assert recognise(row).convert(row).label is False
    (talk,) = read([row], format="kto").conversations()
    assert talk.label is False


def test_a_rejected_response_makes_it_a_pair():
    row = {"query": "Q", "response": "A", "rejected_response": "B", "system": "S"}
    for asked in (row, {**row, "label": True}, {**row, "history": None}):
        (pair,) = read([asked]).conversations()
        assert [turn.text for turn in pair.turns] == ["S", "Q", "A"]
        assert [turn.text for turn in pair.rejected] == ["B"]
        assert pair.shared == 2
    row = {"problem": "Q", "solution": "A", "rejected_response": "B"}
    assert recognise(row).convert(row).rejected[0].text == "B"
    alone = {**row, "rejected_response": None}
    assert recognise(alone) is FORMATS["exchange"]
    data = read([row, alone], format="preference")
    assert [empty.reason for empty in data.empty] == ["its rejected side is empty"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"messages": [Q, A]}, "messages"),
        ({"prompt": "Q"}, "prompt-completion"),
        ({"question": "Q"}, "question-answer"),
        ({"instruction": "Q"}, "alpaca"),
        ({"conversation": [{"input": "Q", "output": "A"}]}, "exchanges"),
        ({"instruction": "Q", "instances": [{"output": "A"}]}, "instances"),
        ({"messages": [Q, A], "label": True}, "kto"),
    ],
)
def test_a_rejected_response_beside_what_was_read_before_changes_nothing(row, name):
    row = {**row, "response": "A", "rejected_response": "B"}
    assert recognise(row) is FORMATS[name]
    assert turns_of(row) == EXCHANGE


def test_a_rejected_response_without_a_prompt_is_no_pair():
    assert recognise({"response": "A", "rejected_response": "B"}) is None


# No other row is read differently

NEW_NAMES = (
    *({*PROMPTS, *ANSWERS, "rejected_response", "q", "a", "target"}),
    *(*LISTS, *SCORES, "ranks", *TASKS, *WHOLE_TEXTS),
)
SCORED = [{"response": "x", "score": 1}, {"response": "y", "score": 2}]
values = st.sampled_from(["x", "two words", "", None, 3, True, ["x", "y"], [1, 2], SCORED, [Q, A]])
beside = st.dictionaries(st.sampled_from(NEW_NAMES), values, max_size=4)
labels = st.sampled_from([{}, {}, {"label": True}, {"kto_tag": False}, {"label": 1}])


def read_before(row):
    """The format by the fields of formats alone, as they were tried when there were no others.

    A list of messages that is null was an error.
    """
    formats = [format for format in FORMATS.values() if format.name not in LAST]
    filled = {name: value for name, value in row.items() if value is not None}
    for some in (filled, row):
        for format in formats:
            has_fields = any(all(name in some for name in way) for way in format.ways)
            if has_fields and (format.test is None or format.test(some)):
                is_null = format.name in ("messages", "sharegpt") and some is not filled
                return None if is_null else format
    return None


def of_others(example):
    return example.format not in LAST and "rejected_response" not in example.row


@given(st.sampled_from([*filter(of_others, EXAMPLES)]), beside, labels, st.booleans())
def test_rows_of_other_formats_stay_what_they_are(example, more, label, over):
    row = {**example.row, **more, **label} if over else {**more, **label, **example.row}
    before = read_before(row)
    if before is not None and not (
        before.name in ("messages", "sharegpt") and None in row.values()
    ):
        assert recognise(row) is before
    if not over and not label and recognise(row) is FORMATS[example.format]:
        # Names that a format reads beside, or before, those of its example.
        used = {"prompt", "instruction", "input", "question", "text"}
        used |= {"response", "output", "completion", "answer"}
        if used.isdisjoint(more.keys() - example.row.keys()):
            after = FORMATS[example.format].convert(row)
            assert after == FORMATS[example.format].convert(example.row)


@given(st.sampled_from(EXAMPLES))
def test_what_is_not_of_a_plain_name_makes_no_difference(example):
    row = {**example.row, "id": 1, "source": "web", "lang": "en", "score": 0.5}
    assert recognise(row) is FORMATS[example.format]
    assert recognise(row).convert(row) == FORMATS[example.format].convert(example.row)
