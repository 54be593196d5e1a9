"""Tables of static embeddings: against model2vec's own reading, and what is refused."""

import importlib.machinery
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.commands.refusals import Commands, check_message
from tests.conftest import write_lines
from tests.models.static_models import (
    CORPUS,
    TOKENIZERS,
    WORDS,
    bytes_as_pieces,
    saved_model,
    table_of,
    whole_words,
    word_pieces,
    write_model,
)
from tokenizers import Tokenizer, models, pre_tokenizers

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.data.reader import read
from spanset.features.static import ASKED, StaticFeatures
from spanset.models import static_tables
from spanset.models.static_tables import StaticTable

CLOSE = 1e-6
HALF = 2e-3  # model2vec's own mean of a table in float16

TEXTS = [
    "river engine poem",
    "garden bread",
    "The garden, a proof!",
    "rivers runs",
    "violin zq poem",  # with a word that no table knows
    "tax = 3",
    "don't stop",
]


def asked(folder, texts):
    """The part of the features that is the prompt's."""
    table = StaticTable.load(str(folder))
    rows = [{"instruction": text, "output": "bread"} for text in texts]
    X, _ = StaticFeatures(table).vectors(read(rows), np.arange(len(rows)))
    return X[:, : table.vectors.shape[1]] / np.sqrt(ASKED)


def unit(X):
    X = X.astype(np.float64)
    return X / np.linalg.norm(X, axis=1)[:, None]


def without_repeats(model, texts):
    """Texts of which no token occurs twice: ours would count it once and a logarithm."""
    cut = model.tokenize(texts)
    kept = [text for text, ids in zip(texts, cut, strict=True) if 0 < len(ids) == len(set(ids))]
    assert len(kept) >= 3
    return kept


def compared(folder, model, texts=TEXTS, *, before="", atol=CLOSE):
    """Directions of texts, as model2vec has them where a blank stands before the first word."""
    texts = without_repeats(model, [before + text for text in texts])
    wanted = unit(model.encode(texts))
    np.testing.assert_allclose(asked(folder, texts), wanted, atol=atol)


