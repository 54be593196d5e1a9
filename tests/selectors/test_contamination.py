"""Contamination: planted prompts are found by their words or by features, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.greedy.cases import random_unit

from spanset.base.unit_rows import unit_rows
from spanset.data.reader import read
from spanset.selectors.contamination import (
    EXACT,
    FEWEST,
    RUN,
    SHARE,
    SharedRuns,
    contacts,
    near_features,
    words_of,
)

QUESTION = (
    "A farmer has 17 sheep and buys twice as many goats as he has sheep, then sells nine of "
    "the goats. How many animals are left on his farm after that?"
)
WORDS = ["ox", "red", "sun", "map", "tin", "jar", "owl", "sea"]


def rows_of(*texts):
    return read([{"instruction": text, "output": "Here you are, then."} for text in texts])


def evaluation(*texts):
    return read([{"prompt": text} for text in texts], on_empty="keep")


def far_apart(n, m):
    """Features that are all at right angles."""
    axes = np.eye(n + m)
    return axes[:n], axes[n:]


def by_words(data, others):
    return contacts(data, *far_apart(len(data), 0)[:1], others, np.zeros((len(others), 1)), None)


def runs(text):
    """Runs of words as tuples: of eight, or all words of a shorter text that has four."""
    words = text.lower().replace(".", " ").split()
    length = min(RUN, len(words))
    return (
        {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
        if (length >= FEWEST)
        else set()
    )


def shares_by_tuples(texts, others):
    """Of each text the highest share of another's runs in it, and the first other that has it."""
    found = []
    for text in texts:
        words = text.lower().replace(".", " ").split()
        best = (0.0, 0)
        for number, other in enumerate(others):
            own = runs(other)
            held = {
                run
                for run in own
                if any(tuple(words[at : at + len(run)]) == run for at in range(len(words)))
            }
            if own and len(held) / len(own) > best[0]:
                best = (len(held) / len(own), number)
        found.append(best)
    return found


