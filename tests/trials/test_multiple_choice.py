"""Multiple-choice questions: forms, refusals, likelihoods beside a plain loop."""

import csv
import json

import numpy as np
import pytest
from tests.models.tiny_models import make_model, make_tokenizer

from spanset.base.errors import DataError, UsageError
from spanset.trials.multiple_choice import MultipleChoice
from spanset.trials.question_files import read_questions
from spanset.trials.question_forms import about

# One reading beside a batch of them: float32 sums in other orders.
ROUNDING = 1e-4

FRUIT = {"question": " Name a fruit.\n", "choices": ["a, b", "pear", "", "7"], "answer": 1}
ASKED = "Name a fruit.\nA. a, b\nB. pear\nC. \nD. 7\nAnswer:"
LETTERS = (" A", " B", " C", " D")
ARC = {
    "question": "Which river?",
    "choices": {"text": ["The Loire", "bread"], "label": ["1", "2"]},
    "answerKey": "2",
}
HELLASWAG = {
    "activity_label": "Baking",
    "ctx": "unused",
    "ctx_a": "[header] How to bake [title] Mix it.  Then",
    "ctx_b": "she",
    "endings": ["rises [step] slowly.", "sings."],
    "label": "1",
}
PIQA = {"goal": "To bake bread,", "sol1": "write a poem.", "sol2": "use flour.", "label": 0}
LISTED = {"input": "A. old\nB. old\nAnswer: A\n\nWhich?\nA. x\nB. y\nC. z\nAnswer:", "output": "C"}


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def table(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def only(path):
    (question,) = read_questions([path]).questions
    return question


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(adds_bos=True)


def model_for(tokenizer, family="llama", context=128):
    return make_model(family, len(tokenizer), context=context)


@pytest.fixture(scope="module")
def model(tokenizer):
    return model_for(tokenizer)


def some_rows(n=12):
    rng = np.random.default_rng(3)
    words = ["river", "bread", "poem", "two", "France", "sea", "short", "rises in the"]
    return [
        {
            "question": " ".join(rng.choice(words, int(rng.integers(2, 9)))) + "?",
            "choices": [" ".join(rng.choice(words, 2)) for _ in range(int(rng.integers(2, 6)))],
            "answer": 1,
        }
        for _ in range(n)
    ]


# Forms


def test_mmlus_own_files_are_read_by_their_last_letter_and_their_name(tmp_path):
    row = [FRUIT["question"], *FRUIT["choices"], "B"]
    path = table(tmp_path / "abstract_algebra_test.csv", row, ["Q", "x", "x", "x", "x", "D"])
    first, second = read_questions([path]).questions
    assert first.context == (
        "The following are multiple choice questions (with answers) about abstract algebra.\n\n"
        + ASKED
    )
    assert (first.continuations, first.right, second.right) == (LETTERS, 1, 3)


def test_a_name_that_tells_no_subject_tells_none(tmp_path):
    row = [FRUIT["question"], *FRUIT["choices"], "B"]
    assert only(table(tmp_path / "algebra.csv", row)).context == ASKED
    names = ["question", "A", "B", "C", "D", "answer"]
    assert only(table(tmp_path / "algebra_test.csv", names, row)).context == ASKED


def test_a_header_may_name_other_choices_and_a_subject(tmp_path):
    names = ["subject", "question", "A", "B", "answer"]
    question = only(table(tmp_path / "q.csv", names, ["life_science", "Which?", "x", "y", "B"]))
    assert question.context == about("life science") + "Which?\nA. x\nB. y\nAnswer:"
    assert (question.continuations, question.right) == ((" A", " B"), 1)


@pytest.mark.parametrize("answer", [1, "1", "B", " B "])
def test_choices_in_a_list_are_answered_by_a_number_or_a_letter(tmp_path, answer):
    question = only(lines(tmp_path / "q_test.jsonl", FRUIT | {"answer": answer}))
    assert (question.context, question.continuations, question.right) == (ASKED, LETTERS, 1)


def test_a_subject_is_named_before_the_question(tmp_path):
    question = only(lines(tmp_path / "q.jsonl", FRUIT | {"subject": "us_foreign_policy"}))
    assert question.context.startswith(about("us foreign policy"))


def test_arc_answers_in_words_by_its_labels(tmp_path):
    question = only(lines(tmp_path / "q.jsonl", ARC))
    assert question.context == "Question: Which river?\nAnswer:"
    assert (question.continuations, question.right) == ((" The Loire", " bread"), 1)


def test_hellaswag_goes_on_without_its_marks(tmp_path):
    question = only(lines(tmp_path / "q.jsonl", HELLASWAG))
    assert question.context == "Baking:  How to bake. Mix it. Then She".replace(":  ", ": ")
    assert (question.continuations, question.right) == ((" rises slowly.", " sings."), 1)
    short = {"ctx": "She bakes", "endings": ["a", "b"], "label": 0}
    assert only(lines(tmp_path / "s.jsonl", short)).context == "She bakes"


def test_piqa_has_two_ways_to_a_goal(tmp_path):
    question = only(lines(tmp_path / "q.jsonl", PIQA))
    assert question.context == "Question: To bake bread,\nAnswer:"
    assert (question.continuations, question.right) == ((" write a poem.", " use flour."), 0)


def test_of_listed_choices_the_last_list_counts(tmp_path):
    question = only(lines(tmp_path / "q.jsonl", LISTED))
    assert question.context == LISTED["input"]
    assert (question.continuations, question.right) == (LETTERS[:3], 2)


def test_parquet_and_arrays_hold_the_same(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([ARC]), tmp_path / "q.parquet")
    (tmp_path / "q.json").write_text(json.dumps([ARC]))
    assert only(str(tmp_path / "q.parquet")) == only(str(tmp_path / "q.json"))


# Refusals


@pytest.mark.parametrize(
    ("good", "changes", "said"),
    [
        (FRUIT, {"answer": 4}, "none of the choices"),
        (FRUIT, {"answer": "E"}, "none of the choices"),
        (FRUIT, {"answer": True}, "none of the choices"),
        (FRUIT, {"answer": ""}, "not given"),
        (FRUIT, {"answer": None}, "not given"),
        (FRUIT, {"choices": ["one"], "answer": 0}, "2 to 26 choices, this one 1"),
        (FRUIT, {"choices": ["one", None]}, "holds nothing"),
        (FRUIT, {"question": " "}, "question is empty"),
        (ARC, {"answerKey": "0"}, "none of the choices"),
        (ARC, {"choices": {"text": ["x", "y"], "label": ["A"]}}, "2 choices have 1 labels"),
        (ARC, {"choices": {"text": ["x", ""], "label": ["1", "2"]}}, "choices is empty"),
        (HELLASWAG, {"label": ""}, "not given"),
        (HELLASWAG, {"endings": ["one"], "label": 0}, "2 to 26 choices, this one 1"),
        (PIQA, {"label": -1}, "not given"),
        (PIQA, {"label": 2}, "none of the choices"),
        (LISTED, {"output": "D"}, "none of the choices"),
        (LISTED, {"input": "A. x\nAnswer:", "output": "A"}, "2 to 26 choices, this one 1"),
        ({"question": "Q", "A": "x", "B": "y", "answer": "A"}, {"D": "z"}, "one between"),
    ],
)
def test_a_row_that_is_no_question_is_named_by_its_line(tmp_path, good, changes, said):
    path = lines(tmp_path / "q.jsonl", good, good | changes)
    with pytest.raises(DataError, match=said) as error:
        read_questions([path])
    assert error.value.where == f"{path}:2"


def test_an_unknown_form_is_told_beside_those_that_are_known(tmp_path):
    path = lines(tmp_path / "q.jsonl", {"prompt": "x", "reply": "y"})
    with pytest.raises(DataError, match="form of the questions is not recognised") as error:
        read_questions([path])
    assert error.value.where == f"{path}:1"
    for part in ("prompt, reply", "answerKey", "sol1", "endings", "choices (a list)", '"A. ..."'):
        assert part in error.value.why


def test_a_file_keeps_to_one_form(tmp_path):
    path = lines(tmp_path / "q.jsonl", PIQA, ARC)
    with pytest.raises(DataError, match="not a question like those above it") as error:
        read_questions([path])
    assert error.value.where == f"{path}:2"


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_questions([str(tmp_path / "none.csv")])
    broken = tmp_path / "q.jsonl"
    broken.write_text(json.dumps(PIQA) + "\n{oh\n")
    with pytest.raises(DataError, match="invalid JSON") as error:
        read_questions([str(broken)])
    assert error.value.where == f"{broken}:2"
    with pytest.raises(UsageError, match="no file"):
        read_questions([])


def test_an_answer_longer_than_the_context_is_refused(tmp_path, tokenizer):
    path = lines(tmp_path / "q.jsonl", PIQA | {"sol2": "two plus " * 30})
    with pytest.raises(DataError, match="choice 2 has") as error:
        MultipleChoice.read(path, tokenizer).scored(model_for(tokenizer, context=32))
    assert error.value.where == f"{path}:1"


def test_an_answer_without_a_token_is_refused(tmp_path):
    joined = make_tokenizer()
    joined.add_tokens(["Answer: A"])
    path = lines(tmp_path / "q.jsonl", FRUIT)
    with pytest.raises(DataError, match="choice 1 has no token of its own"):
        MultipleChoice.read(path, joined).settings()


# Likelihoods


def plain_likelihood(model, tokenizer, context, continuation, limit):
    """One sequence alone, a log-softmax over everything, every token by itself."""
    import torch

    cut = context.rstrip()
    whole = tokenizer.encode(context + continuation)
    start = len(tokenizer.encode(cut))
    dropped = max(0, len(whole) - (limit + 1))
    whole, start = whole[dropped:], start - dropped
    with torch.no_grad():
        logits = model(torch.tensor([whole[:-1]])).logits[0].double()
    log_p = torch.log_softmax(logits, -1)
    return sum(float(log_p[place - 1, whole[place]]) for place in range(start, len(whole)))


@pytest.mark.parametrize(("family", "context"), [("llama", 128), ("gpt2", 40), ("qwen2", 24)])
@pytest.mark.parametrize("pieces", ["bytes", "words"])
def test_likelihoods_are_those_of_each_answer_alone(tmp_path, family, context, pieces):
    tokenizer = make_tokenizer(adds_bos=pieces == "bytes", pieces=pieces, max_length=4096)
    model = model_for(tokenizer, family, context)
    listed = LISTED | {"input": LISTED["input"] + "  "}  # spaces that go to the answer
    paths = [
        lines(tmp_path / "a.jsonl", *some_rows(5), FRUIT),
        lines(tmp_path / "b.jsonl", ARC),
        lines(tmp_path / "c.jsonl", HELLASWAG),
        lines(tmp_path / "d.jsonl", PIQA),
        lines(tmp_path / "e.jsonl", listed),
    ]
    asked = MultipleChoice.read(paths, tokenizer, batch_tokens=200)
    found = asked.likelihoods(model)
    for question, values in zip(asked.questions, found, strict=True):
        plain = [
            plain_likelihood(model, tokenizer, question.context, one, context)
            for one in question.continuations
        ]
        np.testing.assert_allclose(values, plain, rtol=ROUNDING, atol=ROUNDING)
    scored = asked.scored(model)
    rights = [np.argmax(one) == q.right for one, q in zip(found, asked.questions, strict=True)]
    assert scored.values.tolist() == [float(right) for right in rights]
    assert scored.weights.tolist() == [1.0] * len(asked)


@pytest.mark.parametrize("batch_tokens", [1, 150, 10_000])
def test_results_do_not_depend_on_the_batches(tmp_path, tokenizer, model, batch_tokens):
    paths = [lines(tmp_path / "a.jsonl", *some_rows()), lines(tmp_path / "d.jsonl", PIQA)]
    usual = MultipleChoice.read(paths, tokenizer)
    other = MultipleChoice.read(paths, tokenizer, batch_tokens=batch_tokens)
    for one, two in zip(usual.likelihoods(model), other.likelihoods(model), strict=True):
        np.testing.assert_allclose(one, two, rtol=ROUNDING)
    assert other.scored(model).values.tolist() == usual.scored(model).values.tolist()


def test_letters_are_read_once_and_words_one_by_one(tmp_path, tokenizer):
    assert len(MultipleChoice.read(lines(tmp_path / "a.jsonl", FRUIT), tokenizer)._readings) == 1
    assert len(MultipleChoice.read(lines(tmp_path / "p.jsonl", PIQA), tokenizer)._readings) == 2


def test_of_equal_answers_the_first_is_taken(tmp_path, tokenizer, model):
    same = PIQA | {"sol2": PIQA["sol1"]}
    path = lines(tmp_path / "q.jsonl", same, same | {"label": 1})
    assert MultipleChoice.read(path, tokenizer).scored(model).values.tolist() == [1.0, 0.0]


def test_a_beginning_of_text_that_is_there_is_not_added_again(tmp_path, tokenizer):
    with_it = PIQA | {"goal": "x"}
    path = lines(tmp_path / "q.jsonl", LISTED | {"input": "<s>" + LISTED["input"]})
    (reading,) = MultipleChoice.read(path, tokenizer)._readings
    assert reading.ids.tolist().count(tokenizer.bos_token_id) == 1
    path = lines(tmp_path / "p.jsonl", with_it)
    assert MultipleChoice.read(path, tokenizer)._readings[0].ids[0] == tokenizer.bos_token_id


# What an evaluation tells


def test_so_many_are_drawn_with_a_seed(tmp_path, tokenizer):
    path = lines(tmp_path / "q.jsonl", *some_rows(40))
    drawn = [MultipleChoice.read(path, tokenizer, most=7, seed=seed) for seed in (0, 0, 1)]
    assert [len(one) for one in drawn] == [7, 7, 7]
    assert drawn[0].places == drawn[1].places != drawn[2].places
    numbers = [int(place.rpartition(":")[2]) for place in drawn[0].places]
    assert numbers == sorted(set(numbers))
    assert len(MultipleChoice.read(path, tokenizer, most=40)) == 40
    with pytest.raises(UsageError, match="0 questions"):
        MultipleChoice.read(path, tokenizer, most=0)


def test_settings_tell_apart_what_gives_other_values(tmp_path, tokenizer):
    def settings(rows, tokenizer=tokenizer, **options):
        asked = MultipleChoice.read(lines(tmp_path / "q.jsonl", *rows), tokenizer, **options)
        return json.dumps(asked.settings(), sort_keys=True)

    rows = some_rows(9)
    usual = settings(rows)
    assert settings(rows) == usual
    assert settings(rows, batch_tokens=5, seed=4) == usual
    assert settings(rows, most=3) != usual
    assert settings([rows[0] | {"answer": 0}, *rows[1:]]) != usual
    assert settings(rows, make_tokenizer()) != usual  # which does not begin with <s>


def test_it_names_itself_and_counts_its_tokens(tmp_path, tokenizer):
    asked = MultipleChoice.read(lines(tmp_path / "fruits.jsonl", FRUIT, FRUIT), tokenizer)
    assert (asked.name, asked.unit, len(asked)) == ("fruits", "accuracy", 2)
    assert asked.tokens == 2 * len(tokenizer.encode(f"{ASKED} A")[:-1])
    path = str(tmp_path / "fruits.jsonl")
    assert MultipleChoice.read(path, tokenizer, name="f").name == "f"


def test_the_model_is_given_back_as_it_was(tmp_path, tokenizer):
    model = model_for(tokenizer)
    model.train()
    first = next(model.parameters()).requires_grad_(False)
    MultipleChoice.read(lines(tmp_path / "q.jsonl", FRUIT), tokenizer).scored(model)
    assert model.training
    assert all(one.requires_grad == (one is not first) for one in model.parameters())
