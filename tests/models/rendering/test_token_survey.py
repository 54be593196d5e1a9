"""The look at all rows before the model runs: counts, copies, and rows that cannot be used."""

import numpy as np
import pytest

pytest.importorskip("transformers", reason="rendering needs the extra `models`")
pytest.importorskip("jinja2", reason="rendering needs the extra `models`")

from hypothesis import given
from hypothesis import strategies as st
from tests.models.tiny_models import CHATML_MARKED, GEMMA, make_tokenizer

from spanset.base.errors import DataError
from spanset.data.reader import read
from spanset.models.rendering import looked_rows
from spanset.models.rendering.token_survey import survey
from spanset.models.rendering.tried_renderer import make_renderer
from spanset.stores import survey as survey_module
from spanset.stores.digests import Copies, first_rows, is_first
from spanset.stores.status import Status
from spanset.stores.survey import require_representable

LONG = "a very long question " * 20


def pair(question, answer="An answer.", **more):
    return {"instruction": question, "output": answer, **more}


def surveyed(rows, *, max_length=64, template=CHATML_MARKED, **options):
    data = read(rows)
    renderer = make_renderer(make_tokenizer(template, pad=True), max_length=max_length)
    return survey(data, renderer, **options)


# Digests


def digest(*rows, **options):
    return [bytes(one) for one in read(rows, **options).digests]


def test_rows_with_the_same_conversation_have_the_same_digest():
    """Whatever their format, and whatever else they hold."""
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day"},
    ]
    (alpaca, rated), (other,) = (
        digest(pair("Hello", "Good day"), pair("Hello", "Good day", rating=3)),
        digest({"messages": messages}),
    )
    assert alpaca == rated == other


@pytest.mark.parametrize(
    "turns",
    [
        (("user", "Hello"), ("assistant", "Good day!")),
        (("user", "HelloGood"), ("assistant", " day")),
        (("system", "Hello"), ("assistant", "Good day")),
        (("user", "Hello"), ("user", ""), ("assistant", "Good day")),
        (("user", "Hel"), ("user", "lo"), ("assistant", "Good day")),
        (("user", "Hello"), ("assistant", "Good day"), ("assistant", "")),
        (("user", "Helloassistant:8:Good day"), ("assistant", "Good day")),
        (("user", "Hello"), ("assistant", "Good day\n")),
    ],
)
def test_any_other_conversation_has_another_digest(turns):
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    one, other = digest(pair("Hello", "Good day")), digest(row)
    assert one != other


def test_lone_surrogates_have_a_digest():
    one, other = digest(pair("\ud800"), pair("\ud801"))
    assert one != other


# Copies


def test_first_rows_names_the_first_of_each_kind():
    digests = np.zeros((6, 16), np.uint8)
    digests[[1, 4], 0] = 1  # differs in the first byte
    digests[[2], 15] = 1  # and in the last
    assert first_rows(digests).tolist() == [0, 1, 2, 0, 1, 0]
    assert is_first(first_rows(digests)).tolist() == [True, True, True, False, False, False]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_first_rows_is_the_first_equal_one(kinds):
    digests = np.zeros((len(kinds), 16), np.uint8)
    digests[:, 3] = kinds
    assert first_rows(digests).tolist() == [kinds.index(kind) for kind in kinds]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.randoms())
