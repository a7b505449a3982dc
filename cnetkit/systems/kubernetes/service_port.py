"""One port of a service in one address family, with everything that a kube-proxy knows of it. Plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`port` of a service leads to `target` of its pods (0: the same port), and so does `node_port` of each host (0: none)."""

    port: int
    name: str = ""
    protocol: str = "tcp"
    target: int = 0
    node_port: int = 0
    namespace: str = ""
    service: str = ""
    address: str = ""
    sticky: int = 0
    """For how many seconds a client stays with its pod; 0: it does not."""
    endpoints: tuple[str, ...] = ()
    """`10.244.0.2:80` each, or `[fd00::2]:80`."""

    def behind(self, namespace: str, service: str, address: str, sticky: int, pods: Sequence[str]) -> ServicePort:
        """This port of a service at `address`, with the addresses of the pods that are ready."""
        endpoints = sorted(f"{f'[{pod}]' if ':' in pod else pod}:{self.target or self.port}" for pod in pods)
        return replace(
            self, namespace=namespace, service=service, address=address, sticky=sticky, endpoints=tuple(endpoints)
        )

    @property
    def version(self) -> int:
        """4 or 6: the family of its address and its endpoints."""
        return version_of(self.address)

    @property
    def full_name(self) -> str:
        """As kube-proxy writes it into comments and hashes: `default/web`, `default/web:http`."""
        return f"{self.namespace}/{self.service}" + (f":{self.name}" if self.name else "")


def address_of(endpoint: str) -> str:
    """The address of an endpoint, without brackets and port."""
    return endpoint.rpartition(":")[0].strip("[]")


def version_of(address: str) -> int:
    """4 or 6: an address's family."""
    return 6 if ":" in address else 4
