"""Per-example weight gradients of a language model, a whole batch at a time.

No adapter is inserted and no gradient of a weight is formed. All parameters are frozen; hooks on
the target layers keep what is needed of their inputs, and on the way back hand it to a reducer
(sketches) with the gradient of the layer's output. An example's tokens touch only its own rows
of these, so that one backward pass of the summed loss serves every example of the batch. What that
saves against a training step is the product that forms weight gradients, a third of the work, and
the logits of tokens that are not supervised.

Rows are padded on the right and no mask is passed: in a causal model nothing that counts comes
after the padding, and the fast attention path stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.errors import SpansetError, UsageError
from spanset.features.sketches import Layer, Reducer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

LOSS_CHUNK = 2**24  # logits turned into probabilities at once, in float32: 64 MiB
# Half-precision gradients vanish below 6e-8: the loss is scaled up, and less so where a gradient
# then overflows. A scale is left again by the normalisation.
SCALES = {"float16": (2.0**10, 2.0**4, 1.0)}


@dataclass(frozen=True)
class Batch:
    """Rows for one pass, padded on the right.

    Attributes
    ----------
    ids : (B, T) int64
        Tokens.
    supervised : (B, T) bool
        Tokens whose prediction counts; never the first.
    """

    ids: npt.NDArray[np.int64]
    supervised: npt.NDArray[np.bool_]

    @classmethod
    def pad(
        cls,
        ids: Sequence[npt.NDArray[np.int32]],
        supervised: Sequence[npt.NDArray[np.bool_]],
    ) -> Batch:
        """Rows of different lengths as one batch; what the padding holds does not matter."""
        shape = (len(ids), max(map(len, ids)))
        batch = cls(np.zeros(shape, np.int64), np.zeros(shape, np.bool_))
        for row, (tokens, marks) in enumerate(zip(ids, supervised, strict=True)):
            batch.ids[row, : len(tokens)] = tokens
            batch.supervised[row, : len(marks)] = marks
        return batch


@dataclass(frozen=True)
class Captured:
    """What a pass gives.

    Attributes
    ----------
    total : tensor
        The reducer's result; for a sketch (B, d) float32.
    losses : (B,) float64
        Cross-entropy summed over the supervised tokens of each row, in nats.
    scale : float
        What the loss was multiplied by on the way back; `total` is divided by it again.
    """

    total: torch.Tensor
    losses: npt.NDArray[np.float64]
    scale: float


class GradientCapture:
    """Takes gradients of a frozen causal language model; a context manager.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Its parameters are frozen, and it is put into evaluation mode.
    layers : sequence of Layer
        Targets, by their names in the model (see `targets.find_layers`).
    checkpointing : bool
        Compute activations again on the way back instead of keeping them: less memory, about a
        third more time.
    """

    def __init__(self, model: Any, layers: Sequence[Layer], *, checkpointing: bool = False) -> None:
        self.model, self.layers, self.checkpointing = model, tuple(layers), checkpointing
        self._reducer: Reducer | None = None
        self._total: torch.Tensor | None = None
        self._positions: torch.Tensor | None = None
        self._seen: set[int] = set()
        self._stack = ExitStack()

    def __enter__(self) -> GradientCapture:
        head = self.model.get_output_embeddings()
        if head is None:
            raise UsageError(
                "the model has no output embedding",
                where="--model",
                fix="use a causal language model",
            )
        self.model.requires_grad_(False)
        self.model.eval()
        modules = dict(self.model.named_modules())
        for number, layer in enumerate(self.layers):
            hook = modules[layer.name].register_forward_hook(partial(self._forward, number))
            self._stack.callback(hook.remove)
        self._stack.callback(head.register_forward_pre_hook(self._gather).remove)
        if self.checkpointing:
            self._stack.enter_context(_checkpointed(self.model))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(
        self,
        batch: Batch,
        reducer: Reducer,
        weights: npt.NDArray[np.float64] | None = None,
    ) -> Captured:
        """One forward and one backward pass.

        Parameters
        ----------
        reducer : Reducer
            Receives every layer's gradient.
        weights : (B,), optional
            Of each row's loss; 1 by default.

        Raises
        ------
        SpansetError
            A target that the pass never reached.
        """
        import torch

        first, *lower = SCALES.get(str(self.model.dtype).removeprefix("torch."), (1.0,))
        captured = self._once(batch, reducer, weights, first)
        for scale in lower:
            fine = torch.isfinite(captured.total).reshape(len(batch.ids), -1).all(dim=1)
            if fine.all():
                break
            again = self._once(batch, reducer, weights, scale)
            # Row by row: what a row gives must not depend on the others of its batch.
            again.total[fine] = captured.total[fine]
            captured = again
        return captured  # a row that overflows at every scale stays so, and the caller sees it

    def _once(
        self,
        batch: Batch,
        reducer: Reducer,
        weights: npt.NDArray[np.float64] | None,
        scale: float,
    ) -> Captured:
        import torch

        device = self.model.device
        ids = torch.from_numpy(batch.ids).to(device)
        # The logits at a position predict the token after it.
        rows, columns = np.nonzero(batch.supervised[:, 1:])
        flat = torch.from_numpy(rows * batch.ids.shape[1] + columns).to(device)
        targets = torch.from_numpy(batch.ids[rows, columns + 1]).to(device)
        owner = torch.from_numpy(rows).to(device)
        factor = torch.full((len(rows),), scale, device=device)
        if weights is not None:
            factor *= torch.from_numpy(weights.astype(np.float32)).to(device)[owner]

        self._reducer, self._total = reducer, reducer.start(len(batch.ids))
        self._positions = flat
        self._seen.clear()
        try:
            with torch.enable_grad():
                logits = self.model(input_ids=ids, use_cache=False).logits
            self._require_gathered(tuple(logits.shape), len(rows))
            losses, slope = _cross_entropy(logits[0], targets, factor)
            torch.autograd.backward(logits, slope[None])
            total = self._total
        finally:
            self._reducer = self._total = self._positions = None
        self._require_seen()
        summed = np.zeros(len(batch.ids))
        np.add.at(summed, rows, losses.double().cpu().numpy())
        return Captured(total.div_(scale), summed, scale)

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

    def _gather(self, _: Any, inputs: tuple[Any, ...]) -> Any:
        """Keep the hidden states of supervised positions only, (1, S, hidden)."""
        if self._positions is None:
            return None
        hidden = inputs[0]
        picked = hidden.reshape(-1, hidden.shape[-1]).index_select(0, self._positions)
        return (picked[None], *inputs[1:])

    def _require_gathered(self, shape: tuple[int, ...], supervised: int) -> None:
        if shape[:2] != (1, supervised):
            raise SpansetError(
                "the model's output embedding was not used as expected",
                where=type(self.model).__name__,
                why=f"logits of shape {shape} for {supervised} supervised tokens",
                fix="use another representation of this model, or report the model's name",
            )

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


def _cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, factor: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of each token in float32 (S,), and the factored gradient of the logits (S, V).

    The gradient, probabilities less the target's one, is written down as it is known: an automatic
    one would hold several float32 copies of logits that large vocabularies make huge.
    """
    import torch

    with torch.no_grad():
        slope = torch.empty_like(logits)
        losses = torch.empty(len(logits), device=logits.device)
        step = max(1, LOSS_CHUNK // logits.shape[1])
        for start in range(0, len(logits), step):
            rows = slice(start, start + step)
            log_p = torch.log_softmax(logits[rows].float(), dim=-1)
            losses[rows] = -log_p.gather(1, targets[rows, None])[:, 0]
            p = log_p.exp_()
            p[torch.arange(len(p), device=p.device), targets[rows]] -= 1.0
            slope[rows] = p.mul_(factor[rows, None])
    return losses, slope


@contextmanager
def _checkpointed(model: Any) -> Iterator[None]:
    """Decoder layers that compute their activations again on the way back."""
    from torch.utils.checkpoint import checkpoint

    from spanset.features.targets import decoder_layers

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
