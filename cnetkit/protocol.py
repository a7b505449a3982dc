"""The messages between a client and an agent, and how they stand on a stream of bytes.

One message is a big-endian u32 length, a u32 number and a msgpack body of that length. A request carries a number above 0 and
its reply the same; messages that answer nothing carry 0. No file descriptor and no object code travels, so any pair of
pipes (a socket, SSH, a serial port, a file) can carry the stream. This module does no I/O.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

import msgspec

from cnetkit.model import Event, Loss, Topology
from cnetkit.operations import AnyOperation, Message as Message

VERSION = 1
MAX_MESSAGE = 64 << 20
_HEAD = struct.Struct(">II")

# --- Requests --------------------------------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message on a stream. The agent leaves the caller's namespaces when `lab` is not empty."""

    lab: str = ""
    version: int = VERSION
    host: bool = False
    """Root only: build in the real host's user namespace."""


class Build(Message, frozen=True):
    """Carries out all operations in order; where one fails, what the earlier ones built is taken away again."""

    operations: list[AnyOperation]


class Run(Message, frozen=True):
    """Runs a program in a node and waits for its end. `timeout` in seconds.

    Here and in the next two, `node` may be `POD/CONTAINER`, which is made when first named: a place of its own in the pod.
    """

    node: str
    argv: list[str]
    input: bytes = b""
    timeout: float = 0.0


class Start(Message, frozen=True):
    """Starts a program and replies at once; Output and Exited follow. With `rows` it gets a terminal of that size."""

    node: str
    argv: list[str]
    rows: int = 0
    columns: int = 0
    environment: dict[str, str] = {}


class Serve(Message, frozen=True):
    """Starts one of the agent's own small servers; the reply comes when it listens. `kind`: http, tcp-echo, udp-echo."""

    node: str
    kind: str
    port: int
    address: str = ""


class WaitPort(Message, frozen=True):
    """Waits until a socket in the node listens on the port, at most `timeout` seconds. `protocol`: tcp or udp."""

    node: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    timeout: float = 10.0


class Signal(Message, frozen=True):
    """Sends a signal to a process that Start or Serve began."""

    process: int
    number: int


class Cancel(Message, frozen=True):
    """Ends the program that the Run request with this number waits for; that request is then answered."""

    number: int


class Input(Message, frozen=True):
    """Bytes for a started process's standard input; empty: end of input."""

    process: int
    data: bytes


class Resize(Message, frozen=True):
    """The size of the terminal that a started process has."""

    process: int
    rows: int
    columns: int


class Capture(Message, frozen=True):
    """Begins a capture in the named nodes (empty: in all). `verdicts`: ask netfilter to report what each rule decides."""

    capture: int
    nodes: list[str] = []
    verdicts: bool = True
    megabytes: int = 32
    """Ring memory for all nodes together."""
    filter: str = ""
    """Which frames to capture, in tcpdump's language; empty: all."""


class EndCapture(Message, frozen=True):
    """Ends a capture; every FrameBlock of it stands on the stream before the reply."""

    capture: int


class Send(Message, frozen=True):
    """Puts one frame onto an interface as it is (packet(7))."""

    node: str
    interface: str
    frame: bytes


class Snapshot(Message, frozen=True):
    """Asks for the topology as it is now."""


class Status(Message, frozen=True):
    """Asks who and what this agent is; with `topology` also for what a picture of the network shows, at once or as soon as
    that has changed since it was told last, `within` so many seconds at most. No session keeps it."""

    topology: bool = False
    within: float = 0.0


# --- Replies and unasked messages ------------------------------------------------------------------------------------


class Done(Message, frozen=True):
    """It was done, and there is nothing more to say."""


class Welcome(Message, frozen=True):
    """The answer to Hello. `limits`: what this system did not allow, each as a sentence."""

    kernel: str
    pid: int
    limits: list[str] = []


class Refused(Message, frozen=True):
    """The system refuses the sandbox: `step` is the call that failed, `errno` its error."""

    step: str
    errno: int


class Failure(Message, frozen=True):
    """The request was not carried out; `reason` is one sentence."""

    reason: str
    crash: bool = False
    """The agent is at fault, not the request."""


class Ran(Message, frozen=True):
    """`status` as a shell gives it: above 128 is a signal. `timed_out`: the time limit ended it."""

    status: int
    output: bytes
    errors: bytes
    timed_out: bool = False


class Started(Message, frozen=True):
    """`process` is the agent's number for it, `pid` its process id in the sandbox."""

    process: int
    pid: int


class Captured(Message, frozen=True):
    """What Capture and EndCapture reply: the topology then, and what was lost."""

    topology: Topology
    losses: list[Loss] = []


class State(Message, frozen=True):
    """The answer to Snapshot and Status."""

    lab: str
    nodes: list[str]
    client: int
    started_ns: int
    topology: Topology | None = None


class FrameBlock(Message, frozen=True):
    """One TPACKET_V3 block as the kernel filled it, in this machine's byte order (linux/if_packet.h)."""

    capture: int
    node: str
    data: bytes


class Events(Message, frozen=True):
    """Events of a capture, in the order in which they were read."""

    capture: int
    events: list[Event]


class Output(Message, frozen=True):
    """Bytes that a started process wrote; `stream` is 1 or 2."""

    process: int
    stream: int
    data: bytes


class Exited(Message, frozen=True):
    """A started process has ended."""

    process: int
    status: int


Request = (
    Hello | Build | Run | Start | Serve | WaitPort | Signal | Cancel | Input | Resize
    | Capture | EndCapture | Send | Snapshot | Status
)  # fmt: skip
Reply = Done | Welcome | Refused | Failure | Ran | Started | Captured | State
Unasked = FrameBlock | Events | Output | Exited

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Reply | Unasked] = msgspec.msgpack.Decoder(Reply | Unasked)


def encode(number: int, message: Message) -> bytes:
    """The message as it stands on the stream."""
    body = _encoder.encode(message)
    return _HEAD.pack(len(body), number) + body


def encode_before(message: FrameBlock, size: int) -> bytes:
    """What stands on the stream before `size` bytes of data, for a message that has none yet. The data follow as they are."""
    body = _encoder.encode(message).removesuffix(b"\xc4\0") + b"\xc6" + size.to_bytes(4, "big")  # msgpack's bin 32
    return _HEAD.pack(len(body) + size, 0) + body


def request(body: bytes | memoryview) -> Request:
    """Decodes a request. msgspec.ValidationError where it is none."""
    return _requests.decode(body)


def answer(body: bytes | memoryview) -> Reply | Unasked:
    """Decodes a reply or an unasked message. msgspec.ValidationError where it is none."""
    return _answers.decode(body)


class Splitter:
    """Cuts a stream of bytes into (number, body) pairs. ValueError where the stream is not one of this protocol."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Takes the next bytes of the stream and yields the messages that are complete with them."""
        pending = self._pending
        pending += data
        position = 0
        try:
            while len(pending) - position >= _HEAD.size:
                length, number = _HEAD.unpack_from(pending, position)
                if length > MAX_MESSAGE:
                    raise ValueError(f"a message of {length} bytes")
                end = position + _HEAD.size + length
                if len(pending) < end:
                    break
                yield number, bytes(pending[position + _HEAD.size : end])
                position = end
        finally:
            del pending[:position]
