"""A service: a name and an address that stand for several pods.

Source: kubernetes.io/docs/concepts/services-networking/service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnetkit.systems.kubernetes.pod import Pod
from cnetkit.systems.kubernetes.service_port import ServicePort, version_of


class Service:
    """Made with `cluster.service`. `addresses`: one for each of its address families; `address` is the first.

    `changed` is called after each change of its pods.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        addresses: Sequence[str],
        ports: Sequence[ServicePort],
        sticky: int,
        changed: Callable[[], None],
    ) -> None:
        self.name, self.namespace = name, namespace
        self.addresses, self.address = tuple(addresses), addresses[0]
        self.ports, self.sticky = tuple(ports), sticky
        self.pods: list[Pod] = []
        self._changed = changed

    @property
    def endpoints(self) -> list[Pod]:
        """The pods that are ready, in kube-proxy's order."""
        return sorted((pod for pod in self.pods if pod.ready), key=lambda pod: pod.address)

    def add(self, *pods: Pod) -> None:
        """Puts pods behind the service."""
        self.pods += [pod for pod in pods if pod not in self.pods]
        self._changed()

    def remove(self, *pods: Pod) -> None:
        """Takes pods from behind the service. Their present connections go on."""
        self.pods = [pod for pod in self.pods if pod not in pods]
        self._changed()

    def service_ports(self) -> list[ServicePort]:
        """What a kube-proxy serves of it: each of its ports in each of its address families."""
        served = []
        for address in self.addresses:
            ready = filter(None, (pod.address_in(version_of(address)) for pod in self.endpoints))
            pods = list(ready)
            served += [port.behind(self.namespace, self.name, address, self.sticky, pods) for port in self.ports]
        return served

    def __repr__(self) -> str:
        ports = ",".join(f"{port.port}/{port.protocol}" for port in self.ports)
        pods = ", ".join(pod.name for pod in self.endpoints) or "no pod"
        return f"<service {self.namespace}/{self.name} {' '.join(self.addresses)}:{ports} -> {pods}>"
