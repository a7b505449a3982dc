"""Which connections a kube-proxy makes its host forget when a service's pods change: UDP ones to pods that are gone.

Rules choose a pod for the first packet of a connection only. A TCP client notices that its pod is gone; a UDP client that
keeps its port would send into the void for as long as the entry lives. It words operations and carries out none.
Source: github.com/kubernetes/kubernetes, pkg/proxy/conntrack (1.32): a service without pods is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnetkit import operations as op
from cnetkit.systems.kubernetes.service_port import ServicePort, address_of


def forgotten(
    hosts: Sequence[str], ports: Sequence[ServicePort], before: Sequence[ServicePort]
) -> Iterator[op.Operation]:
    """What is to be forgotten on each host, now that `ports` are served and no longer those of `before`."""
    for one in ports:
        if one.protocol != "udp" or not one.endpoints or one in before:
            continue
        keep = [address_of(end) for end in one.endpoints]
        same = [port for port in ports if (port.protocol, port.node_port) == (one.protocol, one.node_port)]
        of_both_families = [address_of(end) for port in same for end in port.endpoints]
        for host in hosts:
            yield op.ForgetConnections(host, one.protocol, one.address, one.port, keep)
            if one.node_port:
                yield op.ForgetConnections(host, one.protocol, "", one.node_port, of_both_families)