some_texts = st.lists(
    st.lists(st.sampled_from([*WORDS[:3], "ox.", "NEW"]), max_size=24).map(" ".join),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(some_texts, some_texts)
def test_shares_agree_with_sets_of_tuples(texts, others):
    shares, holders = SharedRuns.of(others).in_texts(texts)
    expected = shares_by_tuples(texts, others)
    assert shares.tolist() == pytest.approx([share for share, _ in expected])
    assert holders.tolist() == [holder for _, holder in expected]


def test_longer_random_texts_agree_with_sets_of_tuples():
    rng = np.random.default_rng(0)
    others = [" ".join(rng.choice(WORDS, rng.integers(1, 40))) for _ in range(40)]
    texts = [" ".join(rng.choice(WORDS, 20)) for _ in range(40)]
    for text in range(0, 40, 2):  # half of them quote a part of another
        words = others[text].split()
        start = int(rng.integers(0, max(1, len(words) // 2)))
        texts[text] += " " + " ".join(words[start : start + 20])
    shares, holders = SharedRuns.of(others).in_texts(texts)
    expected = shares_by_tuples(texts, others)
    assert list(zip(shares.tolist(), holders.tolist(), strict=True)) == expected
    assert (shares > 0).sum() >= 10


def test_an_exact_copy_and_one_with_other_marks_and_capitals_are_found():
    data = rows_of("Write a poem.", QUESTION, QUESTION.upper().replace(",", " -- "), "Sum 1 and 2.")
    found = by_words(data, evaluation("What is the capital of France, my friend?", QUESTION))
    assert [(one.row, one.other, one.shared) for one in found] == [(1, 1, 1.0), (2, 1, 1.0)]
    assert all(np.isnan(one.cosine) for one in found)
    assert found[0].how == "100 % of its words in a row"


def test_a_question_quoted_among_other_text_is_found():
    long = " ".join(f"word{number}" for number in range(400))
    data = rows_of(f"{long} {QUESTION} {long}", long)
    assert [one.row for one in by_words(data, evaluation(QUESTION))] == [0]


def test_an_answer_that_holds_the_prompt_is_found():
    data = read([{"instruction": "Make up a task.", "output": f"Here: {QUESTION}"}])
    assert [one.row for one in by_words(data, evaluation(QUESTION))] == [0]


def test_half_of_the_words_are_enough_and_fewer_are_not():
    words = words_of(QUESTION)
    total = len(words) - RUN + 1
    for held in range(total + 1):
        data = rows_of(" ".join(words[: held + RUN - 1]))
        found = by_words(data, evaluation(QUESTION))
        assert [one.row for one in found] == ([0] if held / total >= SHARE else [])
        assert all(one.shared == held / total for one in found)


def test_short_prompts_are_found_as_wholes_and_very_short_ones_not():
    data = rows_of(
        "Please name the largest planet now.", "Name a planet, the largest.", "Say hello."
    )
    found = by_words(data, evaluation("Name the largest planet.", "Say hello"))
    assert [(one.row, one.other, one.shared) for one in found] == [(0, 0, 1.0)]


def test_texts_of_the_same_kind_are_left_alone():
    data = rows_of(
        QUESTION.replace("sheep", "cows").replace("goats", "pigs").replace("farmer", "man"),
        " ".join(reversed(words_of(QUESTION))),
        " ".join(sorted(words_of(QUESTION))),
    )
    assert by_words(data, evaluation(QUESTION)) == []


def test_repeated_words_do_not_fool_the_hash():
    other = "the the the the the the the the the"
    texts = ["the " * 30, "a " * 30, "the " * 7, "the a " * 15, "zu " * 8, "the " * 8]
    shares, _ = SharedRuns.of([other]).in_texts(texts)
    assert shares.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    others = [" ".join(["a"] * before + ["b"] + ["a"] * (7 - before)) for before in range(8)]
    shares, holders = SharedRuns.of(others).in_texts(others)
    assert shares.tolist() == [1.0] * 8
    assert holders.tolist() == list(range(8))


def test_words_that_no_prompt_has_are_all_alike_and_match_nothing():
    shares, _ = SharedRuns.of(["one two three four"]).in_texts(["x y z w v", "", "one two three x"])
    assert shares.tolist() == [0.0, 0.0, 0.0]


def test_a_paraphrase_is_found_by_features_where_they_see_it():
    data = rows_of("How many beasts does he own now?", "Write a poem.", "Sum 1 and 2.")
    rng = np.random.default_rng(0)
    features = random_unit(rng, 2, 16)
    X = random_unit(rng, 3, 16)
    X[0] = unit_rows(features[1:] + 0.05 * rng.normal(size=16), float)
    others = evaluation("Name a colour of the sky at night.", QUESTION)
    (found,) = contacts(data, X, others, features, 0.9)
    assert (found.row, found.other) == (0, 1)
    assert found.cosine == pytest.approx(X[0] @ features[1], abs=4e-6)
    assert found.shared == 0.0
    assert found.how == f"cosine {found.cosine:.2f}"
    assert contacts(data, X, others, features, None) == []
    assert contacts(data, X, others, features, 0.999) == []


def test_what_is_told_of_words_is_of_the_other_that_is_named():
    """A row that quotes one prompt and is near another: it is no quote of that."""
    data = rows_of(QUESTION)
    X = np.eye(3)[:1]
    features = np.stack([np.eye(3)[1], [0.95, 0.0, np.sqrt(1 - 0.95**2)]])
    others = evaluation(QUESTION, "Something else altogether, my dear old friend.")
    (found,) = contacts(data, X, others, features, 0.9)
    assert (found.other, found.shared) == (1, 0.0)
    (found,) = contacts(data, X, others, features[::-1], 0.9)
    assert (found.other, found.shared) == (0, 1.0)
    assert found.how == "cosine 0.95, 100 % of its words in a row"


def test_rows_of_nothing_alike_are_clean():
    data = rows_of("Write a poem.", "Sum 1 and 2.")
    X, features = far_apart(2, 1)
    assert contacts(data, X, evaluation(QUESTION), features, 0.5) == []


def test_every_turn_of_an_evaluation_counts_for_itself():
    """A quoted first turn beside a longer second one: of both together it is the smaller part."""
    second = " ".join(f"and then word{i} follows" for i in range(40))
    talk = read([{"turns": [QUESTION, second]}], on_empty="keep")
    rows = rows_of("Plant a tree.", f"Solve this. {QUESTION} Thank you.")
    (found,) = by_words(rows, talk)
    assert (found.row, found.other, found.shared) == (1, 0, 1.0)


def test_scripts_without_spaces_are_looked_for_by_characters():
    asked = "农夫有十七只羊,他买了两倍于羊的山羊,然后卖掉了九只山羊。农场里还剩多少只动物?"
    rows = rows_of("请写一首关于春天的诗,要有花和雨。", f"请回答:{asked}谢谢。")
    found = by_words(rows, evaluation(asked))
    assert [one.row for one in found] == [1]


@pytest.mark.parametrize("d", [2, 6, 384, 2048])
def test_copies_are_exact_copies_whatever_rounds_them_and_near_rows_are_none(d):
    """At another length, in float16's numbers, by other sums; a row at an angle of 0.01 is none."""
    rng = np.random.default_rng(d)
    rows = rng.normal(size=(50, d))
    other = unit_rows(rows, np.float32)
    halves = unit_rows(rows.astype(np.float16).astype(float) * 7, np.float32)
    found = near_features(halves, other, EXACT)
    assert {(one.row, one.other) for one in found} >= {(row, row) for row in range(50)}
    assert len(found) == 50
    aside = rng.normal(size=(50, d))
    aside -= (aside * other).sum(axis=1, keepdims=True) * other
    turned = unit_rows(np.cos(0.01) * other + np.sin(0.01) * unit_rows(aside, float), np.float32)
    assert all(one.row != one.other for one in near_features(turned, other, EXACT))


def test_words_tell_of_others_without_features_too():
    """Features are of the second of two; the first is found by its words, and each by its name."""
    data = rows_of(f"Solve this. {QUESTION}", "Write a poem.", "Plant an old tree by the river.")
    X = np.eye(3)
    others = evaluation(QUESTION, "Name a colour of the sky at night.")
    found = contacts(data, X, others, X[1:2], 0.9, np.array([1]))
    assert [(one.row, one.other) for one in found] == [(0, 0), (1, 1)]
    assert np.isnan(found[0].cosine)
    assert found[1].shared == 0.0
