"""Static features: against the slow way, what a row depends on, and what it means to be near."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.commands.refusals import Commands
from tests.conftest import make_rows, write_lines
from tests.features.static_by_hand import ByHand
from tests.models.static_models import (
    bytes_as_pieces,
    table_of,
    whole_words,
    word_pieces,
    write_model,
)

import spanset
from spanset.base.errors import DataError, UsageError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features import made_by_rows, static, token_units
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.features.static import StaticFeatures
from spanset.features.stored import StoreFeatures
from spanset.models.static_tables import StaticTable
from spanset.stores.keeping import in_store
from spanset.stores.status import Status
from spanset.stores.user_cache import cached_stores

CLOSE = 1e-6  # sums in float32, of unit rows
HALF = 1e-3  # of float16, in a unit row

HARD = [
    "",
    " ",
    "\n\n",
    "A river rises in the hills; which one? A river!",
    "def f(x):\n\tif x:\r\n\t\treturn [x[0], *f(x[1:])]\r\n",
    "one\u2028two\u2029three\x0bfour\x85five",
    "zero\u200bwidth\u200d\ufeff",
    "\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 🦑🦑🦑 \U00029e3d",
    "请解释量子纠缠的基本原理。量子",
    "ما هو التشابك الكمي؟",
    "การพัวพันเชิงควอนตัมคืออะไร",
    "\ud800 lone \udfff",
    "nul \x00 here \x01\x02",
    "<s> </s> <unk> <0x80> <0xE6> ▁ ▁▁",
    "x" * 2000,
    "ab" * 300 + "数" * 300,
    "again " * 40,
    "é e\u0301 ﬁ Ǆ ß İ",
]
TEXTS = st.one_of(
    st.sampled_from(HARD),
    st.text(max_size=30),
    st.text(st.characters(min_codepoint=0x10000), max_size=6),
    st.lists(st.sampled_from(HARD), min_size=2, max_size=4).map("\n".join),
    st.lists(st.sampled_from(["the", "a", "poem", "tax", "数", "🦑"]), max_size=25).map(" ".join),
)
ANSWERS = TEXTS.map(lambda text: f"{text} ok")
TALKS = st.lists(
    st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), TEXTS), max_size=5
)
SMALL = {
    "whole words": whole_words,
    "word pieces": word_pieces,
    "bytes as pieces": bytes_as_pieces,
}


def talk(turns, answer):
    turns = [*turns, ("assistant", answer)]
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


CONVERSATIONS = st.builds(talk, TALKS, ANSWERS)


def asks(prompt, answer="Yes."):
    return {"instruction": prompt, "output": answer}


@pytest.fixture(scope="module")
def table():
    return StaticTable.load()


@pytest.fixture(scope="module")
def by_hand(table):
    return ByHand(table)


@pytest.fixture(scope="module")
def hard_rows():
    """Every hard text as a prompt and as an answer; among them copies."""
    rows = [asks(text, f"{HARD[-1 - number]} ok") for number, text in enumerate(HARD)]
    return read([*rows, *make_rows(30), rows[3], rows[8]])


def small(folder, name="whole words"):
    """A table of few words, and its name on the command line."""
    tokenizer = SMALL[name]()
    n = 10 if name == "whole words" else tokenizer.get_vocab_size()
    folder = write_model(folder, tokenizer, embeddings=table_of(n))
    return StaticTable.load(str(folder))


def vectors(table, data):
    made, status = StaticFeatures(table).vectors(data, np.arange(len(data)))
    return made, [Status(one).name for one in status]


def transform(data, features="static"):
    return fit_transform(parse_features(features), data)[0]


def compared(table, by_hand, data):
    X, status = vectors(table, data)
    slow = [by_hand.row(one) for one in data.conversations()]
    assert status == [name for _, name in slow]
    np.testing.assert_allclose(X, [row for row, _ in slow], atol=CLOSE)


# Against the slow way


@given(st.lists(CONVERSATIONS, min_size=1, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
def test_features_are_those_of_the_slow_way(table, by_hand, rows):
    compared(table, by_hand, read(rows))


@pytest.mark.parametrize("name", SMALL)
@given(rows=st.lists(CONVERSATIONS, min_size=1, max_size=4))
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=40,
)
def test_features_by_other_tables_are_those_of_the_slow_way(tmp_path_factory, name, rows):
    table = small(tmp_path_factory.mktemp("m"), name)
    # Which this one reads as a byte: no character is spelled by it.
    assume(name != "bytes as pieces" or "<0x" not in str(rows))
    compared(table, ByHand(table), read(rows))


def test_hard_rows_are_as_by_the_slow_way(table, by_hand, hard_rows):
    compared(table, by_hand, hard_rows)


@pytest.mark.parametrize(
    "row",
    [
        {"text": "A plain text without turns.\nNothing is asked."},
        {"prompt": "Name a river", "chosen": "The Loire", "rejected": "No idea"},
        {"prompt": "Name a river", "completion": "The Loire", "label": True},
        {"messages": [{"role": "assistant", "content": "Nobody asked."}]},
        talk([("system", "Be brief."), ("user", "")], "Very well."),
    ],
)
def test_rows_of_other_shapes_are_as_by_the_slow_way(table, by_hand, row):
    compared(table, by_hand, read([row]))


def test_features_through_the_cache_are_the_slow_ones_to_half_precision(by_hand, hard_rows):
    made = transform(hard_rows)
    assert made.X.dtype == np.float32
    assert made.kept.tolist() == list(range(len(hard_rows)))
    np.testing.assert_allclose(np.linalg.norm(made.X, axis=1), 1.0, rtol=1e-6)
    slow = [by_hand.row(one)[0] for one in hard_rows.conversations()]
    assert np.abs(made.X - slow).max() < HALF


def test_the_parts_have_the_shares_of_the_cosine_that_are_stated(table, hard_rows):
    X, _ = vectors(table, hard_rows)
    d = table.vectors.shape[1]
    assert X.shape == (len(hard_rows), 2 * d + static.WORDING_DIMENSION)
    assert StaticFeatures(table).dimension == X.shape[1]
    for part, share in ((X[:, :d], 0.6), (X[:, d : 2 * d], 0.1), (X[:, 2 * d :], 0.3)):
        np.testing.assert_allclose((part**2).sum(axis=1), share, rtol=1e-6)


# What a row depends on


def test_a_row_has_the_same_bytes_alone_and_in_any_company(table, hard_rows):
    maker, n = StaticFeatures(table), len(hard_rows)
    whole, _ = maker.vectors(hard_rows, np.arange(n))
    for row in range(n):
        alone, _ = StaticFeatures(table).vectors(hard_rows, np.array([row]))
        assert alone[0].tobytes() == whole[row].tobytes(), row
    rng = np.random.default_rng(0)
    for _ in range(10):
        some = rng.permutation(n)[: rng.integers(1, n)]
        assert maker.vectors(hard_rows, some)[0].tobytes() == whole[some].tobytes()


@pytest.mark.parametrize("batch", [1, 3, 7, 1000])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_batches_and_workers_do_not_change_a_row(hard_rows, monkeypatch, batch, workers):
    wanted = transform(hard_rows).X
    monkeypatch.setenv("XDG_CACHE_HOME", f"{os.environ['XDG_CACHE_HOME']}/another")
    monkeypatch.setattr(static, "BATCH", batch)
    monkeypatch.setattr(made_by_rows, "AT_A_TIME", workers)
    assert np.array_equal(transform(hard_rows).X, wanted)


@pytest.mark.parametrize("at_once", [1, 40, 5000])
def test_rows_of_a_batch_that_are_made_one_after_the_other_do_not_change(
    table, hard_rows, monkeypatch, at_once
):
    wanted, status = vectors(table, hard_rows)
    monkeypatch.setattr(static, "AT_ONCE", at_once)
    X, again = vectors(table, hard_rows)
    assert X.tobytes() == wanted.tobytes()
    assert again == status


def test_no_more_text_is_worked_on_at_once_than_is_allowed(table, monkeypatch):
    """A batch of long rows would take gigabytes."""
    data = read([asks("word " * 200) for _ in range(30)])
    monkeypatch.setattr(static, "AT_ONCE", 5000)
    seen, made = [], StaticFeatures._vectors
    monkeypatch.setattr(
        StaticFeatures, "_vectors", lambda self, some: seen.append(some.length) or made(self, some)
    )
    vectors(table, data)
    assert sum(map(len, seen)) == 30
    assert max(length.sum() for length in seen) <= 5000 + data.length.max()
    assert len(seen) < 10, "short rows are made together"


def test_what_the_cutter_forgets_does_not_change_a_row(table, hard_rows, monkeypatch):
    wanted, _ = vectors(table, hard_rows)
    monkeypatch.setattr(token_units, "KEPT_WORDS", 2)
    maker = StaticFeatures(table)
    for _ in range(2):
        for rows in np.array_split(np.arange(len(hard_rows)), 9):
            assert maker.vectors(hard_rows, rows)[0].tobytes() == wanted[rows].tobytes()


def test_another_process_makes_the_same_bytes(table, hard_rows, tmp_path):
    path = write_lines(tmp_path / "d.jsonl", list(hard_rows.rows()))
    code = (
        "import sys, numpy as np\n"
        "from spanset.data.reader import read\n"
        "from spanset.features.static import StaticFeatures\n"
        "from spanset.models.static_tables import StaticTable\n"
        "data = read(sys.argv[1])\n"
        "rows = np.arange(len(data))[::-1]\n"
        "X, _ = StaticFeatures(StaticTable.load()).vectors(data, rows)\n"
        "np.save(sys.argv[2], X[::-1])\n"
    )
    own = {"TOKENIZERS_PARALLELISM": "true", "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "5"}
    words = [sys.executable, "-c", code, str(path), str(tmp_path / "x.npy")]
    subprocess.run(words, check=True, env={**os.environ, **own})
    wanted, _ = vectors(table, hard_rows)
    assert np.load(tmp_path / "x.npy").tobytes() == wanted.tobytes()


def test_a_store_gives_what_the_cache_gives_and_so_does_no_cache(hard_rows, tmp_path, monkeypatch):
    wanted = transform(hard_rows)
    maker = StaticFeatures.load("", ModelConfig())
    in_store(maker, hard_rows, tmp_path / "s")
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    for made in (transform(hard_rows), transform(hard_rows, f"store:{tmp_path / 's'}")):
        assert np.array_equal(made.X, wanted.X)
        assert made.kept.tolist() == wanted.kept.tolist()


def test_a_store_gives_its_rows_in_any_order(hard_rows, tmp_path):
    in_store(StaticFeatures.load("", ModelConfig()), hard_rows, tmp_path / "s")
    some = np.array([9, 2, 2, 30])
    made = StoreFeatures(str(tmp_path / "s")).transform(hard_rows[some])
    assert np.array_equal(made.X, transform(hard_rows).X[some])


def test_other_rows_beside_a_row_do_not_change_it(hard_rows):
    wanted = transform(hard_rows).X
    more = read([asks("another prompt"), *hard_rows.rows()])
    assert np.array_equal(transform(more).X[1:], wanted)


def test_the_place_of_a_table_does_not_count_and_its_content_does(tmp_path):
    data = read([asks("a river"), asks("a poem")])
    write_model(tmp_path / "one")
    transform(data, f"static:{tmp_path / 'one'}")
    (tmp_path / "one").rename(tmp_path / "other")
    transform(data, f"static:{tmp_path / 'other'}")
    assert len(cached_stores()) == 1
    write_model(tmp_path / "other", embeddings=table_of(10)[::-1])
    transform(data, f"static:{tmp_path / 'other'}")
    assert len(cached_stores()) == 2


def test_settings_say_all_that_a_row_depends_on(table):
    assert StaticFeatures(table).settings() == {
        "kind": "static",
        "version": static.VERSION,
        "model": {"name": "wordllama", "digest": table.digest},
        "shares": {"asked": 0.6, "said": 0.1, "worded": 0.3},
        "wording_dimension": 256,
    }


def test_features_are_the_same_numbers_as_ever(table):
    """A change of these is a new VERSION: stores hold rows of the old one."""
    assert static.VERSION == 1
    row = asks("Name a river in 法國 🦑.\nJust one.", "The Loire.")
    (made,), _ = vectors(table, read([row]))
    found = made[[0, 255, 256, 511]]
    np.testing.assert_allclose(found, [-0.117364, -0.020103, -0.014506, -0.008536], atol=CLOSE)
    worded = made[512:]
    assert np.flatnonzero(worded)[:6].tolist() == [9, 10, 12, 17, 18, 24]
    np.testing.assert_allclose(worded[[9, 10, 12]], [-0.096472, 0.096472, 0.178751], atol=CLOSE)


# What it means to be near


@pytest.fixture
def cosines():
    def of(*rows):
        X = transform(read(list(rows))).X.astype(np.float64)
        return X @ X.T

    return of


def test_two_phrasings_of_a_task_are_nearer_than_another_task(cosines):
    found = cosines(
        asks("Give three tips for staying healthy.", "Eat well, sleep enough and move."),
        asks("How can I keep fit? List three pieces of advice.", "Sport, rest, vegetables."),
        asks("Write a Python function that reverses a linked list.", "def reverse(head): ..."),
        asks("Implement the reversal of a singly linked list in Python.", "class Node: pass"),
    )
    assert found[0, 1] > 2 * max(found[0, 2], found[0, 3])
    assert found[2, 3] > 2 * max(found[2, 0], found[2, 1])


def test_copies_are_at_cosine_one_and_one_prompt_with_two_answers_is_near(cosines):
    prompt = "Give three tips for staying healthy."
    found = cosines(
        asks(prompt, "Eat well, sleep enough and move."),
        {**asks(prompt, "Eat well, sleep enough and move."), "topic": "another field"},
        asks(prompt, "Blue whales are mammals."),
        asks("When do whales sleep?", "Eat well, sleep enough and move."),
    )
    assert found[0, 1] == pytest.approx(1.0, abs=1e-6)
    assert 0.6 < found[0, 2] < 0.95
    assert found[0, 3] < found[0, 2], "what is asked counts more than what is answered"


def test_chinese_rows_that_share_characters_are_nearer_than_others(cosines):
    found = cosines(
        asks("请解释量子纠缠的基本原理", "量子纠缠是一种现象"),
        asks("什么是量子纠缠,请解释原理", "纠缠是两个粒子"),
        asks("写一首关于春天花园的诗", "春风拂面花儿开"),
        asks("推荐几道简单家常菜", "番茄炒鸡蛋"),
    )
    assert found[0, 1] > 0.5 > 0.3 > max(found[0, 2], found[0, 3], found[2, 3])


def test_characters_that_the_table_lacks_tell_rows_apart(cosines):
    """By their bytes alone all of these would be near each other."""
    found = cosines(*(asks(text, text) for text in ("𩸽𩹷", "𩸽𩺊", "𪀯𪂇", "🦑🦐")))
    assert found[0, 1] > max(found[0, 2], found[0, 3], found[2, 3]) + 0.2


def test_what_the_user_asks_counts_wherever_it_stands(table):
    d = table.vectors.shape[1]
    rows = [
        talk([("user", "a river"), ("assistant", "which?"), ("user", "a poem")], "yes"),
        talk([("system", "be brief"), ("user", "a river a poem")], "no"),
    ]
    X, _ = vectors(table, read(rows))
    np.testing.assert_allclose(X[0, :d], X[1, :d], atol=CLOSE)
    assert not np.allclose(X[0, d : 2 * d], X[1, d : 2 * d])


@pytest.mark.parametrize("prompt", ["", " \n\t", None])
def test_a_row_without_a_prompt_is_what_it_says_as_a_whole(table, prompt):
    d = table.vectors.shape[1]
    turns = [] if prompt is None else [("user", prompt)]
    X, status = vectors(table, read([talk(turns, "The Loire is a river.")]))
    assert status == ["OK"]
    np.testing.assert_allclose(X[:, :d] / np.sqrt(0.6), X[:, d : 2 * d] / np.sqrt(0.1), atol=CLOSE)


def test_a_prompt_of_unknown_words_alone_is_what_the_row_says_as_a_whole(tmp_path):
    table = small(tmp_path)
    X, status = vectors(table, read([asks("zq zq", "river")]))
    assert status == ["OK"]
    np.testing.assert_allclose(X[:, :12] / np.sqrt(0.6), X[:, 12:24] / np.sqrt(0.1), atol=CLOSE)


# Rows that cannot be represented


def test_rows_of_unknown_words_are_left_out_with_the_reason(tmp_path):
    write_model(tmp_path / "m")
    data = read([asks("zq", "qz"), asks("a river", "zq"), asks("zq zz", "zz"), asks("zq", "poem")])
    made = transform(data, f"static:{tmp_path / 'm'}")
    assert made.kept.tolist() == [1, 3]
    assert len(made.X) == len(made.data) == 2
    assert [one.row for one in made.data.unrepresented] == [0, 2]
    assert {one.reason for one in made.data.unrepresented} == {
        "the table has a vector of none of its tokens"
    }


def test_rows_that_the_tokenizer_makes_nothing_of_are_left_out_with_the_reason(tmp_path):
    tokenizer = word_pieces()
    write_model(tmp_path / "m", tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    data = read([asks("river"), asks("\x01", "\x02"), asks("poem")])
    made = transform(data, f"static:{tmp_path / 'm'}")
    assert made.kept.tolist() == [0, 2]
    assert made.data.unrepresented[0].reason == "it has no text but blanks"


@pytest.mark.parametrize(
    ("row", "why", "fix"),
    [
        (asks("zq", "qz"), "none of its tokens", "--features lexical"),
        (asks("\x01", "\x02"), "no text but blanks", "spanset show"),
    ],
)
def test_data_of_which_no_row_is_known_are_refused_with_advice(tmp_path, row, why, fix):
    tokenizer = word_pieces()
    write_model(tmp_path / "m", tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        transform(read([row]), f"static:{tmp_path / 'm'}")
    assert why in caught.value.why
    assert fix in caught.value.fix
    assert caught.value.where.endswith(":1")


def test_rows_left_out_are_the_same_from_cache_store_and_neither(tmp_path, monkeypatch):
    name = f"static:{write_model(tmp_path / 'm')}"
    data = read([asks("zq", "qz"), asks("a river"), asks("zq", "qz"), asks("poem")])
    found = [transform(data, name), transform(data, name)]
    in_store(StaticFeatures.load(name[7:], ModelConfig()), data, tmp_path / "s")
    found.append(transform(data, f"store:{tmp_path / 's'}"))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    found.append(transform(data, name))
    for made in found:
        assert made.kept.tolist() == [1, 3]
        assert np.array_equal(made.X, found[0].X)
        assert [one.row for one in made.data.unrepresented] == [0, 2]


@pytest.fixture
def commands(tmp_path, monkeypatch, capsys):
    """The command line in a folder with rows, a table, and rows that the table does not know."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    write_model(Path("m"))
    write_lines(Path("d.jsonl"), [asks("a river"), asks("a poem"), asks("tax"), asks("zq", "qz")])
    write_lines(Path("unknown.jsonl"), [asks("zq", "qz"), asks("zz", "zz")])
    return Commands(capsys)


