"""What a device is asked for: no waits inside a pass, and one pass ahead of the writer."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.model_folder import save_model, talk_rows
from tests.models.passes.captures import RANK, make_rows, whole
from tests.models.tiny_models import FAMILIES, make_model
from torch.utils._python_dispatch import TorchDispatchMode

import spanset
from spanset.base.transfers import Landing, sent
from spanset.config.model_settings import ModelConfig
from spanset.models.passes import model_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.passed import Flight
from spanset.models.passes.targets import find_layers
from spanset.models.passes.unpacked import unpacked
from spanset.sketches.kinds import make_sketch
from spanset.stores.user_cache import clear_cache

# Operations whose result the host has to see, or whose shape depends on values.
WAITING = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "equal", "unique")
METHODS = ("cpu", "item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__")


class Watch(TorchDispatchMode):
    """Records the operations that a device would be waited for."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        name = op.overloadpacket.__name__
        if name in WAITING or (name == "index" and any(map(_is_mask, args[1]))):
            self.waits.append(name)
        return op(*args, **(kwargs or {}))


def _is_mask(index):
    return index is not None and index.dtype == torch.bool


@pytest.fixture
def watched(monkeypatch):
    """A watch of operations, with the calls of tensors that bring values to the host."""
    watch = Watch()
    for name in METHODS:
        method = getattr(torch.Tensor, name)

        def told(self, *args, _name=name, _method=method, **kwargs):
            watch.waits.append(_name)
            return _method(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, told)
    return watch


# transformers' GPT-2 looks for the padding token in every batch.
CASES = [(family, None) for family in FAMILIES if family != "gpt2"] + [
    ("llama", "mean"),
    ("llama", "last"),
]


@pytest.mark.parametrize(("family", "pooling"), CASES)
def test_a_pass_waits_for_nothing(watched, family, pooling):
    model = make_model(family).float()
    batch, layers = whole(make_rows(5)), find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(model, layers, pooling=pooling) as capture:
        capture(batch, sketch)  # tables are moved once
        watched.waits.clear()
        with watched:
            found = capture(batch, sketch)
    assert watched.waits == []
    assert np.isfinite(found.scores.loss).all()
    assert "cpu" in watched.waits, "the watch saw nothing at all"


def test_packed_rows_of_other_models_are_still_found():
    """Two sequences in one row: positions begin anew. Only our own passes know better."""
    masking = pytest.importorskip("transformers.masking_utils")
    if not hasattr(masking, "find_packed_sequence_indices"):
        pytest.skip("this transformers looks at no positions")
    positions = torch.tensor([[0, 1, 2, 0, 1]])
    with unpacked():
        assert masking.find_packed_sequence_indices(positions) is None
    assert masking.find_packed_sequence_indices(positions).tolist() == [[0, 0, 0, 1, 1]]


def test_arrays_go_to_a_device_and_back():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    there = sent(array, torch.device("cpu"))
    landing = Landing(there.t(), None)
    found, nothing = landing.arrays()
    assert nothing is None
    assert found.tolist() == array.T.tolist()
    assert not landing.is_under_way


class Slow(Flight):
    """A flight as from a device: there is something to wait for."""

    is_under_way = True


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Flight, "queued landed queued landed"), (Slow, "queued queued landed queued landed")],
)
def test_a_device_has_its_next_pass_before_the_last_one_is_waited_for(
    tmp_path, monkeypatch, kind, expected
):
    """And what is written is the same; a processor computes as it goes, and keeps what it has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save_model(tmp_path / "m")
    data = spanset.read(talk_rows(12))
    name, config = f"gradient:{tmp_path / 'm'}", ModelConfig(rank=4, dimension=32, batch_tokens=80)
    before = spanset.represent(data, name, model=config)
    clear_cache()
    told = []

    class Told(kind):
        def __init__(self, *args):
            super().__init__(*args)
            told.append("queued")

        def landed(self):
            told.append("landed")
            return super().landed()

    monkeypatch.setattr(model_run, "Flight", Told)
    assert (spanset.represent(data, name, model=config) == before).all()
    assert " ".join(told).startswith(expected)
    assert told.count("queued") == told.count("landed") > 3
