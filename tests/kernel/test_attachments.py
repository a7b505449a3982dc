"""A container on several networks, or none: shown by real packets."""

from __future__ import annotations

import pytest

from cnetkit.model import CnetkitError


def test_a_container_on_two_networks_reaches_both_and_their_members_do_not_reach_each_other(lab):
    host = lab.host("dock")
    front, back = host.bridge("front", "10.1.0.1/24"), host.bridge("back", "10.2.0.1/24")
    web, client, store = front.container("web"), front.container("client"), back.container("store")
    back.attach(web)
    for address in (client.address, store.address):
        web.run(f"ping -c1 -W2 {address}", check=True)
    with lab.trace() as trace:
        store.run("ping -c1 -W2 10.2.0.3", check=True)
        assert not client.run(f"ping -c1 -W1 {store.address}").ok  # Docker isolates its bridges from each other
    request = next(
        journey
        for journey in trace.journeys
        if journey.packet.kind == "echo request" and journey.packet.ends.source == store.address
    )
    assert request.outcome.where == "web/eth1"


def test_a_container_without_a_network_has_its_loopback_only(lab):
    web = lab.host("dock").container("web")
    assert web.run("ls /sys/class/net").output.split() == ["lo"]
    assert web.run("hostname").output == "web\n"


def test_a_bridge_without_dockers_rules_changes_no_rule_and_hides_no_address(lab):
    host, outside = lab.host("dock"), lab.host("outside")
    lab.connect(outside, host, "203.0.113.0/24", addresses=("203.0.113.7", "203.0.113.8"))
    net = host.bridge("br0", "10.5.0.1/24", rules=False)
    web = net.container("web")
    web.http_server(80)
    assert host.run("iptables-nft-save").output == ""
    outside.route("10.5.0.0/24", "203.0.113.8")
    assert "you are 203.0.113.7 " in outside.run("curl -s -m 5 http://10.5.0.2/", check=True).output
    with pytest.raises(CnetkitError, match="web is on no bridge with Docker's rules"):
        host.publish(8080, to=web, port=80)


def test_a_port_is_published_by_the_attachment_that_docker_knows(lab):
    host, outside = lab.host("dock"), lab.host("outside")
    lab.connect(outside, host, "203.0.113.0/24")
    plain, docker = host.bridge("br0", "10.5.0.1/24", rules=False), host.bridge("docker0", "172.17.0.1/16")
    web = plain.container("web")
    docker.attach(web, address="172.17.0.9")
    web.http_server(80)
    web.run("ip route replace default via 172.17.0.1", check=True)  # as docker chooses the gateway network
    host.publish(8080, to=web, port=80)
    assert "web at 172.17.0.9" in outside.run("curl -s -m 5 http://203.0.113.1:8080/", check=True).output


def test_a_container_that_changes_its_network_is_reached_at_its_new_address_only(lab):
    host, outside = lab.host("dock"), lab.host("outside")
    lab.connect(outside, host, "203.0.113.0/24")
    front, back = host.bridge("front", "10.1.0.1/24"), host.bridge("back", "10.2.0.1/24")
    web = front.container("web")
    web.http_server(80)
    published = host.publish(8080, to=web, port=80)
    back.attach(web)
    front.detach(web)
    assert web.run("ls /sys/class/net").output.split() == ["eth1", "lo"]
    assert "default via 10.2.0.1" in web.run("ip route").output
    assert not host.published
    assert "8080" not in host.run("iptables-nft-save").output
    host.publish(8081, to=web, port=80)
    assert "web at 10.2.0.2" in outside.run("curl -s -m 5 http://203.0.113.1:8081/", check=True).output
    assert not host.run("ping -c1 -W1 10.1.0.2").ok
    with pytest.raises(CnetkitError, match="is not published"):
        published.remove()


