"""Several answers with scores: the best one, or the best and the worst as a pair."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.base.errors import DataError
from spanset.data.formats.ranked import REMARK
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError
from spanset.data.reader import read

LISTS = {"prompt": "Q", "responses": ["b", "c", "a"], "scores": [2, 1, 3]}
OBJECTS = {
    "instruction": "Q",
    "models": ["x", "y", "z"],
    "completions": [
        {"response": "b", "overall_score": 3.0, "model": "x"},
        {"response": "c", "overall_score": 1.5, "model": "y"},
        {"response": "a", "overall_score": 4.5, "model": "z"},
    ],
}


def texts(turns):
    return [(turn.role, turn.text) for turn in turns]


@pytest.mark.parametrize("row", [LISTS, OBJECTS])
def test_the_best_answer_is_taken_and_it_is_said(row):
    assert recognise(row).name == "ranked"
    assert texts(recognise(row).convert(row).turns) == [("user", "Q"), ("assistant", "a")]
    assert read([row, row]).remarks == ({REMARK: 2},)


@pytest.mark.parametrize("row", [LISTS, OBJECTS])
def test_asked_for_as_preference_they_are_pairs(row):
    data = read([row], format="preference")
    (pair,) = data.conversations()
    assert texts(pair.turns) == [("user", "Q"), ("assistant", "a")]
    assert texts(pair.rejected) == [("assistant", "c")]
    assert pair.shared == 1
    assert data.remarks == ({},)


@pytest.mark.parametrize(
    ("answers", "scores"),
    [
        ("responses", "scores"),
        ("answers", "scores"),
        ("completions", "ratings"),
        ("generations", "ratings"),
        ("outputs", "rewards"),
    ],
)
def test_lists_go_by_names_of_their_own(answers, scores):
    row = {"question": "Q", answers: ["b", "c", "a"], scores: [2, 1, 3]}
    assert recognise(row).convert(row).answer == "a"
    assert FORMATS["preference"].convert(row).rejected[0].text == "c"


@pytest.mark.parametrize("first", [0, 1])
def test_the_lowest_rank_is_the_best(first):
    row = {"prompt": "Q", "responses": ["b", "c", "a"], "ranks": [first + 1, first + 2, first]}
    assert recognise(row).convert(row).answer == "a"
    assert FORMATS["preference"].convert(row).rejected[0].text == "c"


def test_ranked_answers_after_a_dialogue_as_text():
    """As in Nectar: the prompt spells out who speaks, each answer has its rank."""
    row = {
        "prompt": "\n\nHuman: Q\n\nAssistant: A\n\nHuman: R\n\nAssistant: ",
        "answers": [
            {"answer": "b", "model": "x", "rank": 2.0},
            {"answer": "a", "model": "y", "rank": 1.0},
        ],
    }
    asked = [("user", "Q"), ("assistant", "A"), ("user", "R")]
    talk, pair = recognise(row).convert(row), FORMATS["preference"].convert(row)
    assert texts(talk.turns) == texts(pair.turns) == [*asked, ("assistant", "a")]
    assert talk.answer == "a", "what stands in a prompt is context"
    assert (texts(pair.rejected), pair.shared) == ([("assistant", "b")], 3)


def test_system_history_and_context_are_read():
    row = {**LISTS, "system": "S", "history": [["q", "r"]], "context": "C"}
    before = [("system", "S"), ("user", "q"), ("assistant", "r")]
    assert texts(recognise(row).convert(row).turns)[:-1] == [*before, ("user", "Q\nC")]
    pair = FORMATS["preference"].convert(row)
    assert texts(pair.turns) == [*before, ("user", "Q\nC"), ("assistant", "a")]
    assert pair.shared == 4


@given(st.lists(st.tuples(st.text(), st.integers(-9, 9)), min_size=1, max_size=6))
def test_best_and_worst_are_those_of_a_sort(rated):
    answers, scores = map(list, zip(*rated, strict=True))
    row = {"prompt": "Q", "responses": answers, "scores": scores}
    order = sorted(range(len(scores)), key=lambda number: -scores[number])
    assert recognise(row).convert(row).answer == answers[order[0]]
    worst = answers[order[-1]] if scores[order[-1]] < scores[order[0]] else ""
    assert FORMATS["preference"].convert(row).rejected[0].text == worst
    negated = {"prompt": "Q", "responses": answers, "ranks": [-score for score in scores]}
    assert recognise(negated).convert(negated) == recognise(row).convert(row)


def test_sides_of_its_own_go_before_ranked_answers():
    for names in (("chosen", "rejected"), ("response_chosen", "response_rejected")):
        row = {**LISTS, **dict(zip(names, ("C", "R"), strict=True))}
        for format in (None, "preference"):
            (pair,) = read([row], format=format).conversations()
            assert (pair.answer, pair.rejected[0].text) == ("C", "R")


def test_rows_without_a_scored_answer_are_left_out_and_not_malformed():
    none = {**OBJECTS, "completions": []}
    null = {**OBJECTS, "completions": [{"response": "a", "overall_score": None}]}
    unscored = {**OBJECTS, "completions": [{"response": "z"}, *OBJECTS["completions"]]}
    data = read([OBJECTS, none, null, unscored])
    assert [talk.answer for talk in data.conversations()] == ["a", "a"]
    assert [row.reason for row in data.empty] == ["no answer", "no answer"]
    pairs = read([OBJECTS, none, null, unscored], format="preference")
    assert [row.reason for row in pairs.empty] == ["its chosen side is empty"] * 2


def test_an_answer_beside_the_list_is_read_only_where_it_is_said_which():
    row = {**LISTS, "answer": "A"}
    assert recognise(row) is None
    answers = {
        format: next(iter(read([row], format=format).conversations())).answer
        for format in ("exchange", "ranked", "preference")
    }
    assert answers == {"exchange": "A", "ranked": "a", "preference": "a"}
    assert recognise({**row, "answer": None}) is FORMATS["ranked"]


def test_of_equal_scores_the_first_is_best_and_the_last_worst():
    row = {**LISTS, "scores": [2, 2, 1], "responses": ["a", "b", "c"]}
    assert recognise(row).convert(row).answer == "a"
    pair = FORMATS["preference"].convert({**row, "scores": [2, 1, 1]})
    assert pair.rejected[0].text == "c"


@pytest.mark.parametrize("scores", [[1, 1, 1], [None, 2, None]])
def test_answers_that_are_all_as_good_are_no_pair(scores):
    row = {**LISTS, "scores": scores}
    assert FORMATS["preference"].convert(row).lack == "its rejected side is empty"
    assert recognise(row).convert(row).lack == ""


def test_answers_and_scores_that_are_null_are_passed_over():
    row = {**LISTS, "responses": ["b", None, "a", "z", "c"], "scores": [2, 9, 3, None, 1]}
    assert recognise(row).convert(row).answer == "a"
    assert FORMATS["preference"].convert(row).rejected[0].text == "c"


def test_scores_may_be_text_and_lists_json():
    row = {**LISTS, "scores": '["2", "1", "3.5"]', "responses": '["b", "c", "a"]'}
    assert recognise(row).convert(row).answer == "a"
    row = {**OBJECTS, "completions": json.dumps(OBJECTS["completions"])}
    assert recognise(row).convert(row).answer == "a"


def test_scores_may_be_beyond_floats():
    row = {**LISTS, "scores": [10**400, 1.5, 10**400 + 1]}
    assert recognise(row).convert(row).answer == "a"
    assert FORMATS["preference"].convert(row).rejected[0].text == "c"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({**LISTS, "scores": [1, 2]}, "3 answers, field 'scores' 2 scores"),
        ({**LISTS, "scores": [1, 2, "good"]}, "the score of responses[2] is text"),
        ({**LISTS, "scores": [1, 2, float("nan")]}, "the score of responses[2] is NaN"),
        ({**LISTS, "scores": [1, 2, True]}, "the score of responses[2] is true or false"),
        ({**LISTS, "responses": ["a", "b", {}]}, "responses[2] is an object"),
        (
            {**OBJECTS, "completions": [{"response": "a", "score": []}]},
            "the score of completions[0] is a list",
        ),
    ],
)
def test_what_cannot_be_ranked_is_refused_with_its_place(row, what):
    with pytest.raises(RowError) as raised:
        recognise(row).convert(row)
    assert what in str(raised.value)
    with pytest.raises(DataError, match="<memory>:1: "):
        read([row])


@pytest.mark.parametrize(
    "row",
    [
        {"responses": ["a"], "scores": [1]},
        {**LISTS, "question": "Q"},
        {**LISTS, "query": "Q"},
        {**LISTS, "answer": "A"},
        {**LISTS, "answers": ["a"]},
        {**LISTS, "ratings": [1, 2, 3]},
        {**LISTS, "text": "T"},
        {**LISTS, "choices": ["a", "b", "c"]},
        {**LISTS, "scores": "high"},
        {**LISTS, "scores": {"a": 1}},
        {**LISTS, "responses": "b"},
        {**LISTS, "responses": [1, 2, 3]},
        {"user": "alice", "responses": ["a"], "scores": [1]},
        {"prompt": "Q", "responses": [{"response": "a", "score": 1, "rating": 2}]},
        {"prompt": "Q", "responses": [{"response": "a", "text": "b", "score": 2}]},
        {"prompt": "Q", "responses": [{"response": "a", "score": 1}, "b"]},
        {"prompt": "Q", "responses": [{"response": "a", "score": 1}], "scores": [1]},
        {"prompt": "Q", "responses": []},
        {"prompt": "Q", "completions": ["a", "b"]},
        {"prompt": "Q", "completions": [{"response": "a"}]},
        {"prompt": "Q", "scores": [1]},
    ],
)
def test_other_rows_are_not_ranked(row):
    assert recognise(row) is None