# Against model2vec


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_prompts_have_the_directions_that_model2vec_gives_them(tmp_path, kind):
    tokenizer = TOKENIZERS[kind]()
    model = saved_model(tmp_path, tokenizer)
    before = " " if kind not in ("word pieces", "unigram") else ""
    compared(tmp_path, model, [*TEXTS, "the server", "stop the engine", "a=b[3]"], before=before)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_words_are_cut_alone_as_they_are_within_a_text(tmp_path, kind):
    """All are cut as if a blank stood before them, and nothing is cut otherwise inside of one."""
    tokenizer = TOKENIZERS[kind]()
    table = write_model(tmp_path, tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    tokenizer.no_truncation()
    for text in [*CORPUS[:3], "don't stop! f(x[3])=12,345; a.b ... Garden's"]:
        alone = StaticTable.load(str(table)).tokens(text.split())
        whole = tokenizer.encode(f" {text}", add_special_tokens=False).ids
        assert [token for word in alone for token in word] == whole


def test_the_installed_tokenizer_is_left_as_it_is():
    (folder,) = importlib.machinery.PathFinder.find_spec("wordllama").submodule_search_locations
    own = Tokenizer.from_file(str(Path(folder) / static_tables.TOKENIZER))
    table = StaticTable.load()
    text = "def f(x): return 'a river' # 数学 🦑"
    whole = own.encode(text, add_special_tokens=False).ids
    assert table.tokens([text]) == [whole]
    assert [token for word in table.tokens(text.split()) for token in word] == whole


def test_words_that_the_table_does_not_know_are_left_out_as_there(tmp_path):
    model = saved_model(tmp_path, word_pieces())
    known, mixed = asked(tmp_path, ["river poem", "river zq poem qz"])
    np.testing.assert_allclose(mixed, known, atol=CLOSE)
    np.testing.assert_allclose(mixed, unit(model.encode(["river zq poem qz"]))[0], atol=CLOSE)


@pytest.mark.parametrize(
    ("dtype", "atol"),
    [(np.float64, CLOSE), (np.float32, CLOSE), (np.int8, CLOSE), (np.float16, HALF)],
)
def test_tables_of_every_type_are_read(tmp_path, dtype, atol):
    model = saved_model(tmp_path, word_pieces(), dtype=dtype)
    assert model.embedding.dtype == dtype
    compared(tmp_path, model, atol=atol)
    table = StaticTable.load(str(tmp_path))
    assert table.vectors.dtype == np.float32
    np.testing.assert_allclose(table.vectors[2:], model.embedding[2:], rtol=1e-6)


def test_weights_and_mappings_make_every_tokens_own_vector(tmp_path):
    tokenizer = word_pieces()
    rng, n = np.random.default_rng(3), tokenizer.get_vocab_size()
    model = saved_model(
        tmp_path,
        tokenizer,
        vectors=table_of(7),
        weights=rng.uniform(0.1, 3.0, n),
        token_mapping=rng.integers(0, 7, n),
    )
    compared(tmp_path, model)


def test_a_vocabulary_that_model2vec_quantised_is_read(tmp_path):
    from model2vec.model import quantize_model

    plain = saved_model(tmp_path / "plain", word_pieces())
    quantize_model(plain, vocabulary_quantization=6, quantize_to="int8").save_pretrained(
        tmp_path / "few"
    )
    model = type(plain).from_pretrained(tmp_path / "few")
    assert model.embedding.shape[0] == 6
    assert model.weights is not None
    compared(tmp_path / "few", model)


def test_what_sentence_transformers_saves_is_read(tmp_path):
    package = pytest.importorskip("sentence_transformers", reason="the extra `models` is missing")
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = word_pieces()
    tokenizer.no_truncation()
    module = StaticEmbedding(tokenizer, embedding_weights=table_of(tokenizer.get_vocab_size()))
    model = package.SentenceTransformer(modules=[module], device="cpu")
    model.save_pretrained(str(tmp_path / "m"))
    texts = ["river engine poem", "garden bread", "rivers run"]
    found = asked(tmp_path / "m", texts)
    np.testing.assert_allclose(found, unit(model.encode(texts)), atol=CLOSE)


def test_a_table_in_a_folder_of_its_own_is_found(tmp_path):
    write_model(tmp_path / "0_StaticEmbedding", **{"embedding.weight": table_of(10)})
    table = StaticTable.load(str(tmp_path))
    np.testing.assert_allclose(table.vectors[1:], table_of(10)[1:])


def test_a_limit_and_padding_of_the_tokenizer_do_not_count(tmp_path):
    tokenizer = word_pieces()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]", length=9)
    write_model(tmp_path, tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    table = StaticTable.load(str(tmp_path))
    cut = table.tokens(["river poem tax bread", "tax"])
    assert [len(one) for one in cut] == [4, 1]
    assert table.tokens([]) == []


# What a table knows


def test_the_installed_table_is_what_it_is_known_to_be():
    table = StaticTable.load()
    assert table.name == "wordllama"
    assert table.digest == f"sha256:{static_tables.TABLE_DIGEST}"
    assert table.vectors.shape == (32_000, 256)
    assert np.flatnonzero(~table.is_known).tolist() == [0], "all but the sign for the unknown"
    assert not table.vectors[0].any()
    assert sorted(table.byte_tokens[table.byte_tokens >= 0].tolist()) == list(range(256))
    assert (table.byte_tokens[3:259] == np.arange(256)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0])
def test_a_token_without_a_usable_vector_is_not_known(tmp_path, bad):
    vectors = table_of(10)
    vectors[3, :5] = bad
    if bad == 0.0:
        vectors[3] = 0.0
    table = StaticTable.load(str(write_model(tmp_path, embeddings=vectors)))
    assert np.flatnonzero(~table.is_known).tolist() == [0, 3]
    assert not table.vectors[[0, 3]].any()
    with_it, without = asked(tmp_path, ["river poem tax", "river tax"])
    np.testing.assert_allclose(with_it, without, atol=CLOSE)


def test_numbers_beyond_float32_are_no_vector_and_no_warning(tmp_path):
    vectors = table_of(10, dtype=np.float64)
    vectors[3] *= 1e300
    weights = np.ones(10)
    weights[4] = 1e300
    table = StaticTable.load(str(write_model(tmp_path, embeddings=vectors, weights=weights)))
    assert np.flatnonzero(~table.is_known).tolist() == [0, 3, 4]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_sign_for_the_unknown_is_the_tokenizers_own(tmp_path, kind):
    model = saved_model(tmp_path, TOKENIZERS[kind]())
    unknown = np.flatnonzero(~StaticTable.load(str(tmp_path)).is_known).tolist()
    assert unknown == ([] if model.unk_token_id is None else [model.unk_token_id])


