"""Tunnels are drawn along the links that carry them."""

from cnetkit.model import ForwardingEntry, Interface, Link, Topology
from cnetkit.view.graph import graph
from cnetkit.view.network import Network
from cnetkit.view.pipes import pipes


def underlay(cut=False):
    """Two hosts with a VXLAN over a router between them; with `cut` the router has lost its second interface."""
    interfaces = [
        Interface("n1", "eth0", kind="veth", up=True, addresses=("192.0.2.18/28",)),
        Interface("n1", "vxlan0", kind="vxlan", up=True, master="br0", details={"id": 42, "local": "192.0.2.18"}),
        Interface("n1", "br0", kind="bridge", up=True, addresses=("10.0.9.254/24",)),
        Interface("r", "eth0", kind="veth", up=True, addresses=("192.0.2.17/28",)),
        Interface("r", "eth1", kind="veth", up=True, addresses=("192.0.2.33/28",)),
        Interface("n2", "eth0", kind="veth", up=True, addresses=("192.0.2.34/28",)),
        Interface("n2", "vxlan0", kind="vxlan", up=True, details={"id": 42, "local": "192.0.2.34"}),
    ]
    links = [Link("veth", ("n1", "eth0"), ("r", "eth0")), Link("bridge", ("n1", "vxlan0"), ("n1", "br0"))]
    if not cut:
        links.append(Link("veth", ("n2", "eth0"), ("r", "eth1")))
    forwarding = [ForwardingEntry("n1", "vxlan0", "00:00:00:00:00:00", remote="192.0.2.34")]
    return Network([Topology(interfaces=tuple(interfaces), links=tuple(links), forwarding=tuple(forwarding))])


def test_a_tunnel_goes_through_its_local_address_and_the_router_to_the_other_end():
    (way,) = pipes(underlay()).values()
    assert way == [("n1", "vxlan0"), ("n1", "eth0"), ("r", "eth0"), ("r", "eth1"), ("n2", "eth0"), ("n2", "vxlan0")]


def test_a_tunnel_with_a_way_is_no_line_of_its_own():
    network = underlay()
    drawn = graph(network)
    assert [edge["kind"] for edge in drawn["edges"]] == ["veth", "bridge", "veth"]
    assert [[list(network.interfaces)[at] for at in way] for way in drawn["pipes"]] == list(pipes(network).values())


def test_a_tunnel_whose_way_is_unknown_is_a_line_between_its_ends():
    drawn = graph(underlay(cut=True))
    assert drawn["pipes"] == []
    assert [edge["kind"] for edge in drawn["edges"]] == ["veth", "bridge", "tunnel"]
