"""What a device is asked for: no waits inside a pass, and one pass ahead of the writer."""

from errno import ENOSPC
from threading import Condition

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
from spanset.base.errors import OutputError
from spanset.base.memory import available_bytes
from spanset.base.transfers import Landing, sent
from spanset.config.model_settings import ModelConfig
from spanset.models import language_model
from spanset.models.passes import model_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.passed import Flight
from spanset.models.passes.targets import find_layers
from spanset.models.passes.unpacked import unpacked
from spanset.models.rendering.token_survey import render_rows
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


@pytest.fixture
def represented(tmp_path, monkeypatch):
    """Gradients of a few rows in batches of two: a function of what passes leave."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save_model(tmp_path / "m")
    data = spanset.read(talk_rows(12))
    name, config = f"gradient:{tmp_path / 'm'}", ModelConfig(rank=4, dimension=32, batch_tokens=80)

    def by(flight):
        monkeypatch.setattr(model_run, "Flight", flight)
        clear_cache()
        return spanset.represent(data, name, model=config)

    return by


def counted(represented):
    """Features, and how many passes they take."""
    passes = []

    class Told(Flight):
        def __init__(self, *args):
            super().__init__(*args)
            passes.append(self)

    return represented(Told), len(passes)


def test_a_processor_keeps_what_it_has_before_the_next_pass(represented):
    told = []

    class Told(Flight):
        def __init__(self, *args):
            super().__init__(*args)
            told.append("queued")

        def landed(self):
            told.append("landed")
            return super().landed()

    assert (represented(Told) == represented(Flight)).all()
    assert told == ["queued", "landed"] * (len(told) // 2)
    assert len(told) > 6


def test_a_device_has_its_next_pass_before_the_last_one_is_waited_for(represented):
    """And no more than the next; what is written is the same."""
    before, batches = counted(represented)
    queued, landed, both = [], [], Condition()

    class Slow(Flight):
        """As from a device: it is here when the device is at the next one."""

        is_under_way = True

        def __init__(self, *args):
            super().__init__(*args)
            with both:
                self.number = len(queued)
                queued.append(self.number - len(landed))
                both.notify_all()

        def landed(self):
            with both:
                is_last = self.number == batches - 1
                assert both.wait_for(lambda: is_last or len(queued) > self.number + 1, timeout=20)
                landed.append(self.number)
            return super().landed()

    assert (represented(Slow) == before).all()
    assert landed == list(range(batches))
    assert len(queued) == batches > 3
    assert max(queued) == 1, "more than one pass was ahead"


def test_an_error_of_the_writer_ends_the_run(represented):
    class Broken(Flight):
        is_under_way = True

        def landed(self):
            raise OSError(ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="cannot write the feature store"):
        represented(Broken)


# Rows as tokens


def test_rows_are_rendered_once(represented, monkeypatch):
    """For their numbers of tokens; the passes take them as they are."""
    before = represented(Flight)
    rendered = []

    def told(data, renderer, rows, pair):
        rendered.extend(rows)
        return render_rows(data, renderer, rows, pair)

    monkeypatch.setattr(model_run, "render_rows", told)
    assert (represented(Flight) == before).all()
    assert rendered == []
    monkeypatch.setattr(language_model, "KEPT_SHARE", 1500 / available_bytes())  # for a few
    assert (represented(Flight) == before).all()
    assert 0 < len(set(rendered)) < 12
