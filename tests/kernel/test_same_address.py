"""Two nodes with one IP address: said by name where both are on one network, and only there."""

import pytest

from cnetkit import Lab

ASK = "import socket\ns = socket.socket({family}, 2)\ns.sendto(b'x', ('{to}', {port}))\n"
FAMILIES = {4: ("socket.AF_INET", "172.17.0.2", 16), 6: ("socket.AF_INET6", "fd00:17::2", 64)}


def lab_with_two(lab, version, apart=False):
    """A container `web`, one with the same address, and a client, on one bridge; `apart`: the other on a bridge of its own."""
    dock = lab.host("dock")
    networks = ["fd00:17::1/64"] if version == 6 else []
    net = dock.bridge("docker0", "172.17.0.1/16", *networks)
    web, client = net.container("web"), net.container("client")
    clone = (dock.bridge("br1", "172.18.0.1/16") if apart else net).container("clone")
    _, to, length = FAMILIES[version]
    clone.run(f"ip addr add {to}/{length} dev eth0 {'nodad' if version == 6 else ''}", check=True)
    mac = clone.run("cat /sys/class/net/eth0/address").output.strip()
    own = web.run("cat /sys/class/net/eth0/address").output.strip()
    client.run(f"ip neigh replace {to} lladdr {own if apart else mac} dev eth0 nud permanent", check=True)
    web.udp_echo(53)
    return clone, client


def outcomes(lab, client, version, ports=(53,)):
    family, to, _ = FAMILIES[version]
    with lab.trace() as trace:
        for port in ports:
            client.run(["python3", "-c", ASK.format(family=family, to=to, port=port)], check=True)
    return [j.outcome for j in trace.journeys if j.packet.protocol == "udp" and j.packet.ends.destination == to]


@pytest.mark.parametrize("version", FAMILIES)
def test_a_refusal_by_the_wrong_one_of_two_names_the_other(version):
    with Lab("net", ipv6=version == 6) as lab:
        clone, client = lab_with_two(lab, version)
        clone.udp_echo(54)
        refused, answered = outcomes(lab, client, version, (53, 54))
    assert (refused.kind, refused.where) == ("dropped", "clone/eth0")
    assert f"web/eth0 on the same network has the address {FAMILIES[version][1]}, too" in refused.reason
    assert refused.evidence[-1].quote == f"clone/eth0 and web/eth0 both have {FAMILIES[version][1]}"
    assert answered.kind in ("delivered", "arrived")
    assert not answered.reason


@pytest.mark.parametrize("version", FAMILIES)
def test_the_same_address_on_another_network_is_nothing_to_mention(version):
    with Lab("net", ipv6=version == 6) as lab:
        _, client = lab_with_two(lab, version, apart=True)
        (refused,) = outcomes(lab, client, version, (54,))
    assert (refused.kind, refused.where) == ("dropped", "web/eth0")
    assert refused.reason.endswith("port unreachable")
