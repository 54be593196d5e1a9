"""The factor in torch: what the engine's own tests, which run on both factors, do not ask.

Without a GPU all but one run on torch's processor tensors, which take the same path.
"""

import subprocess
import sys

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_case, random_unit

from spanset.base.errors import MissingExtraError, SpansetError, UsageError
from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.rules import make_rules
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF
from spanset.selectors.methods import method_named
from spanset.selectors.request import Request

torch = pytest.importorskip("torch", reason="torch is not installed")

from spanset.base import devices  # noqa: E402 (it imports torch)
from spanset.greedy import torch_arrays  # noqa: E402 (it imports torch)

GIB = 2**30


def clustered(n=2_000, dtype=np.float64):
    rng = np.random.default_rng(21)
    centres = random_unit(rng, 20, 12)
    return unit_rows(centres[rng.integers(0, 20, n)] + 0.1 * rng.normal(size=(n, 12)), dtype)


def device_factor(X, capacity, **options):
    rules = make_rules(RBF(), X, None, 0.0)
    return torch_arrays.DeviceFactor(X, RBF(), rules, capacity, device="torch:cpu", **options)


@pytest.mark.parametrize("seed", range(40))
def test_both_factors_give_the_same_selection(seed):
    case = random_case(seed, largest=200)
    for block in (5, 256):
        host, device = (
            blocked_greedy(
                case.X, case.k, case.kernel, **case.arguments, block=block, device=device
            )
            for device in ("cpu", "torch:cpu")
        )
        assert_same(device, host)


def test_the_host_waits_three_times_a_block_however_many_picks_it_has(monkeypatch):
    waits, blocks = [], []
    for name in ("cpu", "item", "tolist", "__bool__", "__float__", "__int__", "__index__"):
        method = getattr(torch.Tensor, name)

        def told(self, *args, _name=name, _method=method):
            waits.append(_name)
            return _method(self, *args)

        monkeypatch.setattr(torch.Tensor, name, told)
    found = blocked_greedy(
        clustered(), 300, RBF(), block=64, device="torch:cpu", on_progress=blocks.append
    )
    assert len(found) == 300
    assert len(blocks) < 30
    assert set(waits) == {"cpu"}
    assert len(waits) <= 3 * len(blocks)


@pytest.mark.parametrize("scratch", [2**10, 2**16, 2**18])
def test_picks_do_not_depend_on_the_scratch_memory(monkeypatch, scratch):
    """From the narrowest chunks, 64 columns, to one; outsiders judged seven at a time."""
    X = clustered(1_000)
    expected = reference_greedy(X, 120, RBF(), given=X[:9])
    monkeypatch.setattr(torch_arrays, "SCRATCH", scratch)
    monkeypatch.setattr(torch_arrays, "JUDGED", 7)
    found = blocked_greedy(X, 120, RBF(), given=X[:9], block=16, device="torch:cpu")
    assert_same(found, expected)


def test_chunks_cover_every_column_once_within_the_scratch_memory(monkeypatch):
    monkeypatch.setattr(torch_arrays, "SCRATCH", 2**16)
    with device_factor(clustered(1_000), 8) as factor:
        for b in (1, 5, 9):
            columns = []
            for part, block in factor._chunks(b):
                columns.extend(range(1_024)[part])
                assert block.shape == (b, part.stop - part.start)
                assert block.numel() * 8 <= max(2**15, 64 * 8 * b)
            assert columns == list(range(1_024))


def test_only_near_outsiders_are_judged(monkeypatch):
    judged = []
    judge = torch_arrays.judged

    def counting(watch, rows, new, rules):
        judged.append(len(rows))
        assert new.shape == (len(watch.picks) - 1, len(rows))
        assert np.isin(rows, watch.near(np.arange(2_000))).all()
        return judge(watch, rows, new, rules)

    monkeypatch.setattr(torch_arrays, "judged", counting)
    found = blocked_greedy(clustered(), 300, RBF(), block=32, device="torch:cpu")
    assert len(found) == 300
    assert judged  # or the test tests nothing
    assert min(judged) < 200  # of 2,000: at first all scores are equal, and all are near


