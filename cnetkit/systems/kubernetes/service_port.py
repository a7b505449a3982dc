"""One port of a service, with all that a kube-proxy is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`port` of a service leads to `target` of its pods (0: the same), and so does `node_port` of each host (0: none)."""

    port: int
    name: str = ""
    protocol: str = "tcp"
    target: int = 0
    node_port: int = 0
    namespace: str = ""
    service: str = ""
    address: str = ""
    sticky: int = 0
    """A client stays with its pod for so many seconds; 0: it does not."""
    endpoints: tuple[str, ...] = ()
    """`10.244.0.2:80` each, or `[fd00::2]:80`."""

    def behind(self, namespace: str, service: str, address: str, sticky: int, pods: Sequence[str]) -> ServicePort:
        """This port, with the pods that are ready behind it."""
        ends = tuple(sorted(f"{f'[{pod}]' if ':' in pod else pod}:{self.target or self.port}" for pod in pods))
        return replace(self, namespace=namespace, service=service, address=address, sticky=sticky, endpoints=ends)

    @property
    def version(self) -> int:
        """4 or 6: the family of its address and its endpoints."""
        return 6 if ":" in self.address else 4

    @property
    def full_name(self) -> str:
        """As kube-proxy writes it into comments and hashes: `default/web`, `default/web:http`."""
        return f"{self.namespace}/{self.service}" + (f":{self.name}" if self.name else "")


def address_of(endpoint: str) -> str:
    """The address of an endpoint, without brackets and port."""
    return endpoint.rpartition(":")[0].strip("[]")
