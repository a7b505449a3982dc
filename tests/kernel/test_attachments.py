"""A container on several networks, or none: shown by real packets."""

from __future__ import annotations


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
        one for one in trace.journeys if one.packet.kind == "echo request" and one.packet.ends.source == store.address
    )
    assert request.outcome.where == "web/eth1"


def test_a_container_without_a_network_has_its_loopback_only(lab):
    web = lab.host("dock").container("web")
    assert web.run("ls /sys/class/net").output.split() == ["lo"]
    assert web.run("hostname").output == "web\n"
