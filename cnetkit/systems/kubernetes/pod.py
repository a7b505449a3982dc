"""A pod: one network stack, held by a process called pause, and several containers in it.

The containers of a pod share its network, its host name and its System V and POSIX message queues. Each has files and
processes of its own. Source: kubernetes.io/docs/concepts/workloads/pods, and what kubelet asks of a container runtime.
"""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.container import Container
from cnetkit.lab.node import LabNode
from cnetkit.lab.place import Place
from cnetkit.lab.site import check_word
from cnetkit.model import CnetkitError
from cnetkit.systems.kubernetes.service_port import version_of


class PodContainer(Place):
    """A container of a pod: programs in it find each other and the pod's other containers on localhost."""

    def __init__(self, pod: Pod, name: str) -> None:
        super().__init__(pod.site, f"{pod.name}/{name}", pod.servers)  # the containers of a pod share its ports
        self.pod = pod

    def restart(self) -> None:
        """Ends its programs. The pod, its address and its other containers stay."""
        self.site.build(op.RemoveNode(self.name))

    def __repr__(self) -> str:
        return f"<container {self.name}>"


class Pod(Container):
    """Made by a pod network. `pod.run` runs in the namespaces that pause holds; `pod.container(name)` adds a container."""

    def __init__(self, host: LabNode, name: str) -> None:
        super().__init__(host, name, "pod")
        self.containers: dict[str, PodContainer] = {}
        self.ready = True
        """Whether services send it new connections; a readiness probe sets it."""

    def address_in(self, version: int) -> str:
        """Its first address of a family, 4 or 6; empty if it has none."""
        given = [cidr.partition("/")[0] for cidrs in self.interfaces.values() for cidr in cidrs]
        return next((address for address in given if version_of(address) == version), "")

    def mac_for(self, interface: str, cidrs: tuple[str, ...]) -> str:
        """From the pod's name, whatever its addresses are."""
        return addresses.mac(self.name, interface)

    def container(self, name: str) -> PodContainer:
        """A new container in the pod. CnetkitError if the name is taken or not allowed."""
        check_word(name)
        if name in self.containers:
            raise CnetkitError(f"the pod {self.name} already has a container {name!r}: choose another name")
        self.containers[name] = PodContainer(self, name)
        return self.containers[name]
