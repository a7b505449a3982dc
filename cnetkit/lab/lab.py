"""The Lab: a network that is being built, live as it is typed. It turns wishes into requests and keeps the books.

It talks with the sandbox only; the kernel it never sees.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from cnetkit import operations as op, protocol as p
from cnetkit.lab.capture import Capture, scapy_socket
from cnetkit.lab.host import Host, forwarding
from cnetkit.lab.networks import wire
from cnetkit.lab.networks.bridge import Container
from cnetkit.lab.networks.flannel import PodNetwork
from cnetkit.lab.networks.vxlan import Overlay
from cnetkit.lab.node import Node
from cnetkit.lab.programs import Program
from cnetkit.lab.services.cluster import Cluster
from cnetkit.model import CnetkitError, Topology
from cnetkit.sandbox import Sandbox, open_sandbox
from cnetkit.view.live import COUNTED
from cnetkit.view.network_view import NetworkView

if TYPE_CHECKING:
    from cnetkit.recording.scapy_socket import ScapySocket

_Reply = TypeVar("_Reply", bound=p.Message)
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


class Lab:
    """A network in a sandbox of its own. Use it in a `with` block, or close it; it also ends with this process.

    `ipv6`: dual-stack. `replay`: a recorded session to answer from instead of a kernel. `record`: a file to record the
    session into when the lab is closed. `real_host`: as root, without a user namespace.
    CnetkitError where the system refuses a sandbox.
    """

    def __init__(
        self,
        name: str = "lab",
        *,
        ipv6: bool = False,
        replay: str | Path | None = None,
        record: str | Path | None = None,
        real_host: bool = False,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise CnetkitError(f"{name!r} cannot be a lab's name: use letters, digits, '-', '_' and '.', 63 at most")
        self.name, self.ipv6 = name, ipv6
        self.nodes: dict[str, Node] = {}
        self.clusters: list[Cluster] = []
        self.gone: list[Callable[[str], None]] = []
        """Called with the name of each node that has been removed."""
        self._captures = 0
        self._built: list[op.Operation] = []
        self._sandbox: Sandbox
        self._sandbox, self.replayed = open_sandbox(
            name, Path(replay) if replay else None, Path(record) if record else None, real_host
        )
        weakref.finalize(self, self._sandbox.close)  # a lab that nobody holds any more ends too

    # --- Describing it -----------------------------------------------------------------------------------------------

    def host(self, name: str) -> Host:
        """A machine that can hold bridges with containers."""
        return self._machine(Host(self, name, "host"))

    def router(self, name: str) -> Host:
        """A machine that forwards between the wires it is connected by; hosts connected to it get a default route."""
        return self._machine(Host(self, name, "router"))

    def _machine(self, node: Host) -> Host:
        self.check_name(node.name)
        self.build(op.AddNode(node.name, node.kind, ipv6=self.ipv6), *forwarding(node.name, self.ipv6))
        self.nodes[node.name] = node
        return node

    def connect(self, a: Node, b: Node, *networks: str) -> tuple[str, str]:
        """Joins two machines by a wire, `lab.connect(outside, host, "203.0.113.0/24")`: the second gets the network's
        first address, the first the next one. Gives back the names of the wire's ends."""
        if not networks:
            raise CnetkitError("a wire needs a network: lab.connect(a, b, '203.0.113.0/24')")
        for node in (a, b):
            if self.nodes.get(node.name) is not node:
                raise CnetkitError(f"{node.name} is not a node of the lab {self.name}")
        return wire.connect(a, b, networks)

    def overlay(
        self,
        name: str,
        hosts: Sequence[Host],
        subnet: str,
        *,
        id: int = 4096,
        control: bool = False,
        port: int = 4789,
        mtu: int = 0,
    ) -> Overlay:
        """One network over several hosts by VXLAN, `lab.overlay("ov", [n1, n2], "10.0.9.0/24", id=42)`.

        Hosts flood what they do not know, and learn; with `control` each is told where every container is, as Docker's
        swarm does it, and learns nothing. `mtu` in bytes, 0: what the underlay has room for.
        """
        return Overlay(name, hosts, subnet, id, control, port, mtu)

    def pod_network(self, hosts: Sequence[Host], cidr: str = "10.244.0.0/16", *, backend: str = "vxlan") -> PodNetwork:
        """A network for pods, a subnet a host, as flannel builds it: `backend` is `vxlan` or `host-gw`."""
        return PodNetwork(hosts, cidr, backend)

    def cluster(self, network: PodNetwork, *, mode: str = "iptables") -> Cluster:
        """Services before the pods of a network, by a kube-proxy on each host: `mode` is `iptables` or `nftables`."""
        self.clusters.append(Cluster(network, mode))
        return self.clusters[-1]

    def remove(self, node: Node) -> None:
        """Takes a node out of the lab, with its ports, its programs and, for a host, its containers."""
        if self.nodes.get(node.name) is not node:
            raise CnetkitError(f"{node.name} is not a node of the lab {self.name} (any more)")
        if isinstance(node, Container):
            for published in [one for one in node.host.published if one.to is node]:
                node.host.unpublish(published)
        inside = [one for one in self.nodes.values() if isinstance(one, Container) and one.host is node]
        told = [word for one in (*inside, node) if isinstance(one, Container) for word in one.network.farewell(one)]
        self.build(*told, *(op.RemoveNode(one.name) for one in (*inside, node)))
        for one in (*inside, node):
            del self.nodes[one.name]
            if isinstance(one, Container):
                one.network.forget(one)
            for notice in self.gone:
                notice(one.name)

    def script(self) -> str:
        """What the library has built by now, as commands that build the same by hand: `print(lab.script())`."""
        return op.shell_script(self.name, self._built)

    # --- Observing it ------------------------------------------------------------------------------------------------

    def trace(self, *nodes: Node, verdicts: bool = True, megabytes: int = 32) -> Capture:
        """Captures at every interface while the `with` block runs: `with lab.trace() as trace: ...`.

        `nodes` limits it to some nodes. `verdicts`: also what each netfilter rule decided. `megabytes` of kernel memory
        hold frames until they are read.
        """
        self._captures += 1
        wanted = [node.name for node in nodes]
        request = p.Capture(self._captures, wanted, verdicts, megabytes)
        return Capture(self._sandbox, request, self.name, self.replayed)

    def scapy_socket(self, node: Node, interface: str) -> ScapySocket:
        """See Node.scapy_socket."""
        if interface and interface not in (*node.interfaces, "lo"):
            raise CnetkitError(
                f"{node.name} has no interface {interface!r}: it has {', '.join(node.interfaces) or 'none'}"
            )
        self._captures += 1
        return scapy_socket(
            self._sandbox, node.name, interface or next(iter(node.interfaces), "lo"), interface, self._captures
        )

    def view(self) -> NetworkView:
        """A picture of the network. Displayed in a notebook it shows what is built from then on, and what passes."""
        lab = weakref.ref(self)  # a picture keeps no lab alive

        def now() -> Topology | None:
            here = lab()
            if here is None or here.closed:
                return None
            return here.request(p.Status(topology=True, within=COUNTED), p.State).topology

        return NetworkView(self.name, self.topology, None if self.replayed else now, self.replayed)

    @property
    def topology(self) -> Topology:
        """A snapshot of the network as the kernel has it now."""
        state = self.request(p.Snapshot(), p.State)
        assert state.topology is not None  # noqa: S101 - Snapshot's reply always has one
        return state.topology

    def __getitem__(self, name: str) -> Node:
        try:
            return self.nodes[name]
        except KeyError:
            raise CnetkitError(
                f"there is no node {name!r} in the lab: it has {', '.join(self.nodes) or 'none'}"
            ) from None

    # --- What the other parts of a lab use ---------------------------------------------------------------------------

    def build(self, *operations: op.Operation) -> None:
        """Has the sandbox carry out operations: all of them or none."""
        self._sandbox.request(p.Build(list(operations)), p.Done)
        self._built += operations

    def request(self, request: p.Request, expected: type[_Reply]) -> _Reply:
        """Sends a request to the sandbox and waits for the reply."""
        return self._sandbox.request(request, expected)

    def program(self, node: str, command: str, started: p.Started) -> Program:
        """A running program, as the learner holds it."""
        return Program(self._sandbox, node, command, started)

    def check_name(self, name: str) -> None:
        """CnetkitError where a node cannot be called so."""
        self.check_word(name)
        if name in self.nodes:
            raise CnetkitError(f"there is already a node {name!r} in this lab: choose another name")

    def check_word(self, name: str) -> None:
        """CnetkitError where nothing in a lab can be called so."""
        if not _NAME.fullmatch(name):
            raise CnetkitError(f"{name!r} cannot be a node's name: use letters, digits, '-', '_' and '.', 63 at most")

    # --- Ending it ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends the lab; the kernel takes everything away. Calling it again does nothing."""
        self._sandbox.close()

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._sandbox.closed

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        kinds = [node.kind for node in self.nodes.values()]
        parts = ", ".join(f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) > 1)}" for kind in dict.fromkeys(kinds))
        state = " (closed)" if self.closed else f" ({self.replayed})" if self.replayed else ""
        return f"<lab {self.name}{state}: {parts or 'nothing in it yet'}>"