def test_the_command_line_says_what_was_left_out(commands):
    ended = commands.run("select", "d.jsonl", "-k", "2", "--features", "static:./m", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["unrepresented"] == 1
    assert json.loads(ended.out)["picked"] == 2


def test_the_command_line_refuses_rows_that_the_table_does_not_know(commands):
    words = ("unknown.jsonl", "--features", "static:./m")
    says = ("none of 2 rows", "none of its tokens")
    for verb in (("select", "-k", "1"), ("measure",)):
        commands.refuses(
            verb[0], *words, *verb[1:], code=1, where="unknown.jsonl:1", says=says, fix="lexical"
        )


def test_a_store_counts_the_rows_that_have_features_and_none_is_an_error(commands):
    made = commands.run("features", "d.jsonl", "--features", "static:./m", "--out", "s")
    assert made.code == 0, made.err
    said = " ".join(made.err.split())
    assert "done: 3 rows have their features in s, 1 left out; use them" in said
    words = ("features", "unknown.jsonl", "--features", "static:./m", "--out", "t")
    for _ in range(2):  # made, and found
        ended = commands.run(*words)
        assert ended.code == 1
        assert "none of 2 rows can be represented" in ended.err


def test_the_command_line_refuses_rows_of_blanks(commands):
    """They have no answer to learn from, whatever they would be compared by."""
    rows = [{"text": blank} for blank in (" ", "\n\t", "\u2028\u00a0", "")]
    write_lines(Path("blank.jsonl"), rows)
    words = ("select", "blank.jsonl", "-k", "1", "--features", "static:./m")
    commands.refuses(*words, code=1, where="blank.jsonl")


@pytest.mark.parametrize("name", ["static:", "static: ", "Static", "static:m:n", "statics"])
def test_names_that_are_no_static_features_are_refused(commands, name):
    commands.refuses("select", "d.jsonl", "-k", "1", "--features", name, code=2, where="--features")


def test_a_bare_colon_is_not_the_installed_table():
    with pytest.raises(UsageError, match="no features 'static:'") as caught:
        parse_features("static:")
    assert caught.value.where == "--features"
    assert "static:MODEL" in caught.value.fix


def test_static_is_what_is_used_where_nothing_is_said():
    assert str(parse_features(None)) == "static"
    assert str(parse_features("static")) == "static"
    assert str(parse_features("static:owner/name")) == "static:owner/name"
    data = read(make_rows(5))
    assert np.array_equal(spanset.represent(data), spanset.represent(data, "static"))


# What is run


CHILD = """
import socket, sys

def touched(*_, **__):
    raise AssertionError("the network is touched")

for name in ("connect", "connect_ex", "bind", "sendto"):
    setattr(socket.socket, name, touched)
socket.getaddrinfo = socket.create_connection = touched
from spanset.cli import main
code = main(sys.argv[1:])
own = sorted(name for name in sys.modules if name.partition(".")[0] in {names})
print(code, own, file=sys.stderr)
"""


def child(*words, names):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD.replace("{names}", repr(names)), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()[-1]


def test_nothing_of_the_package_with_the_table_runs_and_no_network_is_touched(sample, tmp_path):
    foreign = ("wordllama", "model2vec", "huggingface_hub", "torch", "transformers")
    words = ("select", str(sample), "-k", "5", "--run", str(tmp_path / "r"))
    assert child(*words, names=foreign) == "0 []"
    words = ("features", str(sample), "--features", "static", "--out", str(tmp_path / "s"))
    assert child(*words, names=foreign) == "0 []"


def test_a_folder_is_read_without_its_packages_and_without_network(sample, tmp_path):
    from tests.models.static_models import byte_level

    tokenizer = byte_level()
    n = tokenizer.get_vocab_size()
    folder = write_model(tmp_path / "m", tokenizer, embeddings=table_of(n))
    words = ("select", str(sample), "-k", "5", "--run", str(tmp_path / "r"))
    foreign = ("wordllama", "model2vec", "huggingface_hub", "torch", "transformers")
    assert child(*words, "--features", f"static:{folder}", names=foreign) == "0 []"


@pytest.mark.parametrize("words", [["--help"], ["select", "--help"], ["features", "--help"]])
def test_help_reads_no_table(words):
    assert child(*words, names=("tokenizers", "safetensors", "wordllama", "scipy")) == "0 []"


# Costs


def test_the_time_is_estimated_from_a_few_rows_and_nothing_is_kept(table, sample):
    data = read(sample)
    maker = StaticFeatures(table)
    seconds = maker.seconds(data, maker.survey(data))
    assert 0.0 < seconds < 60.0
    assert not cached_stores()


def test_a_dry_run_makes_nothing_and_says_what_it_would(sample, capsys):
    assert main(["select", str(sample), "-k", "5", "--dry-run"]) == 0
    assert not cached_stores()
    capsys.readouterr()