def test_bytes_are_known_by_the_names_of_tokens(tmp_path):
    tokenizer = bytes_as_pieces()
    write_model(tmp_path, tokenizer, embeddings=table_of(tokenizer.get_vocab_size()))
    table = StaticTable.load(str(tmp_path))
    for byte in (0x00, 0x41, 0x80, 0xFF):
        assert table.byte_tokens[tokenizer.token_to_id(f"<0x{byte:02X}>")] == byte
    assert (table.byte_tokens >= 0).sum() == 256
    assert (StaticTable.load(str(write_model(tmp_path / "w"))).byte_tokens == -1).all()


def test_tokens_may_have_numbers_with_gaps_between(tmp_path):
    ids = {"[UNK]": 0, "river": 2, "poem": 9}
    folder = write_model(tmp_path / "m", whole_words(ids), embeddings=table_of(10))
    np.testing.assert_allclose(
        asked(folder, ["river poem"])[0],
        unit(table_of(10)[[2, 9]].sum(axis=0)[None])[0],
        atol=CLOSE,
    )


def test_a_digest_is_that_of_table_and_tokenizer_and_not_of_names(tmp_path):
    one = StaticTable.load(str(write_model(tmp_path / "one")))
    same = StaticTable.load(str(write_model(tmp_path / "two")))
    other_table = StaticTable.load(str(write_model(tmp_path / "3", embeddings=table_of(10)[::-1])))
    words = [*WORDS[:-1], "another"]
    other_words = StaticTable.load(
        str(write_model(tmp_path / "4", whole_words(words), embeddings=table_of(10)))
    )
    assert one.digest == same.digest
    assert one.name != same.name
    assert len({one.digest, other_table.digest, other_words.digest}) == 3
    assert one.digest.startswith("sha256:")


# The installed table


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A copy of the package's two files, found in place of the package."""
    (home,) = importlib.machinery.PathFinder.find_spec("wordllama").submodule_search_locations
    folder = tmp_path / "site" / "wordllama"
    for path in (static_tables.TABLE, static_tables.TOKENIZER):
        (folder / path).parent.mkdir(parents=True)
        shutil.copyfile(Path(home) / path, folder / path)
    found = importlib.machinery.ModuleSpec("wordllama", None, is_package=True)
    found.submodule_search_locations.append(str(folder))
    monkeypatch.setattr(static_tables.importlib.util, "find_spec", lambda _: found)
    return folder