def test_the_other_hosts_of_an_overlay_hear_of_who_is_detached(lab):
    first, second = lab.host("n1"), lab.host("n2")
    lab.connect(second, first, "192.0.2.0/24")
    overlay = lab.overlay("ov", [first, second], "10.0.9.0/24", control=True)
    a, b = first.container("a"), overlay.container("b", second)
    overlay.bridges["n1"].attach(a)
    b.run(f"ping -c1 -W2 {a.address}", check=True)
    overlay.bridges["n1"].detach(a)
    assert "10.0.9." not in second.run("ip neighbour show dev vxlan0").output


def test_a_host_on_several_networks_reaches_each_of_them_through_its_own_interface(lab):
    office, store = lab.lan("office", "10.50.0.0/24"), lab.lan("store", "10.60.0.0/24")
    host, desk, disk = lab.host("dock"), lab.host("desk"), lab.host("disk")
    for network, node in ((office, host), (store, host), (office, desk), (store, disk)):
        network.attach(node)
    web = host.bridge("docker0", "172.17.0.1/16").container("web")
    with lab.trace() as trace:
        for node in (desk, disk):
            web.run(f"ping -c1 -W2 {node.address}", check=True)
    echoes = [journey for journey in trace.journeys if journey.packet.kind == "echo request"]
    assert [journey.outcome.where for journey in echoes] == ["desk/eth0", "disk/eth0"]
    ways_out = [
        next(hop.interface for hop in journey.hops if hop.node == "dock" and hop.interface.startswith("eth"))
        for journey in echoes
    ]
    assert ways_out == ["eth0", "eth1"]
    store.detach(host)
    assert not web.run(f"ping -c1 -W1 {disk.address}").ok
    web.run(f"ping -c1 -W2 {desk.address}", check=True)


def test_a_container_can_be_on_a_bridge_and_on_a_lan(lab):
    host, office, desk = lab.host("dock"), lab.lan("office", "10.50.0.0/24"), lab.host("desk")
    web = host.bridge("docker0", "172.17.0.1/16").container("web")
    office.attach(desk)
    office.attach(web, "10.50.0.7/24")
    web.http_server(80)
    assert (
        "web at 10.50.0.7 port 80; you are 10.50.0.1 " in desk.run("curl -s -m 5 http://10.50.0.7/", check=True).output
    )
    assert "default via 172.17.0.1" in web.run("ip route").output


def interfaces(lab):
    """Each node's interfaces as the kernel has them and as the lab knows them, without ports of bridges."""
    there = {
        (one.node, one.name) for one in lab.topology.interfaces if one.name != "lo" and not one.name.startswith("veth")
    }
    return there, {(name, interface) for name, node in lab.nodes.items() for interface in node.interfaces}


@pytest.mark.parametrize("backend", ["vxlan", "host-gw"])
def test_a_host_of_a_pod_network_with_services_can_be_removed(lab, backend):
    a, b = lab.host("a"), lab.host("b")
    lab.connect(b, a, "192.0.2.0/24")
    pods = lab.pod_network([a, b], backend=backend)
    web, cluster = pods.pod("web", a), lab.cluster(pods)
    service = cluster.service("web", web)
    a.remove()
    there, known = interfaces(lab)
    assert there == known == {("b", "cni0")}
    assert service.pods == []
    with pytest.raises(CnetkitError, match="a is not a node of the lab"):
        pods.pod("more", a)
    cluster.service("more", pods.pod("more", b))
    b.remove()


def test_a_host_of_an_overlay_can_be_removed_and_the_others_go_on(lab):
    switch, hosts = lab.lan("switch", "192.0.2.0/24"), [lab.host(name) for name in "abc"]
    for host in hosts:
        switch.attach(host)
    net = lab.overlay("ov", hosts, "10.0.9.0/24", control=True)
    x, y = net.container("x", hosts[0]), net.container("y", hosts[1])
    hosts[2].remove()
    assert x.run(f"ping -c 1 -W 2 {y.address}").ok
    switch.detach(hosts[1])  # its tunnel goes with its cable
    x.remove()
    net.container("z", hosts[0])
    with pytest.raises(CnetkitError, match="c is not a node of the lab"):
        net.container("w", hosts[2])


