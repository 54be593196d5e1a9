"""The blocked engine on numpy and on torch: what one promises, the other must keep."""

from functools import partial
from importlib.util import find_spec

import pytest

from spanset.greedy import mixed
from spanset.greedy.blocked import blocked_greedy

torch_found = find_spec("torch") is not None
torch_needed = pytest.mark.skipif(not torch_found, reason="torch is not installed")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Torch on one thread: on tensors this small, threads that wait for each other cost tenfold."""
    if not torch_found:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(
    scope="session", params=["cpu", "mixed", pytest.param("torch:cpu", marks=torch_needed)]
)
def greedy(request):
    """`blocked_greedy` on each kind of factor."""
    if request.param != "mixed":
        yield partial(blocked_greedy, device=request.param)
        return
    with pytest.MonkeyPatch.context() as patch:
        # Few witnesses: else all rows of a small case would be known exactly.
        patch.setattr(mixed, "WITNESSES", 4)
        yield partial(blocked_greedy, device="cpu", mixed=True)