def test_float32_picks_nearly_the_rows_of_the_host():
    X = unit_rows(random_unit(np.random.default_rng(22), 2_000, 32), np.float32)
    host, device = (blocked_greedy(X, 500, RBF(), device=name) for name in ("cpu", "torch:cpu"))
    assert len(np.intersect1d(host.order, device.order)) >= 490
    assert device.log_det == pytest.approx(host.log_det, rel=1e-4)


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 40, 41, 42, 43, 44, 45, 46, 47])
def test_an_interrupt_anywhere_leaves_the_picks_of_whole_blocks(monkeypatch, calls):
    monkeypatch.setattr(torch_arrays, "SCRATCH", 2**16)  # several chunks a block
    X = clustered(600)
    asked = iter(range(calls))
    found = blocked_greedy(
        X, 300, RBF(), block=8, device="torch:cpu", cancelled=lambda: next(asked, None) is None
    )
    assert found.stop_reason is StopReason.INTERRUPTED
    assert found.order.tolist() == reference_greedy(X, 300, RBF()).order[: len(found)].tolist()


def test_growing_keeps_the_rows_and_makes_room():
    X = random_unit(np.random.default_rng(23), 100, 6)
    rows = np.array([3, 7])
    with device_factor(X, 2) as factor:
        factor.extend(X[:1], np.zeros((0, 1)), np.eye(1))
        factor.accept(1)
        before, residual = factor.coordinates(rows), factor.residual.copy()
        factor.grow(9)
        assert factor.capacity == 9
        assert torch.equal(factor.coordinates(rows), before)
        np.testing.assert_array_equal(factor.residual, residual)
        factor.accept(0, rows)
        assert factor.residual[rows].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("layout", ["read-only", "reversed", "every other", "by columns"])
def test_features_may_lie_in_memory_as_they_like(layout):
    X = clustered(300)
    expected = reference_greedy(X, 60, RBF())
    views = {
        "read-only": lambda: X,
        "reversed": lambda: X[::-1].copy()[::-1],
        "every other": lambda: np.repeat(X, 2, axis=0)[::2],
        "by columns": lambda: np.asfortranarray(X),
    }
    view = views[layout]()
    view.setflags(write=False)
    assert_same(blocked_greedy(view, 60, RBF(), device="torch:cpu"), expected)


@pytest.mark.parametrize("gamma", [0.25, np.float64(2.5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_is_the_same_on_arrays_and_tensors(gamma, dtype):
    X = clustered(50, dtype)
    block = RBF(gamma).block(X[:7], X)
    tensors = [torch.from_numpy(X[:7].copy()), torch.from_numpy(X)]
    out = torch.empty(7, 50, dtype=tensors[0].dtype)
    found = RBF(gamma).block(*tensors, out=out)
    assert block.dtype == dtype
    assert found is out
    np.testing.assert_allclose(found.numpy(), block, rtol=10 * np.finfo(dtype).eps)


def test_importing_the_engine_does_not_import_torch():
    code = "import sys, spanset, spanset.greedy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_torch_a_device_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("spanset.greedy.torch_arrays", "spanset.base.devices"):
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"pip install 'spanset\[models\]'"):
        blocked_greedy(clustered(20), 5, RBF(), device="cuda")


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:99", "cuda:-1", "mps", "torch:cuda"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(UsageError, match="there is cpu") as caught:
        blocked_greedy(clustered(20), 5, RBF(), device=name)
    assert caught.value.where == "--device"


def test_the_devices_that_are_there_are_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"card {index}")
    assert devices.resolve_device("cuda") == torch.device("cuda", 0)
    assert devices.resolve_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UsageError, match=r"there is cpu, cuda:0 \(card 0\), cuda:1 \(card 1\)\n"):
        devices.resolve_device("cuda:2")


def test_a_factor_that_cannot_fit_is_refused_before_it_is_made(monkeypatch):
    """40 GiB of factor for 2,621,440 rows and 2,048 picks are not allocated here."""
    X = np.broadcast_to(np.float64(1.0), (2_621_440, 1))
    monkeypatch.setattr(devices, "free_bytes", lambda _: 11.02 * GIB)
    with pytest.raises(SpansetError) as caught:
        blocked_greedy(X, 2_048, RBF(), device="torch:cpu")
    assert "needs 41.1 GiB of memory on cpu, 11.0 GiB are free" in caught.value.what
    assert caught.value.where == "--device"
    assert "--device cpu, --dtype float32 or a smaller -k" in caught.value.fix
    assert "(about 511 picks and given rows fit)" in caught.value.fix


