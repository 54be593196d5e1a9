"""Rows by their prompts or their answers alone; the rows themselves stay as they are."""

import numpy as np
import pytest
from tests.conftest import write_lines

from spanset.data.reader import read
from spanset.data.row_parts import only_part, whole_again

CHAT = {
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "First."},
        {"role": "user", "content": "Two?"},
        {"role": "assistant", "content": "Second."},
    ]
}
PAIR = {"prompt": "Which?", "chosen": "This.", "rejected": "That."}


def exchange(prompt, answer):
    return {"instruction": prompt, "input": "", "output": answer}


@pytest.mark.parametrize(
    ("part", "texts"),
    [("prompt", ["One?", "Two?"]), ("answer", ["First.", "Second."])],
)
def test_turns_of_others_are_cut_and_the_system_text_with_them(part, texts):
    (talk,) = only_part(read([CHAT]), part).conversations()
    assert [turn.text for turn in talk.turns] == texts


def test_of_a_pair_the_chosen_side_is_the_answer():
    data = read([PAIR])
    (prompt,) = only_part(data, "prompt").conversations()
    (answer,) = only_part(data, "answer").conversations()
    assert (prompt.text, answer.text) == ("Which?", "This.")
    assert not prompt.rejected
    assert not answer.rejected


def test_digests_tell_parts_apart():
    data = read([exchange("a", "x"), exchange("a", "y"), exchange("b", "x"), exchange("a", "x")])
    for part, groups in (("prompt", [0, 0, 1, 0]), ("answer", [0, 1, 0, 0])):
        digests = only_part(data, part).digests
        assert digests.shape == (4, 16)
        assert digests.dtype == np.uint8
        _, found = np.unique(digests, axis=0, return_inverse=True)
        assert ((found.ravel()[:, None] == found.ravel()) == np.equal.outer(groups, groups)).all()


def test_a_row_without_the_part_stands_as_a_whole():
    data = read([exchange("a", "x"), exchange("", "y")])
    prompts = [talk.text for talk in only_part(data, "prompt").conversations()]
    assert prompts[0] == "a"
    assert prompts[1] == next(talk.text for talk in data[[1]].conversations())
    untrained = {"messages": [CHAT["messages"][1], {**CHAT["messages"][2], "weight": 0}]}
    kept = read([untrained], on_empty="keep")
    (talk,) = only_part(kept, "answer").conversations()
    assert talk.text == "One?\nFirst."


def test_rows_and_numbers_stay():
    rows = [exchange(str(number), "x") for number in range(5)]
    data = read(rows)
    cut = only_part(data, "prompt")
    assert [cut.row(place) for place in range(5)] == rows
    assert cut.ids.tolist() == data.ids.tolist()
    assert cut[[3, 1]].conversation(0).text == "3"


def test_rows_of_several_files_are_cut_by_their_own_formats(tmp_path):
    paths = [
        write_lines(tmp_path / "chats.jsonl", [CHAT]),
        write_lines(tmp_path / "pairs.jsonl", [PAIR]),
    ]
    answers = [talk.text for talk in only_part(read(paths), "answer").conversations()]
    assert answers == ["First.\nSecond.", "This."]


def test_wholes_come_back():
    data = read([exchange(str(number), "x") for number in range(6)])
    kept = np.array([4, 0, 3])
    whole = whole_again(only_part(data, "answer")[kept], data, kept)
    assert np.array_equal(whole.digests, data.digests[kept])
    assert [talk.text for talk in whole.conversations()] == [
        talk.text for talk in data[kept].conversations()
    ]
