"""Folders of small static models: written by hand, and by model2vec itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer

WORDS = ("[UNK]", "river", "engine", "poem", "tax", "garden", "proof", "violin", "server", "bread")
CORPUS = [
    "the river runs past the garden, and the engine of the server doesn't stop!",
    "a poem about bread; proof = tax[3] + violin(7)",
    "islands wheel letters runs stops gardens rivers",
] * 9
# As tokenizers of later language models cut a text before they spell it in bytes.
PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def table_of(n: int, d: int = 12, dtype: type = np.float32) -> np.ndarray:
    """Vectors of n tokens, of lengths that differ."""
    rng = np.random.default_rng(7)
    made = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, (n, 1))
    return (20 * made).astype(dtype)


# Tokenizers


def whole_words(vocabulary=WORDS, unknown: str = "[UNK]") -> dict:
    """A token a word; as it stands in tokenizer.json."""
    ids = vocabulary if isinstance(vocabulary, dict) else {w: i for i, w in enumerate(vocabulary)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": unknown},
    }


def word_pieces() -> Tokenizer:
    """As BERT cuts: lower case, Chinese characters alone, the rest of a word after ##."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS[1:], "##s", "##ing", "the", "a", "run"]
    pieces += [*"!?,.=;'()[]0123456789", "数", "学"]
    ids = {piece: number for number, piece in enumerate(pieces)}
    made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.enable_padding(pad_id=0, pad_token="[PAD]")
    made.enable_truncation(4)
    return made


def unigram(prepend: str = "always", **options) -> Tokenizer:
    """As T5 cuts: blanks are a part of words."""
    pieces = [("<unk>", 0.0), ("▁", -3.0)]
    pieces += [(f"▁{word}", -5.0) for word in WORDS[1:]]
    pieces += [(letter, -9.0) for letter in "abcdefghijklmnoprstuvwxyz!?,.="]
    pieces += options.pop("more", [])
    made = Tokenizer(models.Unigram(pieces, unk_id=0, **options))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend)
    return made


def bytes_as_pieces(prepend: str = "always") -> Tokenizer:
    """One that spells in bytes what it does not know, and reads "<0x80>" as one of them."""
    more = [(f"<0x{byte:02X}>", -8.0) for byte in range(256)]
    return unigram(prepend, byte_fallback=True, more=more)


def byte_level(first=None) -> Tokenizer:
    """As GPT-2 cuts: bytes, with a blank as a part of the word after it."""
    made = Tokenizer(models.BPE())
    spelled = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=first is None)
    own = spelled if first is None else pre_tokenizers.Sequence([first, spelled])
    made.pre_tokenizer = own
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=330, initial_alphabet=letters, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return made


def byte_level_of_pieces() -> Tokenizer:
    """As Llama 3 and Qwen cut: into pieces first, then into bytes."""
    return byte_level(pre_tokenizers.Split(Regex(PIECES), "isolated"))


TOKENIZERS = {
    "word pieces": word_pieces,
    "unigram": unigram,
    "unigram without a blank before the first word": lambda: unigram("never"),
    "bytes": byte_level,
    "pieces, then bytes": byte_level_of_pieces,
}


# Folders


def write_model(folder: Path, tokenizer: object = None, **tensors: np.ndarray) -> Path:
    """A folder of a tokenizer (a text, a table or a Tokenizer) and tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer is None:
        tokenizer = whole_words()
    if isinstance(tokenizer, Tokenizer):
        tokenizer = tokenizer.to_str()
    text = tokenizer if isinstance(tokenizer, str) else json.dumps(tokenizer)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    if not tensors:
        tensors = {"embeddings": table_of(len(WORDS))}
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file(arrays, folder / "model.safetensors")
    return folder


def saved_model(folder: Path, tokenizer: Tokenizer, **options) -> StaticModel:
    """A model as model2vec saves it, and reads it again."""
    n, dtype = tokenizer.get_vocab_size(), options.pop("dtype", np.float32)
    made = StaticModel(options.pop("vectors", table_of(n, dtype=dtype)), tokenizer, **options)
    made.save_pretrained(folder)
    return StaticModel.from_pretrained(folder)
