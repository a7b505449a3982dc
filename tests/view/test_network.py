from cnetkit.model import ForwardingEntry, Interface, Link, Node, Topology
from cnetkit.view.network import Network


def vxlan(node, local, **details):
    return Interface(node, "flannel.1", kind="vxlan", up=True, details={"id": 42, "local": local, **details})


def test_the_loopback_is_left_out_unless_frames_were_captured_there():
    topology = Topology(nodes=(Node("web"),), interfaces=(Interface("web", "lo", kind="loopback"),))
    assert Network([topology]).interfaces == {}
    assert list(Network([topology], [("web", "lo")]).interfaces) == [("web", "lo")]


def test_tunnels_link_interfaces_with_the_same_identifier_that_name_each_other():
    a, b = vxlan("n1", "192.0.2.1", group="192.0.2.2"), vxlan("n2", "192.0.2.2", group="192.0.2.1")
    elsewhere = vxlan("n3", "192.0.2.3")
    links = Network([Topology(interfaces=(a, b, elsewhere))]).links
    assert [(link.kind, link.a[0], link.b[0]) for link in links] == [("tunnel", "n1", "n2")]


def test_a_forwarding_entry_names_the_end_of_a_tunnel():
    a, b = vxlan("n1", "192.0.2.1"), vxlan("n2", "192.0.2.2")
    entry = ForwardingEntry("n1", "flannel.1", "02:00:00:00:00:02", remote="192.0.2.2")
    links = Network([Topology(interfaces=(a, b), forwarding=(entry,))]).links
    assert [link.kind for link in links] == ["tunnel"]


def test_the_later_topology_wins():
    before, after = (Topology(interfaces=(Interface("web", "eth0", up=up),)) for up in (True, False))
    assert Network([before, after]).interfaces["web", "eth0"].up is False


def test_without_a_topology_nodes_with_common_packets_are_linked():
    network = Network([], [("a", "eth0"), ("b", "eth0"), ("b", "eth1")])
    network.join([(("a", "eth0"), ("b", "eth0")), (("b", "eth0"), ("b", "eth1"))])
    assert [(link.kind, link.a, link.b) for link in network.links] == [("seen", ("a", "eth0"), ("b", "eth0"))]
    assert network.described()["interfaces"][0] == {"node": 0, "name": "eth0"}


def test_an_interface_that_was_renamed_is_shown_under_the_name_that_it_had_while_it_was_up():
    def seen(name, up):
        return Topology(
            interfaces=(
                Interface("ask", name, 2, "veth", up=up, peer=("dock", "veth5")),
                Interface("dock", "veth5", 5, "veth", up=True, peer=("ask", name)),
            ),
            links=(Link("veth", ("ask", name), ("dock", "veth5")),),
        )

    drawn = Network([seen("veth7", False), seen("eth0", True), seen("veth9", False)])
    assert list(drawn.interfaces) == [("dock", "veth5"), ("ask", "eth0")]
    assert [(link.a, link.b) for link in drawn.links] == [(("ask", "eth0"), ("dock", "veth5"))]
    assert list(Network([seen("veth7", False)]).interfaces) == [("ask", "veth7"), ("dock", "veth5")]
