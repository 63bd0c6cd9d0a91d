"""Nobody passes a rendezvous before all have come, and who waits long looks up."""

import os
import sys
import time

import numpy as np
import pytest

from digitnet.crew.rendezvous import Rendezvous, shared_zeros

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a crew needs Linux")


def _in_a_process(work):
    """Fork, work there, and come back with the process's number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def _status(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_everybody_sees_what_everybody_wrote_before():
    members, turns = 3, 300
    rendezvous, board = Rendezvous(members), shared_zeros(members, np.int64)

    def work(me):
        for turn in range(1, turns + 1):
            board[me] = turn
            rendezvous.meet(me)
            if not (board == turn).all():
                os._exit(2)
            rendezvous.meet(me)

    pids = [_in_a_process(lambda me=me: work(me)) for me in range(members)]
    assert [_status(pid) for pid in pids] == [0] * members
    assert (board == turns).all()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_who_waits_long_looks_whether_anybody_will_come(monkeypatch):
    monkeypatch.setattr("digitnet.crew.rendezvous._NAP_SECONDS", 0.01)
    # On a busy machine each of them may take milliseconds, and the other is there before the first nap.
    monkeypatch.setattr("digitnet.crew.rendezvous._POLITE_TRIES", 5)
    rendezvous, looks = Rendezvous(2), []
    rendezvous.look = lambda: looks.append(1)

    def late():
        time.sleep(0.3)
        rendezvous.meet(1)

    pid = _in_a_process(late)
    rendezvous.meet(0)
    assert _status(pid) == 0
    assert looks


def test_zeros_are_of_the_size_and_kind_that_was_asked_for():
    for size in (0, 3, 1 << 20):
        vector = shared_zeros(size, np.float64)
        assert (vector.shape, vector.dtype) == ((size,), np.float64)
        assert not vector.any()
        assert vector.ctypes.data % 64 == 0 or size == 0