def test_float32_is_not_advised_to_those_who_use_it(monkeypatch):
    monkeypatch.setattr(devices, "free_bytes", lambda _: 1_000)
    with pytest.raises(SpansetError) as caught:
        blocked_greedy(clustered(50, np.float32), 5, RBF(), device="torch:cpu")
    assert caught.value.fix == "use --device cpu or a smaller -k"


def test_growth_that_cannot_fit_is_refused(monkeypatch):
    X = clustered(400)
    counts = np.full(400, 1_000)
    counts[reference_greedy(X, 200, RBF()).order] = 1  # far more picks than the mean promises
    free = iter([np.inf])
    monkeypatch.setattr(devices, "free_bytes", lambda _: next(free, 1_000))
    budget = TokenBudget(counts, 10_000)
    with pytest.raises(SpansetError, match="are free"):
        blocked_greedy(X, budget.most_rows, RBF(), budget=budget, block=8, device="torch:cpu")


def test_a_full_device_is_told_in_our_words_and_left_empty(monkeypatch):
    factors = []

    def full(self, *_):
        factors.append(self)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")

    monkeypatch.setattr(torch_arrays.DeviceFactor, "extend", full)
    with pytest.raises(SpansetError, match=r"needs 1\.0 GiB of memory on cpu, and that is full"):
        blocked_greedy(clustered(50), 5, RBF(), device="torch:cpu")
    left = [value for value in vars(factors[0]).values() if isinstance(value, torch.Tensor)]
    assert not left


@pytest.fixture
def matmul_setting():
    """The process's setting, put back whatever a test does."""
    matmul = torch.backends.cuda.matmul
    if not hasattr(matmul, "fp32_precision"):
        pytest.skip("torch before 2.9 has another switch")
    before = matmul.fp32_precision
    yield matmul
    matmul.fp32_precision = before


@pytest.mark.parametrize("setting", ["none", "tf32", "ieee"])
def test_float32_products_are_exact_while_selecting_and_as_before_after(matmul_setting, setting):
    matmul_setting.fp32_precision = setting
    during = []
    blocked_greedy(
        clustered(50, np.float32),
        5,
        RBF(),
        device="torch:cpu",
        on_progress=lambda _: during.append(matmul_setting.fp32_precision),
    )
    assert set(during) == {"ieee"}
    assert matmul_setting.fp32_precision == setting


def test_the_setting_is_put_back_after_an_error(matmul_setting):
    matmul_setting.fp32_precision = "tf32"

    def fail(_):
        raise KeyError

    with pytest.raises(KeyError):
        blocked_greedy(clustered(50), 5, RBF(), device="torch:cpu", on_progress=fail)
    assert matmul_setting.fp32_precision == "tf32"


def test_a_request_carries_the_device():
    X = clustered(50)
    found = method_named("dpp").choose(Request(X, 20, device="torch:cpu"))
    assert_same(found, reference_greedy(X, 20, RBF()))
    with pytest.raises(UsageError, match="no device 'nowhere'"):
        method_named("dpp").choose(Request(X, 20, device="nowhere"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_a_gpu_picks_what_the_loop_picks():
    for seed in range(40):
        case = random_case(seed, largest=200)
        expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
        for block in (3, 256):
            found = blocked_greedy(
                case.X, case.k, case.kernel, **case.arguments, block=block, device="cuda"
            )
            assert_same(found, expected)
    X = clustered(10_000)
    assert_same(blocked_greedy(X, 500, RBF(), device="cuda"), reference_greedy(X, 500, RBF()))
    torch.backends.cuda.matmul.allow_tf32 = True  # which must not reach the engine
    try:
        single = blocked_greedy(X.astype(np.float32), 500, RBF(), device="cuda")
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    host = blocked_greedy(X.astype(np.float32), 500, RBF())
    assert single.log_det == pytest.approx(host.log_det, rel=1e-4)
