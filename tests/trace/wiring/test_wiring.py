"""The wiring that a topology describes: cables, bridges, stacks and tunnels."""

from cnetkit.model import Interface, Link, Topology
from cnetkit.recording.frames import LINKTYPE_ETHERNET, LINKTYPE_RAW, Tap
from cnetkit.trace.wiring.described import interfaces_of
from cnetkit.trace.wiring.wiring import node_names, wire

TOPOLOGY = Topology(interfaces=(
    Interface("web", "eth0", kind="veth", peer=("dock", "veth1"), mac="02:00:00:00:00:01"),
    Interface("dock", "veth1", kind="veth", peer=("web", "eth0"), master="docker0"),
    Interface("dock", "docker0", kind="bridge"),
    Interface("dock", "eth0", kind="veth"),
    Interface("dock", "eth0.5", kind="vlan", peer=("dock", "eth0")),
    Interface("dock", "vx", kind="vxlan"),
    Interface("dock", "wg0", kind="wireguard"),
))  # fmt: skip


def wired(*places, topologies=(TOPOLOGY,), linktype=LINKTYPE_ETHERNET):
    return wire([Tap(*place.split("/"), linktype) for place in places], topologies)


def test_the_ends_of_a_veth_pair_share_a_segment():
    wiring = wired("web/eth0", "dock/veth1", "dock/eth0")
    assert wiring.segment[0] == wiring.segment[1] >= 0
    assert wiring.segment[2] == -1


def test_a_cable_with_an_end_that_was_not_captured_has_no_segment():
    assert wired("web/eth0").segment.tolist() == [-1]


def test_a_port_shares_its_bridges_number_and_other_interfaces_have_none():
    wiring = wired("dock/veth1", "dock/docker0", "dock/eth0")
    assert wiring.bridge[0] == wiring.bridge[1] >= 0
    assert wiring.bridge[2] == -1
    assert wiring.is_bridge.tolist() == [False, True, False]


def test_a_vlan_stands_on_its_parent():
    assert wired("dock/eth0", "dock/eth0.5").below.tolist() == [-1, 0]


def test_tunnels_and_encrypting_interfaces_are_marked():
    wiring = wired("dock/vx", "dock/wg0", "dock/eth0")
    assert wiring.tunnel.tolist() == [True, False, False]
    assert wiring.encrypting.tolist() == [False, True, False]


def test_an_unknown_interface_without_mac_addresses_may_encrypt():
    assert wired("other/tap0", linktype=LINKTYPE_RAW).encrypting.tolist() == [True]


def test_only_described_interfaces_are_marked_as_such():
    wiring = wired("web/eth0", "web/eth9", "web/lo")
    assert wiring.described.tolist() == [True, False, True]
    assert wiring.address.tolist() == [0x020000000001, 0, 0]


def test_a_later_topology_wins():
    moved = Topology(links=(Link("veth", ("web", "eth0"), ("dock", "eth0")),))
    wiring = wired("web/eth0", "dock/eth0", topologies=(TOPOLOGY, moved))
    assert wiring.segment[0] == wiring.segment[1] >= 0


def test_nodes_are_numbered_in_the_order_of_their_taps():
    taps = [Tap("b", "x", LINKTYPE_ETHERNET), Tap("a", "y", LINKTYPE_ETHERNET), Tap("b", "z", LINKTYPE_ETHERNET)]
    assert node_names(taps) == ("b", "a")
    assert wire(taps, ()).node.tolist() == [0, 1, 0]


def test_a_container_that_is_taken_down_stays_joined_as_it_was_while_it_was_up():
    def seen(peer, up, host="ask"):
        return Topology(
            interfaces=(
                Interface("dock", "veth5", 5, "veth", up=True, peer=peer),
                Interface(host, peer[1], 2, "veth", up=up, peer=("dock", "veth5")),
            ),
            links=(Link("veth", ("dock", "veth5"), peer),),
        )

    alive, after = seen(("ask", "eth0"), True), seen(("dock", "veth6"), False, "dock")
    for topologies in ((alive, after), (after, alive), (alive, after, Topology())):
        wiring = wired("dock/veth5", "ask/eth0", "dock/veth6", topologies=topologies)
        assert wiring.segment[0] == wiring.segment[1] >= 0
        assert interfaces_of(topologies)["dock", "veth5"].peer == ("ask", "eth0")


def test_a_tunnels_packets_travel_in_its_own_node_or_in_the_one_that_it_came_from():
    moved = Topology(interfaces=(
        Interface("box", "vx0", kind="vxlan", up=True, details={"underlay_node": "dock"}),
        Interface("lost", "vx0", kind="vxlan", up=True, details={"underlay_node": "elsewhere"}),
    ))  # fmt: skip
    wiring = wired("dock/vx", "box/vx0", "lost/vx0", topologies=(TOPOLOGY, moved))
    assert wiring.underlay.tolist() == [0, 0, 2]
