"""A replay gives each request its recorded reply, and each unasked message once, at its place."""

from __future__ import annotations

import pytest

from cnetkit import operations as op, protocol as p
from cnetkit.model import Topology
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


def test_a_command_asked_for_more_often_than_recorded_gets_its_latest_answer_again():
    client = Client((">", 1, command("a")), ("<", 1, ran("1")), (">", 2, command("a")), ("<", 2, ran("2")))
    assert [client.ask(number, command("a"))[0][1] for number in (1, 2, 3)] == [ran("1"), ran("2"), ran("2")]
    ((number, failure),) = client.ask(4, command("b"))
    assert (number, type(failure)) == (4, p.Failure)
    assert "no answer to: run 'b' in web" in failure.reason


def test_how_long_one_waits_is_no_part_of_a_request():
    asked, port = p.Run("web", ["sh", "-c", "a"], timeout=5.0), p.WaitPort("web", 80)
    client = Client((">", 1, asked), ("<", 1, ran("1")), (">", 2, port), ("<", 2, DONE))
    assert client.ask(1, p.Run("web", ["sh", "-c", "a"], timeout=9.0)) == [(1, ran("1"))]
    assert client.ask(2, p.WaitPort("web", 80, timeout=1.0)) == [(2, DONE)]
    ((_, failure),) = client.ask(3, p.WaitPort("web", 81))
    assert type(failure) is p.Failure


@pytest.mark.parametrize(("step", "is_skipped"), [(command("a"), True), (p.Build([op.AddNode("b", "host")]), False)])
def test_only_commands_may_be_skipped(step, is_skipped):
    client = Client((">", 1, step), ("<", 1, DONE), (">", 2, CAPTURE), ("<", 2, DONE))
    ((_, answer),) = client.ask(1, CAPTURE)
    assert (answer == DONE) is is_skipped
    if not is_skipped:
        assert "build AddNode b comes first: run the cells above this one" in answer.reason
        assert client.ask(2, step) == [(2, DONE)]


def test_requests_that_are_not_part_of_a_session_change_nothing():
    client = Client((">", 1, END), ("<", 1, DONE))
    assert client.ask(1, p.Cancel(7)) == []
    assert client.ask(2, END) == [(2, DONE)]


BLOCKS = [p.FrameBlock(number, "web", b"block %d" % number) for number in (1, 2)]
BEFORE, AFTER = ([p.Captured(Topology(time_ns=time + number)) for number in (1, 2)] for time in (0, 10))
TWO = [
    (">", 1, p.Capture(1)), ("<", 1, BEFORE[0]), (">", 2, command("a")), ("<", 0, BLOCKS[0]), ("<", 2, ran("a")),
    (">", 3, p.EndCapture(1)), ("<", 3, AFTER[0]),
    (">", 4, p.Capture(2)), ("<", 4, BEFORE[1]), (">", 5, command("b")), ("<", 5, ran("b")),
    (">", 6, p.EndCapture(2)), ("<", 0, BLOCKS[1]), ("<", 6, AFTER[1]),
]  # fmt: skip


def captured(client, capture, *words):
    """What a capture in which these commands run has: what the commands print, the network before and after, and the frames."""
    told = client.ask(100 + capture, p.Capture(capture))
    printed = []
    for at, word in enumerate(words):
        told += (answers := client.ask(200 + at, command(word)))
        printed += [answer for number, answer in answers if number]
    told += (ended := client.ask(300 + capture, p.EndCapture(capture)))
    reply = ended[-1][1]
    blocks = [answer for number, answer in told if isinstance(answer, p.FrameBlock)]
    assert {block.capture for block in blocks} <= {capture}
    return printed, reply.before.time_ns, reply.topology.time_ns, [block.data for block in blocks]


FIRST_CELL = [ran("a")], 1, 11, [b"block 1"]
SECOND_CELL = [ran("b")], 2, 12, [b"block 2"]


def test_a_cell_that_captures_gives_the_same_capture_when_it_is_run_again():
    client = Client(*TWO)
    assert captured(client, 1, "a") == FIRST_CELL
    assert captured(client, 2, "a") == FIRST_CELL
    assert captured(client, 3, "b") == SECOND_CELL
    assert captured(client, 4, "a") == FIRST_CELL
    assert captured(client, 5, "b") == SECOND_CELL


def test_a_cell_that_captures_may_be_skipped_and_run_later():
    client = Client(*TWO)
    assert captured(client, 1, "b") == SECOND_CELL
    assert captured(client, 2, "a") == FIRST_CELL


def test_what_was_not_recorded_uses_nothing_up():
    client = Client(*TWO)
    client.ask(1, p.Capture(1))
    ((_, failure),) = client.ask(2, command("c"))
    assert isinstance(failure, p.Failure)
    client.ask(3, p.EndCapture(1))
    assert captured(client, 2, "a") == FIRST_CELL
    assert captured(client, 3, "b") == SECOND_CELL


def test_a_command_in_a_cell_that_is_run_again_gets_the_answer_of_that_cell():
    """The same command is the next one that was recorded, with another answer."""
    client = Client(*TWO, (">", 7, command("a")), ("<", 7, ran("later")))
    assert captured(client, 1, "a") == FIRST_CELL
    assert captured(client, 2, "b") == SECOND_CELL
    assert captured(client, 3, "a") == FIRST_CELL
    assert client.ask(9, command("a")) == [(9, ran("later"))]


def test_a_capture_in_which_nothing_ran_is_the_next_one():
    quiet = [
        (">", 1, p.Capture(1)),
        ("<", 1, BEFORE[0]),
        (">", 2, p.EndCapture(1)),
        ("<", 0, BLOCKS[0]),
        ("<", 2, AFTER[0]),
    ]
    client = Client(*quiet)
    assert captured(client, 1) == ([], 1, 11, [b"block 1"])
    assert captured(client, 2) == ([], 1, 11, [b"block 1"])


@pytest.mark.parametrize(
    ("recorded", "asked", "words"),
    [
        (command("hello there"), command("hello their"), "recorded was: run 'hello there' in web; restore the cell"),
        (p.Build([op.AddNode("b", "host")]), command("x"), "its next answer is to: build AddNode b; run the lab live"),
    ],
    ids=["changed", "other"],
)  # fmt: skip
def test_it_says_what_was_recorded_and_what_to_do(recorded, asked, words):
    ((_, failure),) = Client((">", 1, recorded), ("<", 1, DONE)).ask(1, asked)
    assert words in failure.reason


def test_the_network_is_built_once():
    build = p.Build([op.AddNode("b", "host")])
    client = Client((">", 1, build), ("<", 1, DONE))
    client.ask(1, build)
    ((_, failure),) = client.ask(2, build)
    assert "to begin anew, restart the kernel and run the cells from the first one" in failure.reason
