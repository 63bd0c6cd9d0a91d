"""One thread of a process at a time, and none that waits for another for long, or for a client inside."""

import socket
import threading
import time

import pytest

from service.gate import Bytes, Gate, has_come, send


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    near.settimeout(10)
    with near, far:
        yield near, far


def elsewhere(act):
    """What a function returns in another thread."""
    found = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join(20)
    return found[0]


def test_threads_take_turns():
    gate, inside, most = Gate(seconds=20), [], []

    def work():
        for _ in range(50):
            gate.enter()
            inside.append(1)
            most.append(len(inside))
            time.sleep(0)
            inside.pop()
            gate.leave()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == 400
    assert max(most) == 1


def test_whoever_has_waited_goes_around_once_for_all_of_its_request():
    gate = Gate(seconds=0.01)
    gate.enter()
    waits = []

    def go_around():
        for _ in range(3):
            started = time.monotonic()
            gate.enter()
            waits.append(time.monotonic() - started)
        held = gate.held
        gate.leave()  # which is nobody else's turn that it gives away
        return held

    assert elsewhere(go_around) is False
    assert waits[0] >= 0.01 > waits[1] + waits[2]
    assert gate.held
    gate.leave()
    assert elsewhere(lambda: (gate.enter(), gate.held)[1])


def test_a_thread_that_waits_for_its_client_lets_others_in(pair):
    near, far = pair
    gate = Gate(seconds=20)
    body = Bytes(near, gate)
    far.sendall(b"GET")
    assert body.chunk() == b"GET"
    assert gate.held

    def answer():
        gate.enter()  # comes in only since the other one waits for its client
        far.sendall(b" /")
        gate.leave()

    thread = threading.Thread(target=answer)
    thread.start()
    assert body.chunk() == b" /"
    assert gate.held
    thread.join(20)


def test_a_client_that_takes_its_answer_slowly_is_served_outside(pair):
    near, far = pair
    gate, data = Gate(seconds=20), bytes(range(256)) * 20_000
    gate.enter()
    taken = []

    def take():
        gate.enter()
        gate.leave()
        while sum(map(len, taken)) < len(data):
            taken.append(far.recv(65_536))

    thread = threading.Thread(target=take)
    thread.start()
    send(near, data, gate)
    thread.join(20)
    assert b"".join(taken) == data
    assert not gate.held


def test_a_short_answer_is_sent_inside(pair):
    near, far = pair
    gate = Gate()
    gate.enter()
    send(near, b"short", gate)
    assert gate.held
    assert far.recv(100) == b"short"
    far.close()
    with pytest.raises(BrokenPipeError):
        send(near, b"more", gate)


def test_whether_something_has_come(pair):
    near, far = pair
    assert not has_come(near, 0)
    far.sendall(b"x")
    assert has_come(near, 1)
    near.recv(1)
    far.close()
    assert has_come(near, 1), "that the client has gone is also something to be seen to"


def test_leaving_tells_whether_somebody_else_came_in():
    gate = Gate(seconds=20)
    gate.enter()
    assert not gate.leave()
    gate.enter()
    entered = threading.Event()

    def come_in():
        gate.enter()
        entered.set()
        gate.leave()

    thread = threading.Thread(target=come_in)
    thread.start()
    while not gate.leave():  # until the other one waits for it
        gate.enter()
    assert entered.wait(20)
    thread.join(20)


def test_whoever_goes_around_leaves_another_one_inside():
    gate = Gate(seconds=0.01)
    gate.enter()
    assert elsewhere(lambda: (gate.enter(), gate.leave())[1])


def test_a_gate_that_is_left_for_a_client_is_deserted_unless_somebody_comes_in(pair):
    near, far = pair
    called = []
    gate = Gate(lambda: (called.append(True), far.sendall(b" /")), seconds=20)
    body = Bytes(near, gate)
    far.sendall(b"GET")
    assert body.chunk() == b"GET"
    assert called == []
    assert body.chunk() == b" /"
    assert called == [True]
