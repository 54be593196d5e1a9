"""Per-example weight gradients of a language model, a whole batch at a time.

No adapter is inserted and no gradient of a weight is formed. All parameters are frozen; hooks on
the target layers keep what is needed of their inputs, and on the way back hand it to a reducer
(sketches) with the gradient of the layer's output. An example's tokens touch only its own rows
of these, so that one backward pass of the summed loss serves every example of the batch. What that
saves against a training step is the product that forms weight gradients, a third of the work, and
the logits of tokens that are not supervised (forward.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.errors import SpansetError
from spanset.config.model_settings import Pooling
from spanset.models.passes.checkpointed import checkpointed
from spanset.models.passes.forward import ForwardPass, Read
from spanset.models.passes.padded import Batch
from spanset.models.passes.token_scores import token_scores
from spanset.sketches.reducer import Layer, Reducer

if TYPE_CHECKING:
    import torch

# Half-precision gradients vanish below 6e-8: the loss is scaled up, and less so where a gradient
# then overflows. A scale is left again by the normalisation.
SCALES = {"float16": (2.0**10, 2.0**4, 1.0)}


@dataclass(frozen=True)
class Captured(Read):
    """What a pass forward and back gives of B sequences.

    Attributes
    ----------
    total : tensor
        The reducer's result; for a sketch (B, d) float32.
    scale : float
        What the loss was multiplied by on the way back; `total` is divided by it again.
    """

    total: torch.Tensor
    scale: float


class GradientCapture:
    """Takes gradients of a frozen causal language model; a context manager.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Its parameters are frozen, and it is put into evaluation mode.
    layers : sequence of Layer
        Targets, by their names in the model (see `targets.find_layers`).
    pooling : {"mean", "weighted", "last"}, optional
        What becomes of the hidden states on the way; by default they are not taken.
    checkpointing : bool
        Compute activations again on the way back instead of keeping them: less memory, about a
        third more time.
    """

    def __init__(
        self,
        model: Any,
        layers: Sequence[Layer],
        *,
        pooling: Pooling | None = None,
        checkpointing: bool = False,
    ) -> None:
        self.model, self.layers, self.checkpointing = model, tuple(layers), checkpointing
        self._pass = ForwardPass(model, pooling=pooling)
        self._reducer: Reducer | None = None
        self._total: torch.Tensor | None = None
        self._seen: set[int] = set()
        self._stack = ExitStack()

    def __enter__(self) -> GradientCapture:
        self._stack.enter_context(self._pass)
        modules = dict(self.model.named_modules())
        for number, layer in enumerate(self.layers):
            hook = modules[layer.name].register_forward_hook(partial(self._forward, number))
            self._stack.callback(hook.remove)
        if self.checkpointing:
            self._stack.enter_context(checkpointed(self.model))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, batch: Batch, reducer: Reducer) -> Captured:
        """One forward and one backward pass.

        Parameters
        ----------
        reducer : Reducer
            Receives every layer's gradient.

        Raises
        ------
        SpansetError
            A target that the pass never reached.
        """
        import torch

        first, *lower = SCALES.get(str(self.model.dtype).removeprefix("torch."), (1.0,))
        captured = self._once(batch, reducer, first)
        for scale in lower:
            fine = torch.isfinite(captured.total).reshape(len(batch.ids), -1).all(dim=1)
            if fine.all():
                break
            again = self._once(batch, reducer, scale)
            # Row by row: what a row gives must not depend on the others of its batch.
            again.total[fine] = captured.total[fine]
            captured = again
        return captured  # a row that overflows at every scale stays so, and the caller sees it

    def _once(self, batch: Batch, reducer: Reducer, scale: float) -> Captured:
        import torch

        from spanset.base.transfers import sent

        self._reducer, self._total = reducer, reducer.start(len(batch.ids))
        self._seen.clear()
        try:
            with torch.enable_grad():
                passed = self._pass.forward(batch)
            logits = passed.logits
            factor = torch.full((len(passed.owner),), scale, device=logits.device)
            if batch.weights is not None:
                weights = batch.weights[passed.owner, passed.column]
                factor *= sent(weights.astype(np.float32), logits.device)
            scores, slope = token_scores(logits[0], passed.targets, factor)
            assert slope is not None  # noqa: S101 (there is a factor)
            torch.autograd.backward(logits, slope[None])
            total = self._total
        finally:
            self._reducer = self._total = None
        self._require_seen()
        count = len(batch.ids)
        return Captured(scores, passed.owner, count, passed.hidden, total.div_(scale), scale)

    def _forward(self, number: int, _: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep what the gradient needs of the inputs, and wait for the output's gradient."""
        import torch

        if self._reducer is None:
            return None
        with torch.no_grad():
            x = inputs[0]
            if x.ndim != 3 or output.ndim != 3:
                raise self._unusable(number, f"its inputs have shape {tuple(x.shape)}")
            kept = self._reducer.keep(number, x)
        if not output.requires_grad:
            # The first targets of a frozen model: the graph begins here, and nothing before them
            # is ever differentiated.
            output.requires_grad_()
        output.register_hook(partial(self._backward, number, kept))
        return output

    def _backward(self, number: int, kept: torch.Tensor, delta: torch.Tensor) -> None:
        if self._reducer is not None and self._total is not None:
            self._reducer.add(number, kept, delta, self._total)
            self._seen.add(number)

    def _require_seen(self) -> None:
        unseen = [number for number in range(len(self.layers)) if number not in self._seen]
        if unseen:
            raise self._unusable(unseen[0], "no gradient passed through it", len(unseen))

    def _unusable(self, number: int, why: str, count: int = 1) -> SpansetError:
        more = f" and {count - 1} more" if count > 1 else ""
        return SpansetError(
            f"the layer {self.layers[number].name}{more} cannot be captured",
            where=type(self.model).__name__,
            why=why,
            fix="try --targets attention (or all-linear), or another model; fused kernels that "
            "bypass a layer must be switched off",
        )
