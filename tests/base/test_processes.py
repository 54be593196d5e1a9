"""Work in processes: in order, in others, and ended in silence."""

import os

from spanset.base.processes import end_processes, in_processes


def numbered(item):
    return item, os.getpid()


def test_results_come_in_order_from_other_processes():
    found = list(in_processes(numbered, range(20), 2))
    assert [item for item, _ in found] == list(range(20))
    assert os.getpid() not in {pid for _, pid in found}


def test_whoever_has_enough_may_leave():
    """Warnings are errors here: joblib's, of items done for nothing, does not come."""
    found = in_processes(numbered, range(50), 2)
    assert next(found)[0] == 0
    found.close()
    end_processes()
    assert next(in_processes(numbered, range(3), 2))[0] == 0
