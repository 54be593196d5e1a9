"""Which rows scores hold for better: what a model has learnt, what the prompt tells."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="scores of a model need the extra `models`")
pytest.importorskip("transformers", reason="scores of a model need the extra `models`")

import torch
from tests.models.by_hand import ByHand
from tests.models.model_folder import save_model
from tests.quality.scored_talks import EXACT, message, raw_scores

import spanset
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read


def train(folder, sequences, steps=150):
    """Overfit the model in a folder on sequences of tokens; all are padded to one batch."""
    import transformers

    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).train()
    longest = max(len(one.ids) for one in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for row, one in enumerate(sequences):
        ids[row, : len(one.ids)] = one.ids
        labels[row, : len(one.ids)] = one.ids.masked_fill(~one.supervised, -100)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)


GOOD = ["The Loire rises in France.", "Bread, of course.", "Four is two plus two."]
BAD = ["Loire sea two bread rises.", "Course of, bread poem.", "Central four where is it."]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A model that knows the good answers by heart; rows with good answers, then bad ones."""
    folder = save_model(tmp_path_factory.mktemp("learnt") / "m")
    prompts = ["Name a river.", "What is it?", "Explain two."]
    rows = [
        {"instruction": prompt, "output": answer}
        for answers in (GOOD, BAD)
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    oracle = ByHand(folder)
    talks = [[message("user", r["instruction"]), message("assistant", r["output"])] for r in rows]
    train(folder, [oracle.tokens(talk) for talk in talks[:3]], steps=60)
    return str(folder), rows


def is_better(quality, good):
    """Whether all rows that are meant to be good have a higher quality than all others."""
    return quality[:good].min() > quality[good:].max()


@pytest.mark.parametrize("transform", [None, "rank", "quantile"])
@pytest.mark.parametrize("name", ["perplexity", "gradient_norm", "el2n", "logit_margin"])
def test_answers_that_the_model_expects_are_better(learnt, name, transform):
    folder, rows = learnt
    config = replace(EXACT, model=folder)
    quality = spanset.score(read(rows), name, model=config, transform=transform)
    assert is_better(quality, 3), quality


@pytest.mark.parametrize("name", ["perplexity", "gradient_norm", "el2n", "logit_margin"])
def test_before_the_model_learnt_them_they_are_not(learnt, llama, name):
    """Negative control: it is the training that orders them."""
    quality = spanset.score(read(learnt[1]), name, model=replace(EXACT, model=llama))
    assert not is_better(quality, 3), quality


def test_a_selection_by_perplexity_picks_what_the_model_expects(learnt):
    folder, rows = learnt
    picks = spanset.select(
        read(rows), k=3, quality="perplexity", quality_weight=1.0, model=ModelConfig(model=folder)
    )
    assert sorted(picks.order.tolist()) == [0, 1, 2]


def test_longer_answers_are_better_by_answer_tokens(llama):
    rows = [{"instruction": "Count.", "output": "one two " * times} for times in (9, 6, 4, 1)]
    quality = spanset.score(read(rows), "answer_tokens", model=llama)
    assert (np.diff(quality) < 0).all(), quality


WORDS = ["river", "bread", "poem", "sea", "two", "France"]


@pytest.fixture(scope="module")
def copying(tmp_path_factory):
    """A model that says the word it is told to; six rows of which, and six that nothing tells."""
    folder = save_model(tmp_path_factory.mktemp("copying") / "m")
    follows = [[message("user", f"Say {word}"), message("assistant", word)] for word in WORDS]
    chance = [[message("user", "Anything"), message("assistant", word)] for word in WORDS]
    oracle = ByHand(folder)
    rows = [oracle.tokens(talk) for talk in follows + chance]
    train(folder, rows + [oracle.alone(row) for row in rows])
    return str(folder), [{"messages": talk} for talk in follows + chance]


def test_answers_that_the_prompt_tells_are_better_by_pmi_and_worse_by_ifd(copying):
    folder, rows = copying
    pmi, ifd = (spanset.score(read(rows), name, model=folder) for name in ("pmi", "ifd"))
    assert is_better(pmi, 6), pmi
    assert is_better(ifd[::-1], 6), ifd
    # A word of six and the end of the turn: the prompt is worth log 6 nats over two tokens or more.
    told = pmi[:6] * raw_scores(folder, rows[:6], "answer_tokens")
    assert np.abs(told - np.log(6)).max() < 0.3, told
    assert np.abs(pmi[6:]).max() < 0.3, "nothing is told by the other prompts"
    assert np.exp(ifd[:6]).max() < 0.3 < 0.7 < np.exp(ifd[6:]).min()
