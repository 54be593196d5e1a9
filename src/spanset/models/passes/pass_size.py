"""How many tokens go through a model at once on a card: what its memory holds.

What a pass forward keeps for the one back grows with the tokens, and a model without weights tells
how much: its tensors have shapes, and no numbers. Attention is counted as on a card, where it keeps
nothing that grows with the square of the length, unless a model has it otherwise.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from spanset.models.language_model import LanguageModel, usual_batch_tokens
from spanset.models.libraries import first_line
from spanset.models.model_files import skeleton
from spanset.models.passes.checkpointed import checkpointed
from spanset.models.passes.targets import decoder_layers
from spanset.models.passes.unpacked import unpacked

PROBED = 256  # tokens: some models fill up shorter rows to so many, and keep all of them
SHARE = 0.7  # of what is free: what is kept is not all, and memory has gaps
LEAST, MOST = 512, 65_536  # beyond, a card is busy, and a batch only takes longer to be safe


def tokens_at_once(model: LanguageModel, *, backward: bool) -> int:
    """Tokens of a pass: as many as the settings say, or as fit onto the card that is used.

    Looked at once for a model, before or after its weights are loaded.
    """
    config = model.config
    is_settled = config.batch_tokens is not None or config.device_map is not None
    if is_settled or model.device == "cpu":
        return usual_batch_tokens(config)
    return model.once(f"tokens of a pass, {backward}", lambda: _fitting(model, backward=backward))


def _fitting(model: LanguageModel, *, backward: bool) -> int:
    """What a pass may hold on the card, beside the weights."""
    import torch

    from spanset.base.devices import free_bytes, resolve_device

    dtype = getattr(torch, model.dtype)
    checkpointing = model.config.gradient_checkpointing
    try:
        empty = skeleton(model.files).to(dtype)
        of_token = pass_bytes(empty, backward=backward, checkpointing=checkpointing)
    except Exception as error:  # a model is somebody's program: it may look at numbers
        usual = usual_batch_tokens(model.config)
        model.watcher.note(
            f"what a pass takes cannot be told beforehand ({first_line(error)}): batches of "
            f"{usual:,} tokens, or --batch-tokens"
        )
        return usual
    weights = 0 if model.is_loaded else model.weight_count * dtype.itemsize
    return pass_tokens(of_token, weights, free_bytes(resolve_device(model.device)))


def pass_bytes(model: Any, *, backward: bool, checkpointing: bool = False) -> float:
    """Bytes of a card that a token takes, all tokens supervised.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        On the meta device, in the numbers it computes in.
    backward : bool
        Whether gradients are taken.
    checkpointing : bool
        Whether layers compute their states again on the way back.
    """
    head = model.get_output_embeddings().weight
    logits = head.shape[0] * head.element_size() * (2 if backward else 1)
    a_layer = _kept(model, checkpointing=False) / max(1, len(decoder_layers(model)))
    if not backward:
        return logits + 2 * a_layer  # of one layer at a time, with what it is computed from
    kept = _kept(model, checkpointing=checkpointing)
    return logits + kept + (a_layer if checkpointing else 0.0)


def pass_tokens(of_token: float, weights: float, free: float) -> int:
    """Tokens of a pass: a power of two, so that equal cards make equal batches.

    Parameters
    ----------
    of_token, weights, free : bytes
        What a token takes; what the model's weights will; what is free.
    """
    tokens = LEAST
    while tokens < MOST and 2 * tokens * of_token <= SHARE * (free - weights):
        tokens *= 2
    return tokens


def _kept(model: Any, *, checkpointing: bool) -> float:
    """Bytes a token that a pass forward keeps for the one back.

    Of rows of three lengths: what does not grow with the length, and what grows with its square, is
    no token's. Attention without fused kernels keeps squares: they count, as of 768 tokens.
    """
    first, second, third = (
        _kept_of(model, length, checkpointing=checkpointing)
        for length in (PROBED, 2 * PROBED, 3 * PROBED)
    )
    squares = (third - 2 * second + first) / 2  # of PROBED tokens
    is_eager = getattr(model.config, "_attn_implementation", None) == "eager"
    return (second - first - (0 if is_eager else 3) * squares) / PROBED


def _kept_of(model: Any, length: int, *, checkpointing: bool) -> float:
    """Bytes that a pass forward over a row of so many tokens keeps."""
    import torch

    own = (*model.parameters(), *model.buffers())
    known = {one.untyped_storage()._cdata for one in own}
    kept: dict[int, torch.Tensor] = {}  # by the memory that they lie in, which views share

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage()._cdata
        if place not in known:
            kept[place] = tensor
        return tensor

    model.requires_grad_(False).eval()
    embedding = model.get_input_embeddings().weight
    shape = (1, length, embedding.shape[1])
    states = torch.zeros(shape, dtype=embedding.dtype, device="meta", requires_grad=True)
    with ExitStack() as stack:
        if checkpointing:
            stack.enter_context(checkpointed(model))
        stack.enter_context(unpacked())
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one))
        model(inputs_embeds=states, use_cache=False)
    return sum(one.untyped_storage().nbytes() for one in kept.values())