@pytest.fixture
def commands(tmp_path, monkeypatch, capsys):
    """The command line in a folder with two rows."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    rows = [{"instruction": word, "output": "bread"} for word in ("river", "poem")]
    write_lines(Path("d.jsonl"), rows)
    return Commands(capsys)


PICK = ("select", "d.jsonl", "-k", "1")


def test_a_copy_of_the_installed_table_is_read(installed):
    assert StaticTable.load().digest == f"sha256:{static_tables.TABLE_DIGEST}"


def test_the_tokenizer_of_the_later_release_is_taken(installed):
    """Which differs in a line break at the end."""
    path = installed / static_tables.TOKENIZER
    text = path.read_bytes()
    path.write_bytes(text.removesuffix(b"\n") if text.endswith(b"\n") else text + b"\n")
    assert static_tables.sha256_of(path) in static_tables.TOKENIZER_DIGESTS
    assert StaticTable.load().digest == f"sha256:{static_tables.TABLE_DIGEST}"


@pytest.mark.parametrize("found", [None, importlib.machinery.ModuleSpec("wordllama", None)])
def test_a_package_that_is_not_installed_is_one_error_with_advice(commands, monkeypatch, found):
    monkeypatch.setattr(static_tables.importlib.util, "find_spec", lambda _: found)
    with pytest.raises(MissingExtraError, match="not installed") as caught:
        StaticTable.load()
    assert caught.value.where == "--features static"
    assert "wordllama" in caught.value.why
    assert "pip install 'wordllama==0.2.2.post0'" in caught.value.fix
    for words in (PICK, (*PICK, "--features", "static"), ("measure", "d.jsonl")):
        commands.refuses(*words, code=2, where="--features static", fix="--features lexical")


def damaged(path, what):
    if what == "missing":
        path.unlink()
    elif what == "a folder":
        path.unlink()
        path.mkdir()
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif what == "a byte changed":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif what == "longer":
        path.write_bytes(path.read_bytes() + b"\n\n")


@pytest.mark.parametrize("path", [static_tables.TABLE, static_tables.TOKENIZER], ids=str)
@pytest.mark.parametrize(
    "what", ["missing", "a folder", "empty", "cut", "a byte changed", "longer"]
)
def test_an_installed_table_that_is_not_the_known_one_is_refused(installed, commands, path, what):
    damaged(installed / path, what)
    with pytest.raises(DataError, match="not the one that is known") as caught:
        StaticTable.load()
    assert caught.value.where == str(installed / path)
    assert ("cannot be read" if what in ("missing", "a folder") else "sha256") in caught.value.why
    assert "--force-reinstall" in caught.value.fix
    assert "--features lexical" in caught.value.fix
    commands.refuses(*PICK, code=1, where=str(installed / path), fix="pip install")


def test_a_table_that_may_not_be_read_is_put_down_to_permission(installed, commands, monkeypatch):
    opened = Path.open

    def forbidden(path, *options, **named):
        if path.suffix == ".safetensors":
            raise PermissionError(13, "Permission denied")
        return opened(path, *options, **named)

    monkeypatch.setattr(Path, "open", forbidden)
    says = ("it cannot be read: Permission denied",)
    commands.refuses(*PICK, code=1, where="l2_supercat_256.safetensors", says=says)


# Folders that cannot be used


def of_tensors(**tensors):
    return lambda folder: write_model(folder, **tensors)


def of_tokenizer(text, n=10):
    return lambda folder: write_model(folder, text, embeddings=table_of(n))


def without(name):
    return lambda folder: (write_model(folder) / name).unlink()


def with_table(content):
    return lambda folder: (write_model(folder) / "model.safetensors").write_bytes(content)


def cut(folder):
    path = write_model(folder) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def as_folder(name):
    def change(folder):
        without(name)(folder)
        (folder / name).mkdir()

    return change


def as_bfloat16(folder):
    """Which numpy has no numbers for."""
    path = write_model(folder) / "model.safetensors"
    header = {"embeddings": {"dtype": "BF16", "shape": [10, 2], "data_offsets": [0, 40]}}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(range(40)))


def changed_words(**model):
    made = whole_words()
    made["model"] |= model
    return made


F = np.float32
PLAIN = {"embeddings": table_of(10)}
UNUSABLE = {
    "no tokenizer": (without("tokenizer.json"), "tokenizer.json is not there"),
    "no table": (without("model.safetensors"), "model.safetensors is not there"),
    "neither": (lambda folder: folder.mkdir(), "model.safetensors is not there"),
    "folders for files": (as_folder("model.safetensors"), "model.safetensors is not there"),
    "folder for a tokenizer": (as_folder("tokenizer.json"), "tokenizer.json is not there"),
    "a pickle": (with_table(pickle.dumps({"embeddings": table_of(10)})), "model.safetensors: "),
    "an empty table": (with_table(b""), "model.safetensors: "),
    "a table of text": (with_table(b"not a table at all"), "model.safetensors: "),
    "a cut table": (cut, "model.safetensors: "),
    "a type without numbers": (as_bfloat16, "model.safetensors: "),
    "other names": (of_tensors(weight=table_of(10)), "no tensor embeddings or embedding.weight"),
    "one dimension": (of_tensors(embeddings=np.ones(10, F)), "shape (10,)"),
    "three dimensions": (of_tensors(embeddings=np.ones((10, 2, 2), F)), "shape (10, 2, 2)"),
    "no columns": (of_tensors(embeddings=np.ones((10, 0), F)), "shape (10, 0)"),
    "no rows": (of_tensors(embeddings=np.ones((0, 4), F)), "shape (0, 4)"),
    "truths": (of_tensors(embeddings=np.ones((10, 4), bool)), "type bool"),
    "too few vectors": (of_tensors(embeddings=table_of(9)), "has 10 tokens, the table 9"),
    "too many vectors": (of_tensors(embeddings=table_of(11)), "has 10 tokens, the table 11"),
    "a short mapping": (of_tensors(**PLAIN, mapping=np.arange(9)), "has 10 tokens, the table 9"),
    "a mapping too high": (of_tensors(**PLAIN, mapping=np.arange(1, 11)), "vectors 1 to 10"),
    "a mapping below": (of_tensors(**PLAIN, mapping=np.arange(-1, 9)), "vectors -1 to 8"),
    "a broken mapping": (of_tensors(**PLAIN, mapping=np.arange(10.0)), "tensor mapping"),
    "a mapping of two": (of_tensors(**PLAIN, mapping=np.ones((10, 1), int)), "tensor mapping"),
    "short weights": (of_tensors(**PLAIN, weights=np.ones(9)), "9 weights for 10 tokens"),
    "weights of two": (of_tensors(**PLAIN, weights=np.ones((10, 1))), "tensor weights"),
    "all NaN": (of_tensors(embeddings=np.full((10, 4), np.nan, F)), "no token has a vector"),
    "all zero": (of_tensors(embeddings=np.zeros((10, 4), F)), "no token has a vector"),
    "zero weights": (of_tensors(**PLAIN, weights=np.zeros(10)), "no token has a vector"),
    "NaN weights": (of_tensors(**PLAIN, weights=np.full(10, np.nan)), "no token has a vector"),
    "only the unknown": (
        of_tensors(embeddings=np.eye(10, 4, dtype=F) * (np.arange(10) == 0)[:, None].astype(F)),
        "no token has a vector",
    ),
    "broken JSON": (of_tokenizer('{"version": '), "tokenizer.json: EOF"),
    "JSON of a list": (of_tokenizer("[]"), "tokenizer.json: invalid type"),
    "JSON of nothing": (of_tokenizer("{}"), "tokenizer.json: Model missing"),
    "JSON of a configuration": (of_tokenizer({"model_type": "bert"}), "tokenizer.json: "),
    "an empty file": (of_tokenizer(""), "tokenizer.json: EOF"),
    "numbers that are words": (of_tokenizer(changed_words(vocab={"a": "b"})), "tokenizer.json: "),
    "no words": (of_tokenizer(changed_words(vocab={})), "tokenizer.json: "),
    "no sign for the unknown": (
        of_tokenizer(whole_words({"a": 0, "bread": 1}), 2),
        "its tokenizer: WordLevel error: Missing [UNK]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_folder_that_cannot_be_used_is_one_error_and_leaves_nothing(commands, tmp_path, what):
    make, why = UNUSABLE[what]
    folder = tmp_path / "m"
    make(folder)
    with pytest.raises(UsageError, match="the static model cannot be used") as caught:
        StaticTable.load(str(folder)).tokens(["river", "poem"])
    assert caught.value.where == f"--features static:{folder}"
    assert why in caught.value.why
    assert "cannot be used" not in caught.value.why, "an error of ours inside of another"
    assert "tokenizer.json" in caught.value.fix
    assert "--features static" in caught.value.fix
    commands.refuses(
        *PICK, "--features", f"static:{folder}", code=2, where="--features static:", says=(why,)
    )


def test_an_empty_vocabulary_of_any_kind_is_refused(tmp_path):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    write_model(tmp_path / "m", made, embeddings=table_of(3))
    with pytest.raises(UsageError, match="has 0 tokens, the table 3"):
        StaticTable.load(str(tmp_path / "m"))
    write_model(tmp_path / "m", made, embeddings=table_of(3), mapping=np.zeros(0, int))
    with pytest.raises(UsageError, match="tensor mapping"):
        StaticTable.load(str(tmp_path / "m"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("./nowhere", "the folder does not exist"),
        ("/nowhere/at/all", "the folder does not exist"),
        ("nowhere", "the folder does not exist"),
        ("a/b/c", "the folder does not exist"),
        ("d.jsonl", "it is no folder"),
        ("./d.jsonl", "it is no folder"),
        ("~nobody-of-this-name/m", "home directory"),
        ("n" * 300, "too long"),
        ("/" + "n" * 300, "too long"),
        ("n" * 300 + "/m", "too long"),
    ],
)
def test_a_name_of_nothing_is_one_error(commands, monkeypatch, name, why):
    monkeypatch.setattr(static_tables, "_fetched", None)  # nothing is asked of the hub
    says = ("the static model cannot be used", why)
    commands.refuses(*PICK, "--features", f"static:{name}", code=2, says=says, fix="model2vec")


def test_a_file_in_a_folder_is_no_name_on_the_hub(commands, monkeypatch):
    monkeypatch.setattr(static_tables, "_fetched", None)
    write_model(Path("m"))
    name = "static:m/model.safetensors"
    commands.refuses(*PICK, "--features", name, code=2, says=("it is no folder",))


def test_a_folder_that_may_not_be_looked_at_is_one_error(commands, monkeypatch, tmp_path):
    is_file = Path.is_file

    def forbidden(path):
        if path.name == "model.safetensors":
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    write_model(tmp_path / "m")
    monkeypatch.setattr(Path, "is_file", forbidden)
    name = f"static:{tmp_path / 'm'}"
    commands.refuses(*PICK, "--features", name, code=2, says=("Permission denied",))


def test_a_home_is_known_by_its_short_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_model(tmp_path / "m")
    assert StaticTable.load("~/m").name == "~/m"


# The hub


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Snapshots of repositories, and what was asked for."""
    package = pytest.importorskip("huggingface_hub", reason="the extra `models` is not installed")
    there = tmp_path / "cached"

    class Hub:
        asked, cached, online = [], None, None

        def snapshot_download(self, name, *, local_files_only=False, **options):
            self.asked.append((name, local_files_only, options))
            found = self.cached if local_files_only else self.online
            if found is None:
                raise package.errors.LocalEntryNotFoundError("no such snapshot\nand more lines")
            return str(found)

        def folder(self, name, *files):
            write_model(there / name)
            for path in (there / name).iterdir():
                if path.name not in files:
                    path.unlink()
            return there / name

    made = Hub()
    monkeypatch.setattr(package, "snapshot_download", made.snapshot_download)
    return made


