"""Docker's overlay network: VXLAN between bridges on several hosts."""

from cnetkit.systems.overlay.network import overlay

__all__ = ["NEEDS", "overlay"]
NEEDS = ("veth", "bridge", "vxlan")
"""As in a lab's NEEDS."""
