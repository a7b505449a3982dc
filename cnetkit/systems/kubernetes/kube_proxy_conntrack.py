"""Which conntrack entries a kube-proxy deletes when a service's pods change: those of UDP to pods that have left.

A rule chooses a pod for the first packet of a connection only. A TCP client notices that its pod has left. A UDP client that
keeps its port would go on sending to it for as long as the entry exists. This module makes operations and carries out none.
Source: github.com/kubernetes/kubernetes, pkg/proxy/conntrack (1.32). A service without pods is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnetkit import operations as op
from cnetkit.systems.kubernetes.service_port import ServicePort, address_of


def deletions(
    hosts: Sequence[str], ports: Sequence[ServicePort], before: Sequence[ServicePort]
) -> Iterator[op.Operation]:
    """The operations for each host when `ports` take the place of `before`."""
    for port in ports:
        if port.protocol != "udp" or not port.endpoints or port in before:
            continue
        keep = [address_of(endpoint) for endpoint in port.endpoints]
        # A node port is open in both families, so the pods of both must be kept.
        twins = [twin for twin in ports if (twin.protocol, twin.node_port) == (port.protocol, port.node_port)]
        keep_all = [address_of(endpoint) for twin in twins for endpoint in twin.endpoints]
        for host in hosts:
            yield op.ForgetConnections(host, port.protocol, port.address, port.port, keep)
            if port.node_port:
                yield op.ForgetConnections(host, port.protocol, "", port.node_port, keep_all)