BOTH = ("model.safetensors", "tokenizer.json")


def test_a_name_is_fetched_once_and_only_the_files_that_are_read(hub):
    hub.online = hub.folder("whole", *BOTH)
    table = StaticTable.load("owner/name", "v1")
    assert table.name == "owner/name"
    assert [(name, local) for name, local, _ in hub.asked] == [
        ("owner/name", True),
        ("owner/name", False),
    ]
    for _, _, options in hub.asked:
        assert options["revision"] == "v1"
        assert set(options["allow_patterns"]) == {*BOTH, *(f"0_StaticEmbedding/{n}" for n in BOTH)}


def test_what_is_in_the_hubs_cache_is_not_asked_for_again(hub):
    hub.cached = hub.folder("whole", *BOTH)
    assert StaticTable.load("owner/name").digest == StaticTable.load(str(hub.cached)).digest
    assert [local for _, local, _ in hub.asked] == [True]


@pytest.mark.parametrize("files", [(), BOTH[:1], BOTH[1:]])
def test_a_part_in_the_hubs_cache_is_no_hindrance(hub, files):
    """Another tool may have fetched one file of the repository."""
    hub.cached = hub.folder("part", *files)
    hub.online = hub.folder("whole", *BOTH)
    assert StaticTable.load("owner/name").name == "owner/name"
    assert [local for _, local, _ in hub.asked] == [True, False]


