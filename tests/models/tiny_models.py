"""Small tokenizers that tests make for themselves, and chat templates of well-known families."""

from __future__ import annotations

from functools import lru_cache

SENTENCES = [
    "What is two plus two? Four, of course.",
    "Name a river in France and say where it rises.",
    "The Loire rises in the Massif Central, and flows to the sea.",
    "Please write a short poem about bread, then explain it.",
    "system user assistant tool\n\n### User:\n### Assistant:\n",
    "Crème brûlée, naïve, 数学を教えて, \U0001f600",
]
SPECIAL = (
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|user|>",
    "<|assistant|>",
)

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CHATML_MARKED = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] }}{% endgeneration %}{{ '<|im_end|>\n' }}"
    "{% else %}{{ m['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim"
    " + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/...') }}{% endif %}"
    "{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
THINKING = (  # the reasoning of earlier turns is dropped
    "{% for m in messages %}{% set text = m['content'] %}"
    "{% if m['role'] == 'assistant' and not loop.last %}"
    "{% set text = text.split('</think>')[-1] %}{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + text + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PHI3 = (  # the end-of-sequence token closes the text, not the turn
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}"
    "{% else %}{{ eos_token }}{% endif %}"
)
NO_END = (
    "{% for m in messages %}{{ m['role'].upper() + ':\n' + m['content'] + '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:\n' }}{% endif %}"
)


def make_tokenizer(
    template: str | dict[str, str] | None = None,
    *,
    pad: bool = False,
    bos: str | None = "<s>",
    eos: str | None = "</s>",
    trim_offsets: bool = True,
    adds_bos: bool = False,
    pieces: str = "bytes",
    vocabulary: int = 420,
    max_length: int = 64,
):
    """A fast tokenizer trained on `SENTENCES`.

    Parameters
    ----------
    pad : bool
        Whether it has a pad token.
    trim_offsets : bool
        Whether offsets leave out the space before a word, as those of GPT-2 and Llama 3 do.
    adds_bos : bool
        Whether it starts every text with `bos`, as that of Llama 3 does, unless told not to.
    pieces : {"bytes", "words"}
        Byte-level pieces, or those of SentencePiece, where an unknown letter is ``<unk>``.
    max_length : int
        `model_max_length`, small so that rows exceed it.
    """
    import transformers
    from tokenizers import Tokenizer, processors

    names = {"bos_token": bos, "eos_token": eos, "pad_token": "<pad>" if pad else None}
    names["unk_token"] = "<unk>" if pieces == "words" else None
    names = {name: token for name, token in names.items() if token is not None}
    special = (*names.values(), *SPECIAL)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained(special, trim_offsets, pieces, vocabulary)),
        model_max_length=max_length,
        **names,
    )
    if adds_bos:
        backend = tokenizer.backend_tokenizer
        number = tokenizer.convert_tokens_to_ids(bos)
        start = processors.TemplateProcessing(f"{bos} $A", special_tokens=[(bos, number)])
        backend.post_processor = processors.Sequence([backend.post_processor, start])
    tokenizer.chat_template = template
    return tokenizer


@lru_cache
def _trained(special: tuple[str, ...], trim_offsets: bool, pieces: str, vocabulary: int) -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    if pieces == "bytes":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        alphabet = []
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary + len(special),
        special_tokens=list(special),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 20, trainer)
    return tokenizer.to_str()


# Models

HIDDEN, LAYERS, VOCABULARY = 32, 2, 97

# By transformers' model type; the comments say what makes each worth a test.
_FAMILIES = {
    # Grouped-query attention.
    "llama": {"num_key_value_heads": 2},
    # Queries, keys and values fused; attention and feed-forward in parallel.
    "gpt_neox": {},
    # Conv1D: weights stored inputs first; learnt positions.
    "gpt2": {"n_inner": 48},
    # Biases, and an output embedding that is the input's.
    "qwen2": {"num_key_value_heads": 2, "tie_word_embeddings": True},
    # Soft-capped scores and logits, a sliding window shorter than the rows.
    "gemma2": {
        "num_key_value_heads": 2,
        "head_dim": 8,
        "sliding_window": 6,
        "attn_logit_softcapping": 5.0,
        "final_logit_softcapping": 4.0,
        "attn_implementation": "eager",  # the only one that soft-caps scores
    },
    # A mixture of experts.
    "mixtral": {"num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2},
    # Queries, keys and values fused, by another name.
    "phi3": {"num_key_value_heads": 2},
}
FAMILIES = tuple(_FAMILIES)


def make_model(family: str, vocabulary: int = VOCABULARY, *, context: int = 128):
    """A float32 causal language model of two layers in evaluation mode, the same on every call."""
    import zlib

    import torch
    import transformers

    config = transformers.AutoConfig.for_model(
        family,
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=context,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        **_FAMILIES[family],
    )
    model = transformers.AutoModelForCausalLM.from_config(config).float()
    # Weights of the size of a trained model's: with the usual start, near zero, attention is
    # uniform and the gradients of queries and keys are nothing but rounding.
    generator = torch.Generator().manual_seed(zlib.crc32(family.encode()))
    with torch.no_grad():
        for weight in model.parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if weight.ndim == 1:
                weight.add_(0.2 * noise)
            else:
                weight.copy_(noise * HIDDEN**-0.5 * 1.5)
    return model.eval()
