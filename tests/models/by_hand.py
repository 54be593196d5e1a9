"""What a language model says of rows, by transformers alone: one row at a time, slowly.

The oracle of the scores, the hidden states and the gradients of pairs. Nothing of spanset is used:
neither how a conversation becomes tokens and which of them are supervised, nor what is taken of the
logits. Rows are lists of messages, for models of which every answer stands between the same tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

LOGARITHMS = ("logit_margin", "pmi")  # they are log quality as they are
DOWN = ("perplexity", "gradient_norm", "el2n")  # lower is better
SCORES = (*DOWN, "logit_margin", "answer_tokens", "ifd", "pmi")


@dataclass(frozen=True)
class Tokens:
    """A row: ids (T,) int64, and which of them are supervised (T,) bool."""

    ids: torch.Tensor
    supervised: torch.Tensor

    def __post_init__(self):
        assert self.ids.shape == self.supervised.shape
        assert not self.supervised[:1].any()

    @property
    def count(self):
        return int(self.supervised.sum())


def one_state(states, pooling):
    """What the states of a sequence (T, w) become, (w,)."""
    if pooling == "last":
        return states[-1]
    places = range(1, len(states) + 1)
    weights = [place if pooling == "weighted" else 1 for place in places]
    weighted = [weight * state for weight, state in zip(weights, states, strict=True)]
    return sum(weighted) / sum(weights)


class ByHand:
    """A model's folder, read without spanset.

    Parameters
    ----------
    folder : path
        As `save_model` writes it.
    supervise : {"all", "last"}
        Turns of the assistant that count.
    max_length : int
        Tokens that are kept.
    dtype : torch.dtype
        That the model computes in.
    header, end : str
        What the chat template writes before an answer, and the token that ends it.
    """

    def __init__(
        self,
        folder,
        *,
        supervise="all",
        max_length=128,
        dtype=torch.float32,
        header="<|im_start|>assistant\n",
        end="<|im_end|>",
    ):
        import transformers

        self.folder, self.supervise, self.max_length = str(folder), supervise, max_length
        self.header, self.end = header, end
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        model = transformers.AutoModelForCausalLM.from_pretrained(self.folder, dtype=dtype)
        self.model = model.eval()

    # From messages to tokens

    def tokens(self, messages):
        """A conversation's; an answer goes from the end of its header to its end token."""
        ids = self.encode(self.tokenizer.apply_chat_template(messages, tokenize=False))
        header, end = self.encode(self.header), self.tokenizer.convert_tokens_to_ids(self.end)
        supervised = [False] * len(ids)
        turns = [
            (place + len(header), ids.index(end, place) + 1)
            for place in range(len(ids))
            if ids[place : place + len(header)] == header
        ]
        for first, stop in turns if self.supervise == "all" else turns[-1:]:
            supervised[first:stop] = [True] * (stop - first)
        return Tokens(
            torch.tensor(ids[: self.max_length]), torch.tensor(supervised[: self.max_length])
        )

    def alone(self, whole):
        """The supervised tokens of a row after the token that begins a text."""
        answer = whole.ids[whole.supervised]
        starts = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, int(whole.ids[0]))
        start = next(token for token in starts if token is not None)
        ids = torch.cat([torch.tensor([start]), answer])
        return Tokens(ids, torch.arange(len(ids)) > 0)

    def encode(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    # What the model says of them

    def logits(self, ids):
        """Of every position, (T, V) float64."""
        with torch.no_grad():
            return self.model(input_ids=ids[None], use_cache=False).logits[0].double()

    def before(self, row):
        """Logits before each supervised token (n, V), and the tokens (n,)."""
        places = row.supervised.nonzero()[:, 0]
        return self.logits(row.ids)[places - 1], row.ids[places]

    def loss(self, row):
        """Cross-entropy summed over the supervised tokens, nats."""
        logits, targets = self.before(row)
        return float(-torch.log_softmax(logits, dim=1)[range(len(targets)), targets].sum())

    @cached_property
    def targets(self):
        """Weights of the projections of attention."""
        found = [
            weight
            for name, weight in self.model.named_parameters()
            if ("attn" in name or "attention" in name) and weight.ndim == 2  # no norms, no biases
        ]
        assert len(found) >= 4, "two layers of at least two projections"
        return found

    def gradient(self, value):
        """Gradient of a number with respect to the targets, outputs x inputs, one long vector."""
        parts = torch.autograd.grad(value, self.targets)
        if self.model.config.model_type == "gpt2":  # weights are stored inputs first
            parts = [part.T for part in parts]
        return torch.cat([part.flatten().double() for part in parts])

    def log_probability(self, row):
        """Of the supervised tokens, summed; to be differentiated."""
        for weight in self.targets:
            weight.requires_grad_(True)
        logits = self.model(input_ids=row.ids[None], use_cache=False).logits[0]
        places = row.supervised.nonzero()[:, 0]
        chosen = torch.log_softmax(logits, dim=1)[places - 1, row.ids[places]]
        return chosen.sum()

    def hidden(self, row, pooling="mean"):
        """The last layer's states after the final norm, of all tokens, as one: (w,) float64."""
        with torch.no_grad():
            out = self.model(input_ids=row.ids[None], use_cache=False, output_hidden_states=True)
        return one_state(out.hidden_states[-1][0].double(), pooling)

    def score(self, row, name):
        """A score, and the size of what it is computed from: what errors are relative to."""
        n = row.count
        if name == "answer_tokens":
            return float(n), float(n)
        if name == "perplexity":
            value = np.exp(self.loss(row) / n)
        elif name == "gradient_norm":
            value = float(self.gradient(-self.log_probability(row)).norm()) / n
        elif name == "el2n":
            logits, targets = self.before(row)
            errors = torch.softmax(logits, dim=1)
            errors[range(n), targets] -= 1.0
            value = float(errors.norm(dim=1).mean())
        elif name == "logit_margin":
            logits, targets = self.before(row)
            own = logits[range(n), targets].clone()
            logits[range(n), targets] = -torch.inf
            margins = own - logits.max(dim=1).values
            return float(margins.mean()), float(margins.abs().mean())
        elif name == "ifd":
            value = self.loss(row) / self.loss(self.alone(row))
        else:
            answer = self.loss(self.alone(row))
            return (answer - self.loss(row)) / n, answer / n
        return float(value), float(value)
