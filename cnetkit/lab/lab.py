"""The Lab: a network that is built as it is typed.

It sends requests to the sandbox. It does not talk to the kernel, and it knows no system: those are in `cnetkit.systems`.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cnetkit import operations as op, programs as fetched, protocol as p
from cnetkit.lab.adopted import noticed
from cnetkit.lab.capture import LiveCapture
from cnetkit.lab.doors import with_doors
from cnetkit.lab.host import Host, forwarding
from cnetkit.lab.networks import wire
from cnetkit.lab.node import LabNode
from cnetkit.lab.site import Site, check_word
from cnetkit.model import CnetkitError, Topology
from cnetkit.sandbox import open_sandbox
from cnetkit.view.live import COUNTED
from cnetkit.view.network_view import NetworkView

if TYPE_CHECKING:
    from cnetkit.recording.scapy_socket import ScapySocket

_Reply = TypeVar("_Reply", bound=p.Message)


@with_doors(lambda lab: lab.site)
class Lab:
    """A network in a sandbox of its own. Use it in a `with` block, or close it; it also ends with this process.

    `overlay`, `pod_network`, `cluster` and others are methods that systems add: see `cnetkit.systems`.

    `ipv6`: nodes are dual-stack. `replay`: a recorded session that answers instead of a kernel. `record`: a file that the
    session is written to when the lab is closed. `real_host`: as root, without a user namespace.
    CnetkitError if the system refuses a sandbox.
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
        check_word(name, "a lab's name")
        sandbox, self.replayed = open_sandbox(
            name, Path(replay) if replay else None, Path(record) if record else None, real_host
        )
        self.name, self.ipv6 = name, ipv6
        self.site = Site(name, sandbox, ipv6)
        sandbox.listen("nodes", 0, partial(noticed, weakref.ref(self.site)))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a door
            """Methods of systems are typed in the system's own module."""

    # --- Building ----------------------------------------------------------------------------------------------------

    def host(self, name: str, *, programs: str | Path = "") -> Host:
        """A machine that can hold bridges with containers.

        What its programs write below /etc, /var and the like is its own. `programs`: those that `cnetkit get NAME` has fetched
        are what runs there, instead of this machine's own: `lab.host("dock", programs="docker-28.5")`. Or the path of a folder
        that can be a root. CnetkitError if they are not here.
        """
        set_name = programs.name if isinstance(programs, Path) else programs
        if programs and not self.replayed:
            folder = programs if isinstance(programs, Path) else fetched.root(programs)
            if not folder.is_dir():
                raise CnetkitError(f"{folder} is no folder: give the name of programs, or a folder that can be a root")
            self.request(p.Programs(set_name, str(folder.resolve())), p.Done)
        return self._machine(Host(self.site, name, "host"), set_name)

    def router(self, name: str) -> Host:
        """A machine that forwards between its wires. A host that is connected to it first gets its default route there."""
        return self._machine(Host(self.site, name, "router"))

    def _machine(self, node: Host, programs: str = "") -> Host:
        self.site.check_name(node.name)
        self.build(
            op.AddNode(node.name, node.kind, ipv6=self.ipv6, programs=programs), *forwarding(node.name, self.ipv6)
        )
        self.site.register(node)
        return node

    def connect(
        self, a: LabNode, b: LabNode, *networks: str, addresses: Sequence[str | Sequence[str]] = ()
    ) -> tuple[str, str]:
        """Joins two machines by a wire: `lab.connect(outside, host, "203.0.113.0/24")`. Returns the names of its two ends.

        The second machine gets the network's first address, the first machine the next one, unless `addresses` names both,
        `("10.1.0.7", "10.1.0.8")`. If there are several networks, each of the two may be a sequence.
        """
        if not networks:
            raise CnetkitError("a wire needs a network: lab.connect(a, b, '203.0.113.0/24')")
        for node in (a, b):
            self.site.check_member(node)
        return wire.connect(a, b, networks, addresses)

    def remove(self, node: LabNode) -> None:
        """Removes a node with its programs and published ports, and a host with its containers."""
        self.site.remove(node)

    def script(self) -> str:
        """Shell commands that build the same network by hand: `print(lab.script())`."""
        return op.shell_script(self.name, self.site.built)

    # --- Observing ---------------------------------------------------------------------------------------------------

    def trace(self, *nodes: LabNode, verdicts: bool = True, megabytes: int = 32, filter: str = "") -> LiveCapture:
        """Captures at every interface while the `with` block runs: `with lab.trace() as trace: ...`.

        `nodes` limits it to these nodes. `verdicts`: record what each netfilter rule decides. `megabytes`: kernel memory that
        holds frames until they are read.

        `filter` captures only matching frames, `lab.trace(filter="tcp port 80")`, in tcpdump's language (pcap-filter(7)). The
        kernel applies it at each interface to the packet as it is there: after a translation it has other addresses and
        ports, inside a VXLAN it is `udp port 4789`, in a VLAN it matches only with `vlan`. Only the first fragment of a packet
        has ports.
        """
        for node in nodes:
            self.site.check_member(node)
        if not isinstance(filter, str) or "\0" in filter:
            raise CnetkitError(f"{filter!r} is not a capture filter: write text such as 'tcp port 80'")
        if not isinstance(megabytes, int) or megabytes < 1:
            raise CnetkitError(f"{megabytes!r} megabytes cannot hold frames: give a whole number, 1 or more")
        wanted = [node.name for node in nodes]
        request = p.Capture(self.site.capture_number(), wanted, verdicts, megabytes, filter)
        return LiveCapture(self.site.sandbox, request, self.name, self.replayed)

    def scapy_socket(self, node: LabNode, interface: str = "") -> ScapySocket:
        """See LabNode.scapy_socket."""
        return node.scapy_socket(interface)

    def view(self) -> NetworkView:
        """A picture of the network. In a notebook it follows what is built and shows traffic as it passes."""
        lab = weakref.ref(self)  # the picture does not keep the lab alive

        def now() -> Topology | None:
            here = lab()
            if here is None or here.closed:
                return None
            return here.request(p.Status(topology=True, within=COUNTED), p.State).topology

        return NetworkView(self.name, self.topology, None if self.replayed else now, self.replayed)

    @property
    def topology(self) -> Topology:
        """A snapshot of the network as the kernel has it now."""
        return self.site.topology

    @property
    def limits(self) -> tuple[str, ...]:
        """What this system does not let the lab have, each as a sentence; for a recording, what the system that it was made on
        did not."""
        return tuple(self.site.sandbox.welcome.limits)

    @property
    def nodes(self) -> dict[str, LabNode]:
        """Its nodes by name, in the order in which they were made."""
        return cast("dict[str, LabNode]", dict(self.site.members))

    def __getitem__(self, name: str) -> LabNode:
        try:
            return self.nodes[name]
        except KeyError:
            raise CnetkitError(
                f"there is no node {name!r} in the lab: it has {', '.join(self.nodes) or 'none'}"
            ) from None

    def build(self, *operations: op.Operation) -> None:
        """Has the sandbox carry out operations: all of them or none."""
        self.site.build(*operations)

    def request(self, request: p.Request, expected: type[_Reply]) -> _Reply:
        """Sends a request to the sandbox and waits for the reply."""
        return self.site.request(request, expected)

    # --- Ending ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends the lab; the kernel removes everything in it. A second call does nothing."""
        self.site.sandbox.close()

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.site.sandbox.closed

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        kinds = [node.kind for node in self.nodes.values()]
        parts = ", ".join(f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) > 1)}" for kind in dict.fromkeys(kinds))
        state = " (closed)" if self.closed else f" ({self.replayed})" if self.replayed else ""
        return f"<lab {self.name}{state}: {parts or 'nothing in it yet'}>"
