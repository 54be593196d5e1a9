"""Tokens that were added for an adapter enlarge its base, and its tokenizer is used."""

import json

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

import torch
import transformers
from tests.models.adapters.adapted import WEIGHTS, loaded, unmerged, weights
from tests.models.model_folder import edit_json, save_adapter
from tests.models.tiny_models import CHATML, CHATML_MARKED, make_tokenizer

from spanset.base.errors import UsageError
from spanset.models import adapters
from spanset.models.model_files import find_model, load_renderer


def test_the_tokenizer_is_the_adapters_own_or_the_bases(folder, bases):
    files = find_model(str(folder))
    assert load_renderer(files).template == CHATML
    make_tokenizer(CHATML_MARKED, pad=True).save_pretrained(folder)
    assert load_renderer(find_model(str(folder))).template == CHATML_MARKED


ADDED = ("<|think|>", "<|/think|>")


def with_added_tokens(base, folder, **settings):
    """An adapter trained after its embeddings were enlarged, with its tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(list(ADDED), special_tokens=True)
    enlarged = folder.parent / "enlarged"
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    torch.manual_seed(0)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(enlarged)
    save_adapter(folder, enlarged, **settings)
    tokenizer.save_pretrained(folder)
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(base))
    return folder, enlarged, len(tokenizer)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"modules_to_save": ["embed_tokens", "lm_head"]}),
        ("qwen2", {"modules_to_save": ["embed_tokens", "lm_head"]}),
        ("qwen2", {"target_modules": ["q_proj", "embed_tokens"]}),
    ],
    ids=["saved", "saved-of-tied", "adapted-of-tied"],
)
def test_an_adapter_with_added_tokens_enlarges_its_base(bases, tmp_path, family, settings):
    folder, enlarged, size = with_added_tokens(bases(family), tmp_path / "a", **settings)
    stored = json.loads((folder / adapters.CONFIG).read_text())
    if "embed_tokens" in stored["target_modules"]:
        from safetensors.torch import load_file

        whole_one = [k for k in load_file(folder / WEIGHTS) if k.endswith("base_layer.weight")]
        if not whole_one:
            pytest.skip("this peft saves no enlarged embedding beside its adapter")
    model = loaded(folder)
    assert model.get_input_embeddings().weight.shape[0] == size
    ids = torch.tensor([[5, size - 1, 7, size - 2]])
    with torch.no_grad():
        expected = unmerged(folder, enlarged)(ids).logits
        torch.testing.assert_close(model(ids).logits, expected, rtol=1e-4, atol=1e-4)
    assert ADDED[0] in load_renderer(find_model(str(folder))).tokenizer.get_vocab()


def test_added_tokens_without_an_output_embedding_are_refused(bases, tmp_path):
    folder, *_ = with_added_tokens(
        bases(), tmp_path / "a", modules_to_save=["embed_tokens", "lm_head"]
    )
    weights(lambda all_of: {k: v for k, v in all_of.items() if "lm_head" not in k})(folder)
    with pytest.raises(UsageError, match="vocabulary") as caught:
        loaded(folder)
    assert "output embedding" in caught.value.why
