from dataclasses import replace
from itertools import combinations

from cnetkit.view.layout import Port, layout
from tests.view.capture import with_hash_seed


def inside(box, another):
    return (
        another.x <= box.x and another.y <= box.y
        and box.x + box.width <= another.x + another.width and box.y + box.height <= another.y + another.height
    )  # fmt: skip


def apart(a, b):
    return a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y


def docker(containers=20, bridges=1):
    hosts, ports = (
        {"dock": "", "outside": ""},
        [Port("dock", "eth0", peer=("outside", "eth0")), Port("outside", "eth0")],
    )
    for bridge in range(bridges):
        ports.append(Port("dock", f"br{bridge}", bridge=True))
        for number in range(containers):
            name = f"c{bridge}x{number}"
            hosts[name] = "dock"
            ports.append(Port("dock", f"veth{name}", master=f"br{bridge}", peer=(name, "eth0")))
            ports.append(Port(name, "eth0", peer=("dock", f"veth{name}")))
    return hosts, ports, [("dock", "outside")]


def test_a_host_contains_its_containers_and_nothing_else_overlaps():
    result = layout(*docker(bridges=3))
    boxes = {box.node: box for box in result.boxes}
    for node, box in boxes.items():
        assert node in ("dock", "outside") or inside(box, boxes["dock"])
    guests = [box for node, box in boxes.items() if node not in ("dock", "outside")]
    assert all(apart(a, b) for a, b in combinations([*guests, boxes["outside"]], 2))


def test_each_interface_is_in_its_nodes_box_and_no_two_overlap():
    hosts, ports, joined = docker(bridges=2)
    result = layout(hosts, ports, joined)
    boxes = {box.node: box for box in result.boxes}
    for (node, _), (x, y) in result.places.items():
        box = boxes[node]
        assert box.x <= x <= box.x + box.width
        assert box.y <= y <= box.y + box.height
    assert len(set(result.places.values())) == len(ports)


def test_a_bridge_is_above_its_ports_and_a_container_below_its_port():
    result = layout(*docker(containers=3)).places
    for number in range(3):
        port, end = result["dock", f"vethc0x{number}"], result[f"c0x{number}", "eth0"]
        assert result["dock", "br0"][1] < port[1] < end[1]
        assert port[0] == end[0]


def test_linked_nodes_are_neighbours():
    ports = [Port(node, "eth0") for node in ("r", "a", "b")]
    result = layout({"r": "", "a": "", "b": ""}, ports, [("r", "a"), ("r", "b")]).places
    order = sorted(("r", "a", "b"), key=lambda node: result[node, "eth0"])
    assert order[1] == "r"


def star(leaves=3, guests=0):
    """A router and the hosts that it joins; its interfaces are in the opposite order of theirs."""
    names = [f"n{number}" for number in range(leaves)]
    ports = [Port("r", f"eth{number}", peer=(name, "eth0")) for number, name in reversed(list(enumerate(names)))]
    ports += [Port(name, "eth0", peer=("r", f"eth{number}")) for number, name in enumerate(names)]
    hosts = dict.fromkeys(["r", *names], "") | {f"g{number}": "r" for number in range(guests)}
    return hosts, ports, [("r", name) for name in names]


def test_a_router_that_joins_three_hosts_or_more_is_above_them_and_its_links_do_not_cross():
    result = layout(*star())
    boxes = {box.node: box for box in result.boxes}
    assert all(boxes["r"].y + boxes["r"].height < boxes[f"n{number}"].y for number in range(3))
    ends = sorted(
        (result.places["r", f"eth{number}"][0], result.places[f"n{number}", "eth0"][0]) for number in range(3)
    )
    assert [below for _, below in ends] == sorted(below for _, below in ends)


def test_a_host_with_containers_of_its_own_stays_among_the_others():
    boxes = {box.node: box for box in layout(*star(guests=2)).boxes}
    assert boxes["r"].y == boxes["n0"].y


def test_more_lines_of_text_have_more_room():
    one, three = (layout({"a": ""}, [Port("a", "eth0", lines=lines)]).height for lines in (1, 3))
    assert three - one == 2 * 14


def test_a_container_whose_veth_has_left_its_bridge_is_in_its_host_once():
    """`ip link set vethc0x1 nomaster`: the port stands beside the uplink, and the container keeps its box."""
    hosts, ports, joined = docker(containers=3)
    ports[:] = [replace(port, master="") if port.name == "vethc0x1" else port for port in ports]
    result = layout(hosts, ports, joined)
    boxes = [box.node for box in result.boxes]
    assert sorted(boxes) == sorted(hosts)
    assert set(result.places) == {(port.node, port.name) for port in ports}
    assert inside(result.boxes[boxes.index("c0x1")], result.boxes[boxes.index("dock")])


def test_the_layout_is_the_same_in_every_process():
    """Sets of strings are in another order with each hash seed."""
    program = "from tests.view.test_layout import *; print(layout(*docker(bridges=3)))"
    assert len({with_hash_seed(seed, program) for seed in (1, 2, 3)}) == 1


def test_an_empty_network_and_a_node_without_interfaces_have_a_layout():
    assert layout({}, []).boxes == []
    assert [box.node for box in layout({"alone": ""}, []).boxes] == ["alone"]
