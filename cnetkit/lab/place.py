"""A place where programs run: a node, or a container of a pod. It knows nothing of networks."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal

from cnetkit import protocol as p
from cnetkit.lab.programs import Program, RunResult, command_line
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.site import Site


_READ = """if [ "$(wc -c < "$1")" -gt 16000000 ]; then echo 'it is larger than 16 MB' >&2; exit 1; fi; cat < "$1\""""


class Place:
    """`servers`: the servers started here, by protocol (tcp, udp) and port."""

    def __init__(self, site: Site, name: str, servers: dict[tuple[str, int], Program]) -> None:
        self.site, self.name, self.servers = site, name, servers

    def run(
        self, command: str | list[str], *, timeout: float = 60.0, input: str = "", check: bool = False
    ) -> RunResult:
        """Runs a command and waits for its end, at most `timeout` seconds. A string goes to sh(1).

        CnetkitError if the program does not exist, and with `check` if it fails.
        """
        answer = self.site.request(p.Run(self.name, command_line(command), input.encode(), timeout), p.Ran)
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
        self.site.request(p.WaitPort(self.name, port, protocol, timeout), p.Done)

    def write_file(self, path: str, content: str | bytes) -> None:
        """Writes a file here, below /tmp, /run, /var/tmp or /dev/shm: the rest of the system cannot be changed."""
        data = content.encode() if isinstance(content, str) else content
        self._run_shell('cat > "$1"', path, data)

    def read_file(self, path: str) -> str:
        """The text of a file as programs here see it, 16 MB at most."""
        return self._run_shell(_READ, path, b"").output

    def _run_shell(self, command: str, path: str, data: bytes) -> RunResult:
        answer = self.site.request(p.Run(self.name, ["sh", "-c", command, "sh", path], data, 60.0), p.Ran)
        output, errors = (part.decode(errors="replace") for part in (answer.output, answer.errors))
        return RunResult(self.name, command.replace('"$1"', shlex.quote(path)), answer.status, output, errors).check()

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
        if not 0 < port < 65536:
            raise CnetkitError(f"{port} is not a port: choose one from 1 to 65535")
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
