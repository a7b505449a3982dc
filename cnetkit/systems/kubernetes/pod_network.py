"""What Kubernetes asks of a network for pods, whichever system builds it: flannel, Calico, ..."""

from __future__ import annotations

import ipaddress
from typing import Protocol

from cnetkit.lab.host import Host
from cnetkit.systems.kubernetes.pod import Pod


class PodNetwork(Protocol):
    """Each pod has an address in each of `networks`, and reaches every other pod at its own address."""

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts that have pods."""

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks of all pods: an IPv4 network, an IPv6 network, or both."""

    def pod(self, name: str, host: Host, address: str = "") -> Pod:
        """A new pod on one of the hosts."""