def test_copies_finds_every_row_like_one_of_these(kinds, random):
    first = np.array([kinds.index(kind) for kind in kinds])
    rows = np.flatnonzero(is_first(first)).tolist()
    random.shuffle(rows)
    rows = np.array(rows[: 1 + len(rows) // 2])
    members, of = Copies(first).of(rows)
    wanted = {kinds[row] for row in rows}
    assert members.tolist() == [row for row, kind in enumerate(kinds) if kind in wanted]
    assert [kinds[row] for row in rows[of]] == [kinds[row] for row in members]


def test_copies_are_counted_but_cost_nothing():
    rows = [pair("One?"), pair("Two?", "Another answer, which is longer.")]
    alone, doubled = surveyed(rows), surveyed([*rows, rows[0], rows[1], rows[0]])
    assert (doubled.cost.rows, doubled.cost.distinct) == (5, 2)
    assert doubled.cost.tokens == alone.cost.tokens == int(alone.columns["tokens"].sum())
    assert doubled.first.tolist() == [0, 1, 0, 1, 0]
    assert doubled.columns["tokens"].tolist() == alone.columns["tokens"][[0, 1, 0, 1, 0]].tolist()
    assert (
        doubled.columns["supervised"].tolist()
        == alone.columns["supervised"][[0, 1, 0, 1, 0]].tolist()
    )


def test_a_distinct_row_is_rendered_once(monkeypatch):
    rendered = []
    original = looked_rows.read_rows

    def counted(conversations, renderer, pair):
        rendered.extend(one.turns[0].text for one in conversations)
        return original(conversations, renderer, pair)

    monkeypatch.setattr(looked_rows, "read_rows", counted)
    surveyed([pair("One?"), pair("Two?"), pair("One?"), pair("Three?")])
    assert rendered == ["One?", "Two?", "Three?"]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_how_many_rows_are_rendered_at_once_changes_nothing(monkeypatch, at_once):
    rows = [pair(f"Question {number % 5}?" * (1 + number)) for number in range(8)]
    whole = surveyed(rows)
    monkeypatch.setattr(survey_module, "AT_ONCE", at_once + 2)
    monkeypatch.setattr(looked_rows, "CHARACTERS", 30 * at_once)
    parts = surveyed(rows)
    for name in ("first", "status", "truncated", "digests"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    for name in ("tokens", "supervised"):
        assert np.array_equal(whole.columns[name], parts.columns[name]), name


# Counts


def test_tokens_are_those_of_the_rendered_row():
    data = read([pair("One?"), pair("Two?", "Another answer, which is longer.")])
    renderer = make_renderer(make_tokenizer(CHATML_MARKED, pad=True), max_length=64)
    seen = survey(data, renderer)
    for row, rendered in enumerate(renderer.render(list(data.conversations()))):
        assert seen.columns["tokens"][row] == len(rendered.ids)
        assert seen.columns["supervised"][row] == rendered.supervised.sum()
    assert seen.cost.supervised == seen.columns["supervised"].sum()
    assert (seen.status == Status.PENDING).all()


def test_a_truncated_row_counts_with_what_is_left_of_it():
    seen = surveyed([pair("Short?"), pair("Short too?", "A long answer " * 40)])
    assert seen.truncated.tolist() == [False, True]
    assert seen.columns["tokens"][1] == 64
    assert seen.cost.truncated == 1
    assert "1 truncated" in str(seen.cost)


def test_a_row_cut_before_its_answer_is_left_out_and_counted():
    seen = surveyed([pair("Short?"), pair(LONG), pair(LONG)])
    assert seen.status.tolist() == [Status.PENDING, *[Status.NOT_SUPERVISED] * 2]
    assert seen.columns["supervised"].tolist()[1:] == [0, 0]
    assert (seen.cost.excluded, seen.cost.tokens) == (2, int(seen.columns["tokens"][0]))
    assert "2 left out" in str(seen.cost)


def test_no_row_with_a_supervised_token_is_an_error_that_says_why():
    with pytest.raises(DataError) as caught:
        require_representable(surveyed(rows := [pair(LONG), pair(LONG + "?")]).status, read(rows))
    assert "none of 2 rows" in caught.value.what
    assert "--max-length" in caught.value.why
    assert "--max-length" in caught.value.fix


# Rows that the template refuses

SYSTEM = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day"},
    ]
}
PLAIN = {"messages": SYSTEM["messages"][1:]}
OTHER = {"messages": [{"role": "user", "content": "Bye"}, SYSTEM["messages"][2]]}


def test_a_row_that_the_template_refuses_stops_the_run_with_its_place(tmp_path):
    import json

    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (PLAIN, SYSTEM, OTHER)))
    with pytest.raises(DataError) as caught:
        surveyed(path, template=GEMMA)
    assert caught.value.where == f"{path}:2"
    assert "System role not supported" in caught.value.why
    assert "--on-bad-row skip" in caught.value.fix


def test_such_rows_and_their_copies_are_left_out_where_that_is_asked_for():
    seen = surveyed([SYSTEM, PLAIN, SYSTEM, OTHER], template=GEMMA, on_bad_row="skip")
    refused, taken = Status.NOT_RENDERED, Status.PENDING
    assert seen.status.tolist() == [refused, taken, refused, taken]
    assert (seen.cost.excluded, seen.cost.distinct) == (2, 3)


def test_only_such_rows_is_an_error_whatever_is_asked_for():
    with pytest.raises(DataError, match="template refuses"):
        require_representable(
            surveyed([SYSTEM], template=GEMMA, on_bad_row="skip").status, read([SYSTEM])
        )
