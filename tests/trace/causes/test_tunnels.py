"""A tunnel's end that throws packets away: named only at that end, and only with what shows it."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import ForwardingEntry, Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

NEAR, FAR, OWN = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:f2"


def outcome(
    checksum=None, source="02:00:00:00:00:f1", six=False, counters=None, target="192.0.2.2", vni=42, details=()
):
    """Of a packet that comes in a VXLAN tunnel to n2 (192.0.2.2)."""
    outer = IPv6(src="fd00::1", dst="fd00::2") if six else IP(src="192.0.2.1", dst=target, id=7)
    inside = Ether(src=source, dst=OWN) / IP(src="10.0.0.1", dst="10.0.0.2", id=9) / UDP(sport=5, dport=90) / b"ask"
    udp = UDP(sport=50000, dport=4789) if checksum is None else UDP(sport=50000, dport=4789, chksum=checksum)
    frame = bytes(Ether(src=NEAR, dst=FAR) / outer / udp / VXLAN(vni=vni, flags=8) / inside)
    interfaces = (
        Interface(
            "n2",
            "eth0",
            2,
            "veth",
            FAR,
            1500,
            True,
            addresses=("192.0.2.2/24", "fd00::2/64"),
            details={"forwarding": 1},
        ),
        Interface(
            "n2", "flannel.1", 3, "vxlan", OWN, 1450, True, peer=("n2", "eth0"), details={"id": 42, **dict(details)}
        ),
    )
    around = [
        Topology(time, (Node("n2", "host"),), interfaces, counters={"n2": found})
        for time, found in ((0, {}), (99, counters or {}))
    ]
    return explain(recording_of(frames_of([("n2/eth0", 1, 50, frame)]), around)).journeys[0].outcome


@pytest.mark.parametrize(("six", "counter"), [(False, "Udp.InCsumErrors"), (True, "Ip6.Udp6InCsumErrors")])
def test_a_tunnel_header_with_a_wrong_checksum_is_named_with_the_counter(six, counter):
    found = outcome(0x1234, six=six, counters={counter: 1})
    assert (found.kind, found.reason) == ("dropped", "the checksum of its tunnel's header is wrong")
    assert outcome(0x1234, six=six).reason == ""
    assert outcome(six=six, counters={counter: 1}).reason == ""  # the counter moved, but not for this packet


def test_without_a_checksum_there_is_none_that_could_be_wrong():
    assert outcome(0, counters={"Udp.InCsumErrors": 1}).reason == ""


def test_a_router_does_not_look_at_the_tunnels_checksum():
    assert "checksum" not in outcome(0x1234, target="192.0.2.77", counters={"Udp.InCsumErrors": 1}).reason


def test_a_frame_from_the_own_mac_address_of_the_tunnels_end_is_named():
    assert outcome(source=OWN).reason == (
        f"the frame comes from the MAC address of n2/flannel.1 itself: both ends of the tunnel have {OWN}"
    )
    assert "MAC" not in outcome().reason
    assert "MAC" not in outcome(source=OWN, vni=43).reason  # it is for another VXLAN interface


def test_an_identifier_that_no_vxlan_interface_has_is_named_where_the_tunnel_ends():
    found = outcome(vni=43)
    assert (found.kind, found.reason) == ("dropped", "n2 has no VXLAN interface with the identifier 43")
    assert [e.quote for e in found.evidence] == ["flannel.1 id 42"]
    assert "identifier" not in outcome(vni=42).reason
    assert "identifier" not in outcome(vni=43, target="192.0.2.77").reason  # a router looks at no identifier
    assert "identifier" not in outcome(vni=43, details={"collect_metadata": True}).reason


def sent_into(target=FAR, entries=(), details=(), kind="vxlan", way=2, counters=None):
    """The outcome of a frame that n2 sent into its VXLAN interface."""
    frame = bytes(
        Ether(src=OWN, dst=target) / IP(src="10.0.0.2", dst="10.0.0.1", id=9) / UDP(sport=5, dport=90) / b"ask"
    )
    interfaces = (Interface("n2", "vxlan0", 3, kind, OWN, 1450, True, details={"id": 42, **dict(details)}),)
    around = [
        Topology(time, (Node("n2", "host"),), interfaces, forwarding=tuple(entries), counters={"n2": found})
        for time, found in ((0, {}), (99, counters or {}))
    ]
    return explain(recording_of(frames_of([("n2/vxlan0", way, 50, frame)]), around)).journeys[0].outcome


def entry(mac, remote="192.0.2.1", interface="vxlan0"):
    return ForwardingEntry("n2", interface, mac, remote=remote, text=f"{mac} dev {interface} dst {remote}")


def test_a_vxlan_interface_without_a_remote_for_the_address_is_named():
    found = sent_into()
    assert (found.kind, found.reason) == ("dropped", f"vxlan0 knows no remote for {FAR}")
    assert [e.quote for e in found.evidence] == [f"no entry with a remote for {FAR}"]
    counted = sent_into(counters={"vxlan0.tx_dropped": 1})
    assert [e.kind for e in counted.evidence] == ["forwarding-entry", "counter"]
    assert sent_into(entries=[entry(NEAR), entry(FAR, ""), entry(FAR, interface="vxlan1")]).reason == found.reason


@pytest.mark.parametrize(
    "situation",
    [
        {"entries": [entry(FAR)]},
        {"entries": [entry("00:00:00:00:00:00")]},  # the default remote
        {"details": {"group": "239.1.1.1"}},
        {"details": {"collect_metadata": True}},  # a route chooses
        {"kind": "veth"},
        {"way": 1},
    ],
)
def test_a_frame_that_has_a_remote_or_needs_none_is_not_lost_for_want_of_one(situation):
    assert "remote" not in sent_into(**situation).reason
