"""The operations of a Build request: the steps that a network is built with, each as small as the kernel's own operations.

One operation per file: its data, and the same step as commands of ip(8), bridge(8), sysctl(8), iptables and nft. It does not
carry them out: the file of the same name in kernel/build does. To add an operation, import its file below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from cnetkit.operations.add_address import AddAddress as AddAddress
from cnetkit.operations.add_bridge import AddBridge as AddBridge
from cnetkit.operations.add_forwarding import AddForwarding as AddForwarding
from cnetkit.operations.add_macvlan import AddMacvlan as AddMacvlan
from cnetkit.operations.add_neighbour import AddNeighbour as AddNeighbour
from cnetkit.operations.add_node import AddNode as AddNode
from cnetkit.operations.add_route import AddRoute as AddRoute
from cnetkit.operations.add_veth import AddVeth as AddVeth
from cnetkit.operations.add_vxlan import AddVxlan as AddVxlan
from cnetkit.operations.adopt_node import AdoptNode as AdoptNode
from cnetkit.operations.forget_connections import ForgetConnections as ForgetConnections
from cnetkit.operations.message import Message as Message
from cnetkit.operations.nft_table import NftTable as NftTable
from cnetkit.operations.operation import Operation as Operation
from cnetkit.operations.remove_interface import RemoveInterface as RemoveInterface
from cnetkit.operations.remove_node import RemoveNode as RemoveNode
from cnetkit.operations.rules import Rules as Rules
from cnetkit.operations.set_sysctl import SetSysctl as SetSysctl
from cnetkit.operations.shell_script import shell_script as shell_script

OPERATIONS: tuple[type[Operation], ...] = tuple(Operation.__subclasses__())
"""All operations that are imported above."""

if TYPE_CHECKING:
    AnyOperation = Operation
else:
    AnyOperation = Union[OPERATIONS]  # noqa: UP007 - a union for msgspec, which distinguishes them by their tags
