"""The messages between a client and an agent, and their encoding in a byte stream. It does no I/O.

A message is a big-endian u32 length, a big-endian u32 number, and a msgpack body of that length. A request has a number above 0,
and its reply has the same number; notifications have 0. The stream carries no file descriptors and no code, so any pair of pipes
(a socket, SSH, a serial port, a file) can transport it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

import msgspec

from cnetkit.model import Event, Loss, NodeKind, Topology
from cnetkit.operations import AnyOperation, Message as Message

VERSION = 1
MAX_MESSAGE = 64 << 20
_HEAD = struct.Struct(">II")

# --- Requests --------------------------------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message on a stream. If `lab` is not empty, the agent enters namespaces of its own."""

    lab: str = ""
    version: int = VERSION
    host: bool = False
    """Root only: stay in the machine's user namespace."""


class Build(Message, frozen=True):
    """Carries out all operations in order. If one fails, the earlier ones are undone."""

    operations: list[AnyOperation]


class Run(Message, frozen=True):
    """Runs a program in a node and waits until it ends, at most `timeout` seconds (0: no limit).

    Here and in Start and Serve, `node` may be `POD/CONTAINER`: a container of the pod, which is made on first use.
    """

    node: str
    argv: list[str]
    input: bytes = b""
    timeout: float = 0.0


class Start(Message, frozen=True):
    """Starts a program and replies at once; Output and Exited follow. If `rows` is not 0, it gets a terminal of that size."""

    node: str
    argv: list[str]
    rows: int = 0
    columns: int = 0
    environment: dict[str, str] = {}


class Serve(Message, frozen=True):
    """Starts one of the agent's own small servers. The reply comes when it listens.

    `kind`: http, tcp-echo, udp-echo; or tcp-proxy and udp-proxy, which send on to `target`, `172.17.0.2:80` for example.
    """

    node: str
    kind: str
    port: int
    address: str = ""
    target: str = ""
    title: str = ""
    """Its name in the list of processes; empty: `KIND-server PORT`."""


class WaitPort(Message, frozen=True):
    """Waits until a socket in the node listens on the port, at most `timeout` seconds. `protocol`: tcp or udp."""

    node: str
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    timeout: float = 10.0


class Signal(Message, frozen=True):
    """Sends a signal to a process of Start or Serve."""

    process: int
    number: int


class Cancel(Message, frozen=True):
    """Kills the program of the Run request with this number, which is then answered."""

    number: int


class Input(Message, frozen=True):
    """Bytes for the standard input of a started process; empty: end of input."""

    process: int
    data: bytes


class Resize(Message, frozen=True):
    """Changes the size of a started process's terminal."""

    process: int
    rows: int
    columns: int


class Capture(Message, frozen=True):
    """Starts a capture in the given nodes; empty: in all. `verdicts`: netfilter reports what each rule decides."""

    capture: int
    nodes: list[str] = []
    verdicts: bool = True
    megabytes: int = 32
    """Ring memory, shared by all nodes."""
    filter: str = ""
    """Captures only matching frames, in tcpdump's language; empty: all frames."""


class EndCapture(Message, frozen=True):
    """Ends a capture. All its FrameBlocks come before the reply."""

    capture: int


class Send(Message, frozen=True):
    """Sends a frame on an interface, unchanged (packet(7))."""

    node: str
    interface: str
    frame: bytes


class Programs(Message, frozen=True):
    """Says in which folder the programs called `name` are, for AddNode. It is not recorded in sessions: elsewhere the folder is
    another."""

    name: str
    folder: str


class Follow(Message, frozen=True):
    """From now on, each network namespace that programs make in a node becomes a node of its own; Adopted and Gone tell of them.

    `names` is a command that runs in the node and prints lines of an identifier and a name. A namespace has the name whose
    identifier stands in the command line or the mounts of its process or of that one's ancestors.
    """

    node: str
    kind: NodeKind
    names: list[str] = []


class Snapshot(Message, frozen=True):
    """Requests the current topology."""


class Status(Message, frozen=True):
    """Requests the agent's state. With `topology` it includes what a picture of the network shows. With `within` the reply waits
    until that has changed since the last reply, for at most that many seconds. It is not recorded in sessions."""

    topology: bool = False
    within: float = 0.0


