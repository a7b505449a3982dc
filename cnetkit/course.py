"""The lessons of the course, in order, and what each needs of the kernel and the system. A table, nothing else.

A lesson that is not written yet has its row too: whether its notebook is there is looked up in `cnetkit.catalog`.
"""

from __future__ import annotations

from dataclasses import dataclass

FORWARDING = ("iptables-nat", "nft-trace", "conntrack")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One notebook, `notebooks/NUMBER-*.ipynb`. `needs` is worded as a lab's NEEDS."""

    number: str
    title: str
    needs: tuple[str, ...] = ()
    lab: str = ""
    """The lab whose questions it asks."""


LESSONS = (
    Lesson("00", "start here", ("ping",), "start-here"),
    Lesson("01", "namespaces", ("mount-proc", "mount-tmpfs", "curl"), "namespaces"),
    Lesson("02", "veth and bridge", ("ping",), "bridge"),
    Lesson("03", "out of the host", (*FORWARDING, "curl"), "out-of-the-host"),
    Lesson("04", "port mapping", (*FORWARDING, "br_netfilter", "curl"), "port-mapping"),
    Lesson("05", "overlay", ("vxlan", "ping"), "overlay"),
    Lesson("06", "pods", (*FORWARDING, "vxlan", "curl"), "pod"),
    Lesson("07", "services", (*FORWARDING, "vxlan", "iptables-statistic", "nft-numgen", "dnsmasq", "curl"), "service"),
    Lesson("08", "docker's network types", (*FORWARDING, "macvlan", "ipvlan", "ping")),
    Lesson("09", "addresses and names", (*FORWARDING, "dnsmasq", "curl")),
    Lesson("10", "multi-host with a key-value store", ("vxlan", "etcd", "curl")),
    Lesson("11", "fabrics", ("vxlan", "ipip", "gre", "geneve", "tun", "wireguard", "bird", "ovs-vswitchd")),
    Lesson("12", "CNI", FORWARDING),
    Lesson("13", "services again", (*FORWARDING, "nft-numgen", "ipvs", "curl")),
    Lesson("14", "network policy", (*FORWARDING, "curl")),
    Lesson("15", "edge", (*FORWARDING, "haproxy", "curl")),
    Lesson("16", "service mesh", (*FORWARDING, "envoy", "curl")),
    Lesson("17", "what breaks", (*FORWARDING, "netem", "ping", "curl")),
)
