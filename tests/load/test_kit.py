"""The clients of the kit count right what a server does wrong."""

import socket
import threading
import time

import pytest
from load.connection import Answer, Connection, LostError, request
from load.findings import Finding, table, write_between
from load.keep_alive import Load, Tally
from load.programs import everything, programs
from load.questions import live, mixed, predict, refused


@pytest.fixture
def answering():
    """``answering(bytes, …)`` listens and gives each connection the next of these; returns the address."""
    listeners = []

    def listen(*answers):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve():
            for number, answer in enumerate(answers, start=1):
                connection, _ = listener.accept()
                if number == len(answers):
                    listener.close()  # whoever comes then is refused
                connection.recv(100_000)
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[:2]

    yield listen
    for listener in listeners:
        listener.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: close\r\n\r\n" + b'{"status":"live"}'


@pytest.mark.parametrize(
    "whole",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        OK.replace(b"Content-Length: 17\r\n", b""),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11;x=y\r\n{"status":"live"}\r\n0\r\n\r\n',
    ],
)
def test_answers_of_every_framing_are_read(answering, whole):
    with Connection(answering(whole)) as connection:
        answer = connection.ask(live().message)
    assert (answer.status, answer.body) == (200, b'{"status":"live"}')
    assert live().complaint(answer) == ""


@pytest.mark.parametrize("length", [0, 10, len(OK) - 1])
def test_a_part_of_an_answer_is_a_loss(answering, length):
    with Connection(answering(OK[:length])) as connection, pytest.raises(LostError):
        connection.ask(live().message)


def test_a_load_counts_wrong_and_lost_and_refused(answering):
    address = answering(OK, OK.replace(b"live", b"dead"), OK[:20], OK)
    with Load(address, [live()], clients=1) as load:
        deadline = time.monotonic() + 60
        while load.answers < 3:  # some may have come already, so that no three more are to be waited for
            assert time.monotonic() < deadline
            time.sleep(0.01)
    tally = load.tally
    assert tally.statuses == {200: 3}
    assert tally.wrong == 1
    assert len(tally.lost) == 1
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()
    with Load(nobody, [live()], clients=1) as load:
        while not load.tally.refused:
            time.sleep(0.01)
    assert load.tally.answers == 0


def test_a_load_that_is_not_answered_says_so(answering):
    with (
        Load(answering(), [live()], clients=1, timeout=1) as load,
        pytest.raises(TimeoutError, match="5 req"),
    ):
        load.wait_for(5, seconds=0.2)


def test_percentiles():
    assert Tally().percentile(99) == 0
    assert Tally(seconds=[0.5]).percentile(50) == 0.5
    assert Tally(seconds=[0.01 * step for step in range(1, 101)]).percentile(99) == pytest.approx(1, abs=0.02)


def test_a_question_knows_a_wrong_answer():
    wrong = Answer(200, {}, b'{"predictions": [{"filename": null, "text": "43"}]}')
    assert "43" in predict("42").complaint(wrong)
    assert predict("43").complaint(wrong) == ""
    assert "500" in predict("42").complaint(Answer(500, {}, b""))
    no_problem = Answer(415, {"content-type": "text/html"}, b"{}")
    assert refused("text", request("GET", "/"), 415).complaint(no_problem)
    assert refused("text", request("GET", "/"), 404).complaint(no_problem)


@pytest.mark.load
def test_every_question_is_answered_right(server):
    with Connection(server.address) as connection:
        for question in everything(server.address):
            assert question.complaint(connection.ask(question.message)) == "", question.name


@pytest.mark.load
def test_the_service_offers_everything_that_programs_ask(server):
    names = {question.name for question in everything(server.address)}
    assert names == {question.name for question in (*mixed(), *programs())}


@pytest.mark.parametrize("old", ["", "old\n"])
def test_findings_are_written_between_their_marks(tmp_path, old):
    page = tmp_path / "page.md"
    end = "<!-- end -->\n\nB\n\n<!-- servers -->\n<!-- end -->\n"
    page.write_text(f"# A\n\n<!-- figures -->\n{old}{end}", "utf-8")
    for _ in range(2):
        write_between(page, "figures", table([Finding("a", "b", "c", True)]))
    text = page.read_text("utf-8")
    assert text.startswith("# A\n\n<!-- figures -->\n| what")
    assert text.endswith("| a | b | c | yes |\n" + end)
    with pytest.raises(ValueError, match="nothing"):
        write_between(page, "nothing", "")
