"""Adapters beside the weights of their bases as peft loads them, and merged as they are here."""

import warnings

import peft
import torch
import transformers
from tests.models.model_folder import edit_weights

from spanset.models import adapters
from spanset.models.loading import load_model
from spanset.models.model_files import find_model

WEIGHTS = adapters.WEIGHTS
IDS = torch.arange(3, 40)[None]


def loaded(folder, **settings):
    return load_model(find_model(str(folder)), device="cpu", dtype="float32", **settings)


def unmerged(folder, base):
    """The model as peft loads it, the adapter beside the weights."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peft.PeftModel.from_pretrained(model, folder).eval()


def logits(model):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model(IDS).logits


def weights(change):
    return lambda folder: edit_weights(folder, change, WEIGHTS)


def pickled(folder):
    (folder / WEIGHTS).unlink()
    torch.save({}, folder / "adapter_model.bin")
