"""Pods: one network stack with one address, held by a process called pause, and several containers in it.

The containers of a pod share its network, its host name and its System V and POSIX message queues; each has files and
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


class PodContainer(Place):
    """A container of a pod: programs in it find each other and the pod's other containers on localhost."""

    def __init__(self, pod: Pod, name: str) -> None:
        super().__init__(pod.site, f"{pod.name}/{name}", pod.servers)  # a port is free in the whole pod, or taken in it
        self.pod = pod

    def restart(self) -> None:
        """Ends all that runs in it. The pod, its address and its other containers stay."""
        self.site.build(op.RemoveNode(self.name))

    def __repr__(self) -> str:
        return f"<container {self.name}>"


class Pod(Container):
    """A pod. `pod.run` runs in the namespaces that pause holds, `pod.container(name)` makes a container beside it."""

    def __init__(self, host: LabNode, name: str) -> None:
        super().__init__(host, name, "pod")
        self.containers: dict[str, PodContainer] = {}
        self.ready = True
        """Whether services send it anything; a readiness probe sets it."""

    def address_in(self, version: int) -> str:
        """Its first address of a family, 4 or 6; empty if it has none."""
        given = [cidr.partition("/")[0] for cidrs in self.interfaces.values() for cidr in cidrs]
        return next((address for address in given if (6 if ":" in address else 4) == version), "")

    def mac_for(self, interface: str, cidrs: tuple[str, ...]) -> str:
        """From the pod's name, whatever its addresses are."""
        return addresses.mac(self.name, interface)

    def container(self, name: str) -> PodContainer:
        """A container in the pod. CnetkitError where the name is taken or cannot be one."""
        check_word(name)
        if name in self.containers:
            raise CnetkitError(f"the pod {self.name} already has a container {name!r}: choose another name")
        self.containers[name] = PodContainer(self, name)
        return self.containers[name]
