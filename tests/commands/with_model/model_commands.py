"""Commands with the model `m`, and what is wrong with a model or a flag in several of the tests."""

from __future__ import annotations

from pathlib import Path

from tests.models.model_folder import CONTEXT, SMALL, edit_weights
from tests.models.tiny_models import CHATML

N = 8
LONG = {"instruction": "a very long question " * 40, "output": "No."}
PICK = ("select", "d.jsonl", "-k", "3", "--draws", "0", *SMALL)
BY_MODEL = (*PICK, "--model", "m")
STORE = ("features", "d.jsonl", "--model", "m", "--out", "s", *SMALL)
SHOW = ("show", "d.jsonl", "--model", "m")
COMMANDS = {"select": BY_MODEL, "features": STORE, "show": SHOW}


def refuses(spanset, cache, command, **message):
    err = spanset.refuses(*command, **message)
    assert not [path for path in cache.rglob("*") if path.is_file()], "something is in the cache"
    return err


def template(source):
    return lambda model: (model / "chat_template.jinja").write_text(source)


DROPPING = CHATML.replace("m['content']", "(m['content'] if m['role'] != 'assistant' else '')")


def nan_weight(model):
    def spoil(weights):
        weights["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
        return weights

    edit_weights(model, spoil)


WRONG_FLAGS = {
    "rank-0": (("--rank", "0"), "--rank", "1 or more"),
    "rank-negative": (("--rank", "-4"), "--rank", ""),
    "dimension-0": (("--dimension", "0"), "--dimension", "1 or more"),
    "dimension-no-multiple": (("--dimension", "30"), "--dimension", "use 32"),
    "batch-0": (("--batch-tokens", "0"), "--batch-tokens", "1 or more"),
    "batch-negative": (("--batch-tokens", "-5"), "--batch-tokens", "1 or more"),
    "length-1": (("--max-length", "1"), "--max-length", ""),
    "length-negative": (("--max-length", "-1"), "--max-length", ""),
    "length-beyond-the-context": (("--max-length", str(CONTEXT + 1)), "--max-length", str(CONTEXT)),
    "no-template": (("--chat-template", "none.jinja"), "--chat-template", ""),
    "template-a-folder": (("--chat-template", "m"), "--chat-template", ""),
    "template-not-utf8": (("--chat-template", "latin.jinja"), "--chat-template", "UTF-8"),
    "template-syntax": (("--chat-template", "syntax.jinja"), "--chat-template", ""),
    "template-drops": (("--chat-template", "dropping.jinja"), "--chat-template", ""),
    "template-empty": (("--chat-template", "empty.jinja"), "--chat-template", ""),
    "device": (("--device", "gpu"), "--device", ""),
    "device-number": (("--device", "cuda:99"), "--device", ""),
    "dtype": (("--model-dtype", "int8"), "--model-dtype", ""),
    "bits": (("--quantize", "2bit"), "--quantize", ""),
    "placing": (("--device-map", "all"), "--device-map", ""),
    "placing-and-device": (("--device-map", "auto", "--device", "cpu"), "--device-map", "drop one"),
    "supervise": (("--supervise", "first"), "--supervise", ""),
    "targets": (("--targets", "mlp"), "--targets", ""),
    "pooling": (("--pooling", "max"), "--pooling", ""),
    "sketch": (("--sketch", "magic"), "--sketch", ""),
    "seed": (("--seed", "-1"), "--seed", "0 or more"),
    "length-a-word": (("--max-length", "long"), "--max-length", ""),
}
FROM_STORE = (*PICK[:4], "--draws", "0", "--features", "store:s")


def ids(run):
    return Path(run, "ids.txt").read_text().split()


SCORES = ("perplexity", "gradient_norm", "el2n", "logit_margin", "answer_tokens", "ifd", "pmi")
BY_WORDS = (*PICK, "--features", "lexical", "--model", "m")
