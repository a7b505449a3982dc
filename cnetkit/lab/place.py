"""A place where programs run: a node, or a container of a pod. It knows nothing of networks."""

from __future__ import annotations

import ipaddress
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from cnetkit import protocol as p
from cnetkit.lab.programs import Program, RunResult, check_port, command_line
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.site import Site


_LARGEST = 16_000_000
"""The most bytes of a file that are read."""
_FILES = {"read": f'head -c {_LARGEST + 1} < "$1"', "written": 'cat > "$1"'}
"""The shell commands that have a file read or written."""


class Place:
    """`servers`: the servers started here, by protocol (tcp, udp) and port."""

    def __init__(self, site: Site, name: str, servers: dict[tuple[str, int], Program]) -> None:
        self.site, self.name, self.servers = site, name, servers

    def run(
        self, command: str | list[str], *, timeout: float = 60.0, input: str | bytes = "", check: bool = False
    ) -> RunResult:
        """Runs a command and waits for its end, at most `timeout` seconds. A string goes to sh(1).

        CnetkitError if the program does not exist, and with `check` if it fails.
        """
        data = input.encode() if isinstance(input, str) else input
        answer = self.site.request(p.Run(self.name, command_line(command), data, timeout), p.Ran)
        text = command if isinstance(command, str) else shlex.join(command_line(command))
        output, errors = (data.decode(errors="replace") for data in (answer.output, answer.errors))
        result = RunResult(self.name, text, answer.status, output, errors, answer.timed_out)
        return result.check() if check else result

    def start(self, command: str | list[str]) -> Program:
        """Starts a command and does not wait for it. CnetkitError if the program does not exist."""
        started = self.site.request(p.Start(self.name, command_line(command)), p.Started)
        text = command if isinstance(command, str) else shlex.join(command_line(command))
        return Program(self.site.sandbox, self.name, text, started)

    def wait_port(self, port: int, *, protocol: Literal["tcp", "udp"] = "tcp", timeout: float = 10.0) -> None:
        """Waits until a program listens on a port here, for example one that `start` has started. The servers below listen when
        their call returns. CnetkitError if nothing listens after `timeout` seconds."""
        check_port(port)
        if protocol not in ("tcp", "udp"):
            raise CnetkitError(f"{protocol!r} is not a protocol to wait for: choose 'tcp' or 'udp'")
        self.site.request(p.WaitPort(self.name, port, protocol, timeout), p.Done)

    def write_file(self, path: str | PurePath, content: str | bytes) -> None:
        """Writes a file here, below /tmp, /run, /var/tmp or /dev/shm, in a host also below /etc, /var/lib and the like: no other
        place sees it, and the rest of the system cannot be changed."""
        self._file("written", path, content)

    def read_file(self, path: str | PurePath) -> str:
        """The text of a file as programs here see it, 16 MB at most."""
        return self._file("read", path)

    def _file(self, how: Literal["read", "written"], path: str | PurePath, content: str | bytes = b"") -> str:
        name = str(path)
        if not isinstance(path, str | PurePath) or not name or "\0" in name:
            raise CnetkitError(f"{path!r} is not the path of a file: write one such as '/tmp/index.html'")
        if not isinstance(content, str | bytes | bytearray):
            raise CnetkitError(f"the content of a file is text or bytes, not {type(content).__name__}")
        data = content.encode() if isinstance(content, str) else bytes(content)
        answer = self.site.request(p.Run(self.name, ["sh", "-c", _FILES[how], "sh", name], data, 60.0), p.Ran)
        why = (
            answer.errors.decode(errors="replace").strip().rpartition(": ")[2]
        )  # "sh: 1: cannot open /x: No such file"
        if len(answer.output) > _LARGEST:
            why = "it is larger than 16 MB"
        elif how == "written" and "Read-only" in why:
            why += "; write below /tmp, /run, /var/tmp or /dev/shm"
        elif answer.timed_out:
            why = "it took more than 60 s"
        elif not answer.status:
            return answer.output.decode(errors="replace")
        raise CnetkitError(f"{name} cannot be {how} in {self.name}: {why}")

    def http_server(self, port: int = 80, address: str = "") -> Program:
        """A real HTTP server. Its page names its node, its address and the client's. CnetkitError if the port is taken."""
        return self._serve("http", "tcp", port, address)

    def tcp_echo(self, port: int, address: str = "") -> Program:
        """A TCP server that sends back what it receives. CnetkitError if the port is taken."""
        return self._serve("tcp-echo", "tcp", port, address)

    def udp_echo(self, port: int, address: str = "") -> Program:
        """A UDP server that sends back what it receives. CnetkitError if the port is taken."""
        return self._serve("udp-echo", "udp", port, address)

    def _serve(self, kind: str, protocol: str, port: int, address: str) -> Program:
        check_port(port)
        _check_address(address)
        holder = self.holder(protocol, port)
        if holder:
            raise CnetkitError(f"port {port}/{protocol} of {self.name} is taken by {holder}: choose another port")
        started = self.site.request(p.Serve(self.name, kind, port, address), p.Started)
        self.servers[protocol, port] = Program(self.site.sandbox, self.name, f"{kind} server on port {port}", started)
        return self.servers[protocol, port]

    def holder(self, protocol: str, port: int) -> str:
        """What holds a port here, in words; empty if nothing in this lab does."""
        server = self.servers.get((protocol, port))
        return f"its {server.command}" if server and server.running else ""


def _check_address(text: str) -> None:
    """CnetkitError unless a server can be told to listen there: an IP address, or an empty text for all of them."""
    try:
        if text:
            ipaddress.ip_address(text)
    except ValueError:
        raise CnetkitError(f"{text!r} is not an IP address: give one of the node's, or none to listen at all") from None
