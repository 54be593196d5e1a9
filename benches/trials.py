"""Whether a trial's verdicts can be trusted: random rows under another name, and a planted choice.

The rows are sentences of Markov chains over a few words, a chain a topic; the model is a small
Llama without any training. In each of 20 trials

    a choice of random rows              should be "not told apart" in at least 19
    the rows whose answers are in order, where those of all others are shuffled,
                                         should be told to be better in every one
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import spanset
from spanset.trials.verdict import NOT_TOLD_APART

TRIALS, ROWS, PICKS, TOPICS, WORDS = 20, 500, 80, 3, 24
HOW: dict[str, Any] = {
    "seeds": 3,
    "draws": 5,
    "epochs": 4,
    "learning_rate": 1e-2,
    "batch_size": 8,
    "home": 0,
}


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:  # noqa: ARG001 (makes its own)
    """Run the trials."""
    trials = 2 if quick else TRIALS
    found: dict[str, list[dict[str, Any]]] = {"random rows": [], "planted": []}
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder) / "m")
        for number in range(trials):
            for name in found:
                found[name].append(judged(name, str(Path(folder) / "m"), number))
                print(number, name, found[name][-1], flush=True)
    seconds = perf_counter() - started
    verdicts = {name: dict(Counter(one["verdict"] for one in some)) for name, some in found.items()}
    print(f"{verdicts} in {seconds:.0f} s")
    return {
        "trials": trials,
        "verdicts": verdicts,
        "not_told_apart": verdicts["random rows"].get(NOT_TOLD_APART, 0),
        "told": verdicts["planted"].get("better", 0),
        "each": found,
        "seconds": seconds,
    }


def judged(name: str, model: str, number: int) -> dict[str, Any]:
    """One trial."""
    rng = np.random.default_rng([number, len(name)])
    rows = sentences(ROWS, rng)
    picks = np.sort(rng.choice(ROWS, PICKS, replace=False))
    if name == "planted":
        rows = [
            row if n in set(picks.tolist()) else shuffled(row, rng) for n, row in enumerate(rows)
        ]
    outcome = spanset.trial(
        spanset.read(rows),
        {"choice": picks},
        model=model,
        evaluations={"elsewhere": spanset.read(sentences(100, rng, "Write"))},
        seed=number,
        **HOW,
    )
    one = outcome.record()["choices"][0]["groups"]["away"]
    return {"verdict": one["verdict"], **one["to_random_rows"]}


def sentences(count: int, rng: np.random.Generator, verb: str = "Tell") -> list[dict[str, str]]:
    """Rows whose answers follow the chain of their topic; chains are the same in every call."""
    chains = np.random.default_rng(0).dirichlet(np.full(WORDS, 0.08), (TOPICS, WORDS))
    rows = []
    for _ in range(count):
        topic = int(rng.integers(TOPICS))
        word, words = int(rng.integers(WORDS)), []
        for _ in range(int(rng.integers(6, 30))):
            word = int(rng.choice(WORDS, p=chains[topic, word]))
            words.append(f"w{word}")
        rows.append({"instruction": f"{verb} topic{topic}", "output": " ".join(words)})
    return rows


def shuffled(row: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    """The row with the words of its answer in another order."""
    words = row["output"].split()
    return {**row, "output": " ".join(rng.permutation(words))}


def save_model(folder: Path) -> None:
    """A small Llama with a word a token, as it is before any training."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<unk>", "<pad>", "<end>", "<user>", "<bot>", "Tell", "Write"]
    words += [f"topic{n}" for n in range(TOPICS)] + [f"w{n}" for n in range(WORDS)]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", pad_token="<pad>", eos_token="<end>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ ' <bot> ' }}{% generation %}"
        "{{ m['content'] + ' <end>' }}{% endgeneration %}{% else %}"
        "{{ '<user> ' + m['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ ' <bot> ' }}{% endif %}"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        pad_token_id=1,
        eos_token_id=2,
        bos_token_id=None,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
