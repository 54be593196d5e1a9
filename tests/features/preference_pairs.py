"""Preference pairs, gradients of their sides by autograd, and what the pass captures of them."""

import numpy as np
import torch

import spanset
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.models.language_model import LanguageModel
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.model_run import padded
from spanset.models.passes.passed import Passed
from spanset.models.passes.targets import find_layers
from spanset.models.rendering.sides import read_rows
from spanset.sketches.kinds import make_sketch

EXACT = ModelConfig(sketch="none", batch_tokens=300)
HALF = 1e-3  # of float16, in a unit row
CLOSE = 1e-4

PAIRS = [
    {"prompt": "What is two plus two?", "chosen": "Four, of course.", "rejected": "A river."},
    {"prompt": "Name a river.", "chosen": "The Loire.", "rejected": "The sea, where it rises."},
    {"prompt": "Is it so?", "chosen": "Yes, it is two.", "rejected": "Yes, it is four."},
    {"prompt": "Write about bread", "chosen": "Crème brûlée. " * 4, "rejected": "No."},
    {"prompt": "Say yes.", "chosen": "Y", "rejected": "N"},
]
BEFORE = [("user", "One?"), ("assistant", "One."), ("user", "Two?")]


def message(role, content):
    return {"role": role, "content": content}


def sides(pair):
    """Both dialogues of a pair in plain fields."""
    prompt = message("user", pair["prompt"])
    return [[prompt, message("assistant", pair[side])] for side in ("chosen", "rejected")]


def unit(X):
    X = np.asarray(X, np.float64)
    return X / np.linalg.norm(X, axis=-1, keepdims=True)


def dpo_gradient(oracle, chosen, rejected, beta, references=(-3.0, -7.5)):
    """Of Rafailov et al. (2023), equation 7, by autograd; one long vector, not normalised."""
    won, lost = (oracle.log_probability(oracle.tokens(side)) for side in (chosen, rejected))
    margin = (won - references[0]) - (lost - references[1])
    return oracle.gradient(-torch.nn.functional.logsigmoid(beta * margin)).numpy()


def captured(model, rows, config=EXACT):
    """Gradients as the pass gives them, float32 and not normalised: of all rows at once."""
    language = LanguageModel.load(str(model), config)
    read_as = read_rows(list(read(rows).conversations()), language.renderer, config.pair)
    layers = find_layers(language.loaded)
    sketch = make_sketch("none", layers, rank=1, dimension=1, seed=0)
    owner = np.repeat(np.arange(len(rows)), [len(one.sequences) for one in read_as])
    with GradientCapture(language.loaded, layers) as capture:
        return Passed.of_rows(capture(padded(read_as), sketch), owner).total


def features(model, rows, config=EXACT):
    """Unit rows as a store keeps them."""
    return spanset.represent(read(rows), f"gradient:{model}", model=config)


def worst(got, expected):
    """Largest distance of unit vectors; of opposite ones it would be 2."""
    return float(np.linalg.norm(unit(got) - unit(expected), axis=1).max())


def both(*turns):
    return [message(*turn) for turn in turns]


EQUAL = {"prompt": "Is it so?", "chosen": "Yes.", "rejected": "Yes."}
