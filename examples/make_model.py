"""Make a tiny language model with random weights, to try what needs a model without a download.

    python examples/make_model.py sample.jsonl tiny-model

The folder is in Hugging Face form: a Llama of 0.3 million parameters, and a tokenizer trained on
the texts of the data, with a chat template. It stands for the model that you are about to tune;
what it says of the data means little.
"""

from __future__ import annotations

import sys

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import spanset

VOCABULARY = 2_000
END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>\n"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<|end|>"
    "{% endgeneration %}{% else %}{{ message.content }}<|end|>{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def main(data: str, folder: str) -> None:
    """Write tokenizer and model into `folder`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (conversation.text for conversation in spanset.read(data).conversations())
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)

    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=1024,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    print(f"wrote a model of {model.num_parameters():,} weights to {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
