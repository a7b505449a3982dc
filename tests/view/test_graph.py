from cnetkit.model import Interface, Link, Topology
from cnetkit.view.graph import graph, library
from cnetkit.view.network import Network


def drawn(*interfaces, links=()):
    return graph(Network([Topology(interfaces=interfaces, links=links)]))


def label(**said):
    return drawn(Interface("web", "eth0", **said))["nodes"][0]["label"]


def test_an_interface_that_is_down_or_has_no_address_says_so():
    assert label(kind="veth", up=True) == "eth0\nno address"
    assert label(kind="veth", up=False, addresses=("10.0.0.1/24",)) == "eth0\ndown"
    assert label(kind="veth", up=True, master="br0") == "eth0"
    assert label(kind="vxlan", up=True, addresses=("10.0.0.1/24", "fd00::1/64"), details={"id": 42}) == (
        "eth0 · vxlan 42\n10.0.0.1/24 +1"
    )


def test_a_long_name_is_cut_in_the_picture():
    assert label(up=True, addresses=("2001:db8:1234:5678:9abc::1/64",)) == "eth0\n2001:db8:1234:56…"


def test_an_interface_that_is_down_has_a_dashed_frame():
    up, down = (drawn(Interface("web", "eth0", up=up))["nodes"][0]["shapeProperties"] for up in (True, False))
    assert (bool(up["borderDashes"]), bool(down["borderDashes"])) == (False, True)


def test_a_link_over_other_interfaces_is_curved():
    three = [
        Interface(node, name, kind="veth", up=True) for node, name in (("a", "eth0"), ("a", "eth1"), ("b", "eth0"))
    ]
    far, near = (
        drawn(*three, links=(Link("veth", ("a", name), ("b", "eth0")),))["edges"][0] for name in ("eth0", "eth1")
    )
    assert far["smooth"]
    assert not near["smooth"]


def test_vis_network_comes_from_pyvis_and_fits_into_a_page():
    assert "vis-network" in library()[:200]
    assert "</script" not in library()
    assert "<!--" not in library()
