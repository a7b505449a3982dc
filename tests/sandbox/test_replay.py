"""A replay gives each request its recorded reply, and each unasked message once, at its place."""

from __future__ import annotations

import pytest

from cnetkit import operations as op, protocol as p
from cnetkit.sandbox.replay import Replay
from cnetkit.sandbox.session import Session

HELLO, START, CAPTURE, END = p.Hello("demo"), p.Start("web", ["date"]), p.Capture(1), p.EndCapture(1)
WELCOME, STARTED, DONE = p.Welcome("6.1", 7), p.Started(1, 8), p.Done()
FIRST, SECOND, EXITED = p.Output(1, 1, b"first"), p.Output(1, 1, b"second"), p.Exited(1, 0)


def ran(word):
    return p.Ran(0, word.encode(), b"")


def command(word):
    return p.Run("web", ["echo", word])


class Client:
    """A client of a replay; `messages` are the recorded ones: ("> ", number, request) or ("<", number, answer)."""

    def __init__(self, *messages):
        encoded = ((way == ">", number, p.encode(number, message)[8:]) for way, number, message in messages)
        self.replay = Replay(Session("2026-01-01", "6.1", "demo", tuple(encoded)))
        self.received = []
        self.replay.open(lambda number, body: self.received.append((number, p.answer(body))), lambda reason: None)

    def ask(self, number, request):
        """What the client receives until the replay waits for the next request."""
        self.received.clear()
        self.replay.send(p.encode(number, request))
        return list(self.received)


def test_a_reply_has_the_number_of_the_request_that_is_answered_now():
    client = Client((">", 1, HELLO), ("<", 1, WELCOME), (">", 2, START), ("<", 2, STARTED))
    assert client.ask(41, HELLO) == [(41, WELCOME)]
    assert client.ask(42, START) == [(42, STARTED)]


def test_unasked_messages_up_to_the_next_request_come_with_a_reply():
    """A client may wait for the output of a program, and asks nothing until it has it."""
    client = Client(
        (">", 1, START), ("<", 0, FIRST), ("<", 1, STARTED), ("<", 0, SECOND), ("<", 0, EXITED),
        (">", 2, CAPTURE), ("<", 2, DONE),
    )  # fmt: skip
    assert client.ask(1, START) == [(0, FIRST), (1, STARTED), (0, SECOND), (0, EXITED)]
    assert client.ask(2, CAPTURE) == [(2, DONE)]


def test_unasked_messages_after_the_next_request_wait_for_it():
    client = Client(
        (">", 1, START), ("<", 1, STARTED), (">", 2, CAPTURE), ("<", 0, FIRST), ("<", 2, DONE), ("<", 0, EXITED)
    )
    assert client.ask(1, START) == [(1, STARTED)]
    assert client.ask(2, CAPTURE) == [(0, FIRST), (2, DONE), (0, EXITED)]


def test_the_reply_to_another_request_comes_with_that_request_only():
    """Two threads asked at the same time; the second one was answered first."""
    messages = (">", 1, command("a")), (">", 2, command("b")), ("<", 2, ran("b")), ("<", 0, FIRST), ("<", 1, ran("a"))
    client = Client(*messages)
    assert client.ask(1, command("a")) == [(0, FIRST), (1, ran("a"))]
    assert client.ask(2, command("b")) == [(2, ran("b"))]
    client = Client(*messages)
    assert client.ask(1, command("b")) == [(1, ran("b")), (0, FIRST)]
    assert client.ask(2, command("a")) == [(2, ran("a"))]


def test_each_recorded_reply_is_given_once():
    client = Client((">", 1, command("a")), ("<", 1, ran("1")), (">", 2, command("a")), ("<", 2, ran("2")))
    assert [client.ask(number, command("a"))[0][1] for number in (1, 2)] == [ran("1"), ran("2")]
    ((number, failure),) = client.ask(3, command("a"))
    assert (number, type(failure)) == (3, p.Failure)
    assert "run 'a' in web (it has ended)" in failure.reason


@pytest.mark.parametrize(("step", "is_skipped"), [(command("a"), True), (p.Build([op.AddNode("b", "host")]), False)])
def test_only_commands_may_be_skipped(step, is_skipped):
    client = Client((">", 1, step), ("<", 1, DONE), (">", 2, CAPTURE), ("<", 2, DONE))
    ((_, answer),) = client.ask(1, CAPTURE)
    assert (answer == DONE) is is_skipped
    if not is_skipped:
        assert "its next answer is to: build AddNode b" in answer.reason
        assert client.ask(2, step) == [(2, DONE)]


def test_requests_that_are_not_part_of_a_session_change_nothing():
    client = Client((">", 1, END), ("<", 1, DONE))
    assert client.ask(1, p.Cancel(7)) == []
    assert client.ask(2, END) == [(2, DONE)]