def test_a_repository_without_a_table_is_refused(hub):
    hub.online = hub.folder("part", "tokenizer.json")
    with pytest.raises(UsageError, match=r"model\.safetensors is not there"):
        StaticTable.load("owner/name")


def test_a_folder_of_that_name_comes_first(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_model(Path("owner", "name"))
    StaticTable.load("owner/name")
    assert not hub.asked


def test_a_name_that_the_hub_does_not_give_is_one_error(hub, commands):
    name = "static:owner/name"
    err = commands.refuses(*PICK, "--features", name, code=2, says=("why: no such snapshot",))
    assert "more lines" not in err


OFFLINE = """
import socket, sys

def touched(*_, **__):
    sys.exit("the network is touched")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = touched
from spanset.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_name_on_the_hub_while_offline_is_one_error(commands, tmp_path):
    pytest.importorskip("huggingface_hub", reason="the extra `models` is not installed")
    own = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    words = [sys.executable, "-c", OFFLINE, *PICK, "--features", "static:owner/name"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **own})
    assert done.returncode == 2, done.stderr
    check_message(done.stderr, where="--features static:owner/name", says=("HF_HUB_OFFLINE",))


def test_a_tensor_of_either_name_is_the_table(tmp_path):
    one = write_model(tmp_path / "one", embeddings=table_of(10))
    other = write_model(tmp_path / "other", **{"embedding.weight": table_of(10)})
    tables = [StaticTable.load(str(folder)).vectors for folder in (one, other)]
    assert np.array_equal(*tables)
    both = load_file(one / "model.safetensors") | {"embedding.weight": table_of(10)[::-1].copy()}
    save_file(both, one / "model.safetensors")
    assert np.array_equal(StaticTable.load(str(one)).vectors, tables[0]), "model2vec's own first"
