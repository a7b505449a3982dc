"""A bridge of a Docker engine: its MAC addresses, and what each container on it brings along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.host import Host
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.node import LabNode
from cnetkit.systems.docker.rules import Engine


class DockerBridge(Bridge):
    """A bridge with the rules of an engine. Made with `host.bridge`.

    MAC addresses that the engine makes at random are made from names here, so that a lab has the same ones each time.
    """

    def __init__(self, host: Host, name: str, gateways: Sequence[str], engine: Engine) -> None:
        super().__init__(host, name, gateways, announce=self._container_rules)
        self.engine = engine

    def operations(self) -> list[op.Operation]:
        """The operations that build it."""
        made = super().operations()
        if self.engine.derives_addresses:
            return made
        return [op.AddBridge(self.host.name, self.name, addresses.mac(self.host.name, self.name)), *made[1:]]

    def link(self, attachment: Attachment) -> op.Operation:
        """A veth pair. The port sends frames back out of itself (hairpin) only where no proxy does the same for a container."""
        return msgspec.structs.replace(super().link(attachment), hairpin=not self.engine.proxy)

    def _attachment(self, node: LabNode, interface: str, cidrs: tuple[str, ...]) -> Attachment:
        made = super()._attachment(node, interface, cidrs)
        return made if self.engine.derives_addresses else replace(made, mac=addresses.mac(node.name, interface))

    def _container_rules(self, attachments: Sequence[Attachment], leaving: bool) -> list[op.Operation]:
        inside = [cidr.split("/")[0] for attachment in attachments for cidr in attachment.addresses]
        operations: list[op.Operation] = []
        for ipv6 in (False, True):
            family = [address for address in inside if (":" in address) == ipv6]
            if text := self.engine.container_rules(self.name, family, remove=leaving):
                operations.append(op.Rules(self.host.name, text, ipv6, replace=leaving))
        return operations
