"""Docker's overlay network: VXLAN between bridges on several hosts."""

from cnetkit.needs import BRIDGE, VETH, VXLAN

NEEDS = (VETH, BRIDGE, VXLAN)