# --- Replies and notifications ---------------------------------------------------------------------------------------


class Done(Message, frozen=True):
    """The request succeeded, without a result."""


class Welcome(Message, frozen=True):
    """The reply to Hello. `limits`: what this system did not allow, each as a sentence."""

    kernel: str
    pid: int
    limits: list[str] = []


class Refused(Message, frozen=True):
    """The system refused a sandbox: `step` is what failed (unshare, rights or mount), `errno` its error."""

    step: str
    errno: int


class Failure(Message, frozen=True):
    """The request failed; `reason` is a sentence."""

    reason: str
    crash: bool = False
    """A fault of the agent, not of the request."""


class Ran(Message, frozen=True):
    """The reply to Run. `status` as in a shell: above 128 is a signal. `timed_out`: it was killed by the time limit."""

    status: int
    output: bytes
    errors: bytes
    timed_out: bool = False


class Started(Message, frozen=True):
    """The reply to Start and Serve. `process` is the agent's number of the process, `pid` its process id in the sandbox."""

    process: int
    pid: int


class Captured(Message, frozen=True):
    """The reply to Capture and EndCapture: the topology at that time, and what the kernel dropped."""

    topology: Topology
    losses: list[Loss] = []
    partly_ns: tuple[int, int] = (0, 0)
    """From when until when (CLOCK_REALTIME) some nodes were captured and others were not: rings start and stop in turn."""
    before: Topology | None = None
    """From a replay at a capture's end: the network at its beginning, if that was not known then."""


class State(Message, frozen=True):
    """The reply to Snapshot and Status."""

    lab: str
    nodes: list[str]
    client: int
    started_ns: int
    topology: Topology | None = None


class FrameBlock(Message, frozen=True):
    """A TPACKET_V3 block as the kernel filled it, in native byte order (linux/if_packet.h)."""

    capture: int
    node: str
    data: bytes


class Events(Message, frozen=True):
    """Events of a capture, in the order in which the agent read them."""

    capture: int
    events: list[Event]


class Adopted(Message, frozen=True):
    """A network namespace that a program made in the node `host` is a node now."""

    node: str
    kind: NodeKind
    host: str


class Gone(Message, frozen=True):
    """An adopted node is none any more: nothing runs in its network namespace, and nothing keeps it."""

    node: str


class Output(Message, frozen=True):
    """Bytes that a started process has written; `stream` is 1 or 2."""

    process: int
    stream: int
    data: bytes


class Exited(Message, frozen=True):
    """A started process has ended."""

    process: int
    status: int


Request = (
    Hello | Build | Run | Start | Serve | WaitPort | Signal | Cancel | Input | Resize
    | Capture | EndCapture | Send | Programs | Follow | Snapshot | Status
)  # fmt: skip
Reply = Done | Welcome | Refused | Failure | Ran | Started | Captured | State
Notification = FrameBlock | Events | Adopted | Gone | Output | Exited

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Reply | Notification] = msgspec.msgpack.Decoder(Reply | Notification)


def encode(number: int, message: Message) -> bytes:
    """Encodes a message with its head."""
    body = _encoder.encode(message)
    return _HEAD.pack(len(body), number) + body


def encode_before(message: FrameBlock, size: int) -> bytes:
    """Encodes a message whose data is empty as if it had `size` bytes of data, which must follow on the stream."""
    body = _encoder.encode(message).removesuffix(b"\xc4\0") + b"\xc6" + size.to_bytes(4, "big")  # msgpack's bin 32
    return _HEAD.pack(len(body) + size, 0) + body


def request(body: bytes | memoryview) -> Request:
    """Decodes a request. msgspec.ValidationError if it is none."""
    return _requests.decode(body)


def answer(body: bytes | memoryview) -> Reply | Notification:
    """Decodes a reply or a notification. msgspec.ValidationError if it is none."""
    return _answers.decode(body)


class Splitter:
    """Splits a byte stream into (number, body) pairs. ValueError if the stream violates the protocol."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Adds received bytes, and yields the messages that are now complete."""
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
