"""What every lab needs, whatever is built in it."""

from __future__ import annotations

from cnetkit.needs import BRIDGE, CONNTRACK, IPTABLES, VERDICTS, VETH, feature, library, program

_UNMASK = {
    "": "run outside of the container that hides parts of /proc and /sys",
    "docker": "start the container with `docker run --security-opt systempaths=unconfined ...`",
    "podman": "start the container with `podman run --security-opt unmask=ALL ...`",
    "kubernetes": "set `securityContext.procMount: Unmasked` for the container, and `hostUsers: false` in the pod",
}
"""What shows all of /proc and /sys in a container: a /proc or /sys of one's own is refused while parts of it are hidden
(mount_namespaces(7)). That Docker's /sys is read-only is no hindrance: ours is read-only then, too."""
_MOUNT = "run outside of the container or the policy that forbids mounting"
_OVERLAY = (
    "use Linux 5.11 or later, which lets users mount an overlay: hosts have no /etc and /var of their own without it"
)
_IDS = (
    "run `sudo apt-get install uidmap`, and give your user a range in /etc/subuid and /etc/subgid; until then a lab's programs "
    "have one user, and `chown` and `docker run --user` do nothing"
)

NEEDS = (
    feature("mount-private", fix=_MOUNT, core=True),
    feature("mount-tmpfs", fix=_MOUNT),
    feature("mount-devpts", fix=_MOUNT),
    feature("mount-overlay", fix=_OVERLAY),
    feature("user-ids", fix=_IDS),
    feature("mount-proc", fix=_UNMASK),
    feature("mount-sysfs", fix=_UNMASK),
    VETH,
    BRIDGE,
    feature("capture", module="af_packet", core=True),
    VERDICTS,
    CONNTRACK,
    feature("nft-nat", module="nft_masq", program="nft"),
    library("libnftables", "libnftables1", core=True),
    library("libpcap", "libpcap0.8"),
    IPTABLES,
    program("ip", "iproute2"),
    program("nft", "nftables"),
    program("ethtool", "ethtool"),
)