def test_interfaces_that_went_with_others_are_known_to_be_gone(lab):
    switch, a, b = lab.lan("switch", "10.50.0.0/24"), lab.host("a"), lab.host("b")
    switch.attach(a)
    net = a.macvlan("mac", "10.50.0.0/24")
    c = net.container("c", "10.50.0.9")
    lab.connect(a, b, "10.1.0.0/24")
    switch.detach(a)
    there, known = interfaces(lab)
    assert ("c", "eth0") not in there | known
    assert not c.attachments
    assert not net.members
    b.remove()
    assert not a.interfaces
    assert lab.connect(a, lab.host("d"), "10.1.0.0/24") == ("eth0", "eth0")


def test_a_node_with_links_upon_links_can_be_removed(lab):
    a = lab.host("a")
    a.run(
        "ip link add d0 type veth peer name d1 && ip link add m0 link d0 type macvlan && ip link add m1 link d0 type macvlan",
        check=True,
    )
    a.remove()
    for attempt in (lambda: a.container("c"), lambda: a.bridge("br0", "10.1.0.1/24")):
        with pytest.raises(CnetkitError, match=r"no node 'a'|a is not a node"):
            attempt()


def test_an_interface_that_was_there_during_a_capture_only_has_its_name_and_routes(lab):
    dock = lab.host("dock")
    net, web = dock.bridge("br0", "10.1.0.1/24", rules=False), dock.container("web")
    with lab.trace() as trace:
        net.attach(web, interface="lan0")
        web.run("ping -c1 -W2 10.1.0.1", check=True)
        net.detach(web)
    request = next(journey for journey in trace.journeys if journey.packet.kind == "echo request")
    port = f"veth{request.hops[1].interface.removeprefix('veth')}"
    assert [f"{hop.node}/{hop.interface}" for hop in request.hops] == ["web/lan0", f"dock/{port}", "dock/br0"]
    assert any("dev lan0" in one.quote for one in request.hops[0].evidence if one.kind == "route")


def test_the_frames_of_a_node_that_is_removed_during_a_capture_are_kept(lab):
    dock = lab.host("dock")
    net = dock.bridge("br0", "10.1.0.1/24", rules=False)
    web, client = net.container("web"), net.container("client")
    with lab.trace() as trace:
        client.run(f"ping -c1 -W2 {web.address}", check=True)
        web.remove()
    request = next(journey for journey in trace.journeys if journey.packet.kind == "echo request")
    assert [hop.node for hop in request.hops] == ["client", "dock", "dock", "web"]
    assert not trace.recording.losses


def test_a_published_port_ends_with_the_attachment_that_it_led_to(lab):
    dock = lab.host("dock")
    front, back = dock.bridge("front", "10.1.0.1/24"), dock.bridge("back", "10.2.0.1/24", rules=False)
    web = back.container("web")
    dock.publish(8080, to=web, port=80)
    front.attach(web)  # it would lead here now
    front.detach(web)
    assert len(dock.published) == 1
    front.attach(web)
    back.detach(web)
    assert not dock.published
    dock.publish(8080, to=web, port=80)
    back.attach(web)
    web.remove()
    assert "8080" not in dock.run("iptables-save", check=True).output


def test_an_attachment_whose_interface_was_deleted_by_hand_can_still_end(lab):
    dock = lab.host("dock")
    front, back = dock.bridge("front", "10.1.0.1/24"), dock.bridge("back", "10.2.0.1/24")
    web = front.container("web")
    back.attach(web)
    web.run("ip link delete eth0", check=True)
    front.detach(web)
    assert "default via 10.2.0.1" in web.run("ip route show", check=True).output
    assert front.attach(web).interface == "eth0"
