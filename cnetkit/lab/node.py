"""Nodes as a learner holds them: something with interfaces, addresses and routes, in which programs run."""

from __future__ import annotations

import ipaddress
import shlex
from typing import TYPE_CHECKING

from cnetkit import protocol as p
from cnetkit.lab.programs import Program, Result, command_line
from cnetkit.model import CnetkitError, NodeKind

if TYPE_CHECKING:
    from cnetkit.lab.lab import Lab
    from cnetkit.recording.scapy_socket import ScapySocket


class Node:
    """One named network stack of a lab. `kind`: host, router, container or pod."""

    def __init__(self, lab: Lab, name: str, kind: NodeKind) -> None:
        self.lab, self.name, self.kind = lab, name, kind
        self.interfaces: dict[str, tuple[str, ...]] = {}
        """The addresses, in CIDR form, that each interface was given here."""
        self.servers: dict[tuple[str, int], Program] = {}
        """The servers started here, by protocol (tcp, udp) and port."""

    # --- What runs in it ---------------------------------------------------------------------------------------------

    def run(self, command: str | list[str], *, timeout: float = 60.0, input: str = "", check: bool = False) -> Result:
        """Runs a command and waits for its end, at most `timeout` seconds. A string goes to sh(1).

        CnetkitError where the program does not exist, and with `check` where it fails.
        """
        answer = self.lab.request(p.Run(self.name, command_line(command), input.encode(), timeout), p.Ran)
        text = command if isinstance(command, str) else shlex.join(command_line(command))
        output, errors = (data.decode(errors="replace") for data in (answer.output, answer.errors))
        result = Result(self.name, text, answer.status, output, errors, answer.timed_out)
        return result.check() if check else result

    def start(self, command: str | list[str]) -> Program:
        """Starts a command and goes on. CnetkitError where the program does not exist."""
        started = self.lab.request(p.Start(self.name, command_line(command)), p.Started)
        text = command if isinstance(command, str) else shlex.join(command_line(command))
        return self.lab.program(self.name, text, started)

    def http_server(self, port: int = 80, address: str = "") -> Program:
        """A real HTTP server that says who it is and whom it sees. CnetkitError where the port is taken."""
        return self._serve("http", "tcp", port, address)

    def tcp_echo(self, port: int, address: str = "") -> Program:
        """A TCP server that sends back what it gets. CnetkitError where the port is taken."""
        return self._serve("tcp-echo", "tcp", port, address)

    def udp_echo(self, port: int, address: str = "") -> Program:
        """A UDP server that sends back what it gets. CnetkitError where the port is taken."""
        return self._serve("udp-echo", "udp", port, address)

    def _serve(self, kind: str, protocol: str, port: int, address: str) -> Program:
        if not 0 < port < 65536:
            raise CnetkitError(f"{port} is not a port: choose one from 1 to 65535")
        holder = self.holder(protocol, port)
        if holder:
            raise CnetkitError(f"port {port}/{protocol} of {self.name} is taken by {holder}: choose another port")
        started = self.lab.request(p.Serve(self.name, kind, port, address), p.Started)
        self.servers[protocol, port] = self.lab.program(self.name, f"{kind} server on port {port}", started)
        return self.servers[protocol, port]

    def holder(self, protocol: str, port: int) -> str:
        """Who holds a port here, in words; empty where nobody of this lab does."""
        server = self.servers.get((protocol, port))
        return f"its {server.command}" if server and server.running else ""

    # --- What it is connected by -------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Its first IPv4 address (its first IPv6 address where it has no other), without the prefix length."""
        every = [ipaddress.ip_interface(cidr) for cidrs in self.interfaces.values() for cidr in cidrs]
        if not every:
            raise CnetkitError(f"{self.name} has no address yet: connect it, or put it on a bridge")
        return str(min(every, key=lambda one: one.version).ip)

    def free_interface(self) -> str:
        """The name that its next interface gets: eth0, eth1, ..."""
        return next(name for number in range(4096) if (name := f"eth{number}") not in self.interfaces)

    def route(self, destination: str, via: str = "", interface: str = "") -> None:
        """Adds a route, to `default` or a prefix, by a gateway, an interface, or both."""
        if destination == "default":
            destination = "::/0" if ":" in via else "0.0.0.0/0"
        try:
            ipaddress.ip_network(destination)
        except ValueError as error:
            raise CnetkitError(f"{destination!r} is not a prefix such as '10.0.0.0/8': {error}") from None
        self.lab.build(p.AddRoute(self.name, destination, via, interface))

    def sysctl(self, name: str, value: str | int) -> None:
        """Sets one of the network stack's settings: `web.sysctl("net.ipv4.ip_forward", 1)`."""
        self.lab.build(p.SetSysctl(self.name, name, str(value)))

    def scapy_socket(self, interface: str = "") -> ScapySocket:
        """A scapy socket on its frames: `sniff(opened_socket=web.scapy_socket(), count=3)`, `web.scapy_socket().sr1(packet)`.

        It sees one interface, or all where none is named; what is sent goes out of the named, or else the first one.
        """
        return self.lab.scapy_socket(self, interface)

    def remove(self) -> None:
        """Takes it out of the lab, with all that runs in it."""
        self.lab.remove(self)

    def __repr__(self) -> str:
        places = ", ".join(f"{name} {' '.join(cidrs)}".strip() for name, cidrs in self.interfaces.items())
        return f"<{self.kind} {self.name}{': ' if places else ''}{places}>"
