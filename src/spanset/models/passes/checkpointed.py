"""Less memory for a pass back: layers compute their states again instead of keeping them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from spanset.models.passes.targets import decoder_layers


@contextmanager
def checkpointed(model: Any) -> Iterator[None]:
    """Decoder layers that compute their activations again on the way back."""
    from torch.utils.checkpoint import checkpoint

    layers = decoder_layers(model)
    # An instance's own forward is another library's wrapper, which has to come back.
    originals = [vars(layer).get("forward") for layer in layers]
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
    try:
        yield
    finally:
        for layer, original in zip(layers, originals, strict=True):
            del layer.forward  # the class's own shows again
            if original is not None:
                layer.forward = original
