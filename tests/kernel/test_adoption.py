"""Network namespaces that programs in a host made are nodes: by path, by process, and by themselves as they come and go."""

from __future__ import annotations

import time

import pytest

from cnetkit import CnetkitError
from cnetkit.lab import Lab
from cnetkit.lab.adopted import follow
from cnetkit.trace.steps import STEPS

IDENTIFIER = "5eaf00d5eaf00d5eaf00d5eaf00d"
MADE = """
unshare --net sh -c 'touch /run/ready; exec sleep 1000' &
until [ -e /run/ready ]; do sleep 0.01; done
pgrep -f '^sleep 1000'
"""
"""Makes a network namespace with a process in it, and prints the process id."""
JOINED = """
unshare --net --pid --fork --kill-child sh -c ': %s; touch /run/ready; until [ -e /run/go ]; do sleep 0.01; done; %s' &
until [ -e /run/ready ]; do sleep 0.01; done
pid=$(pgrep -o -f '^sh -c : %s')
ip link add toweb type veth peer name eth0 netns $pid
ip address add 10.9.0.1/24 dev toweb
ip link set toweb up
nsenter --target $pid --net sh -c 'ip link set lo up; ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up'
"""
"""A container engine of a few lines: a program in namespaces of its own, with an identifier in its command line, joined to the
host."""


def engine(identifier: str = IDENTIFIER, program: str = "sleep 1000") -> str:
    return JOINED % (identifier, program, identifier)


def within(seconds: float, condition) -> bool:
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return holds


@pytest.fixture
def host(lab: Lab):
    return lab.host("dock")


def test_a_namespace_is_adopted_by_its_path(lab, host):
    host.run("ip netns add blue; ip -n blue link set lo up; ip -n blue address add 10.1.1.1/32 dev lo", check=True)
    blue = host.adopt("inner", path="/run/netns/blue")
    assert lab["inner"] is blue
    assert "10.1.1.1" in blue.run("ip -o -4 address").output
    assert "inner" in {node.name for node in lab.topology.nodes}


def test_a_namespace_is_adopted_by_the_id_of_a_process_in_it(lab, host):
    pid = int(host.run(MADE).output)
    inside = host.run(f"readlink /proc/{pid}/ns/net").output.strip()
    node = host.adopt("made", pid=pid)
    assert node.run("readlink /proc/self/ns/net").output.strip() == inside


def test_programs_in_an_adopted_node_see_what_its_own_process_sees(lab, host):
    host.run(
        """unshare --net --mount --pid --uts --fork --mount-proc sh -c '
            hostname inside; mount -t tmpfs t /mnt; echo mine > /mnt/file; touch /run/ready; exec sleep 1000
        ' >/dev/null 2>&1 &
        until [ -e /run/ready ]; do sleep 0.01; done""",
        check=True,
    )
    node = host.adopt("made", pid=int(host.run("pgrep -n unshare").output))
    assert node.run("hostname; cat /mnt/file; cat /proc/1/comm").output == "inside\nmine\nsleep\n"


def test_packets_into_an_adopted_node_are_followed_to_its_end(lab, host):
    host.run(engine(), check=True)
    host.adopt("web", pid=int(host.run("pgrep -o -f '^sh -c : '").output))
    with lab.trace() as trace:
        host.run("ping -c 1 -W 2 10.9.0.2", check=True)
    request = trace.select("icmp").journeys[0]
    assert [(hop.node, hop.interface) for hop in request.hops] == [("dock", "toweb"), ("web", "eth0")]
    assert request.outcome.kind == "delivered"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"path": "/etc/hosts"}, "is no network namespace"),
        ({"path": "/run/nothing"}, "is no network namespace"),
        ({"path": "/proc/self/ns/mnt"}, "is no network namespace"),
        ({"pid": 999999}, "is no network namespace"),
        ({}, "say which network namespace"),
        ({"path": "/run/netns/x", "pid": 1}, "say which network namespace"),
        ({"path": "/proc/1/ns/net"}, "'dock'"),
    ],
)  # fmt: skip
def test_what_cannot_be_adopted_is_refused_and_leaves_nothing(lab, host, how, message):
    with pytest.raises(CnetkitError, match=message):
        host.adopt("made", **how)
    assert list(lab.nodes) == ["dock"]
    assert [node.name for node in lab.topology.nodes] == ["dock"]


def test_a_namespace_is_one_node_only(lab, host):
    host.run("ip netns add blue", check=True)
    host.adopt("blue", path="/run/netns/blue")
    with pytest.raises(CnetkitError, match="already a node for this network namespace, 'blue'"):
        host.adopt("green", path="/run/netns/blue")


def test_an_adopted_node_is_left_to_its_maker(lab, host):
    host.run("ip netns add blue", check=True)
    blue = host.adopt("inner", path="/run/netns/blue")
    with pytest.raises(CnetkitError, match="have that program remove it"):
        blue.remove()
    assert blue.run("true").ok


def test_a_host_is_removed_with_what_was_adopted_in_it(lab, host):
    other = lab.host("other")
    host.run(engine(), check=True)
    host.adopt("web", pid=int(host.run("pgrep -o -f '^sh -c : '").output))
    host.remove()
    assert list(lab.nodes) == ["other"] == [node.name for node in lab.topology.nodes]
    assert other.run("true").ok


# --- By themselves ---------------------------------------------------------------------------------------------------


def test_a_namespace_becomes_a_node_before_the_command_that_made_it_returns(lab, host):
    follow(host, ["echo", IDENTIFIER, "web"])
    host.run(engine(), check=True)
    assert lab["web"].address == "10.9.0.2"
    assert lab["web"].host is host


def test_its_name_is_that_of_the_identifier_in_its_command_line(lab, host):
    follow(host, ["sh", "-c", f"echo aaaabbbbcccc wrong; echo {IDENTIFIER} right; echo ddddeeeeffff wrong"])
    host.run(engine(), check=True)
    assert list(lab.nodes) == ["dock", "right"]


def test_a_name_that_is_told_late_is_waited_for(lab, host):
    follow(
        host,
        ["sh", "-c", f"until [ -e /run/ready ]; do sleep 0.01; done; sleep 0.3; echo {IDENTIFIER} web; sleep 1000"],
    )
    host.run(engine(), check=True)
    assert list(lab.nodes) == ["dock", "web"]


@pytest.mark.parametrize("name", ["", "../etc", "a b", "<b>x</b>", "dock"])
def test_a_namespace_without_a_usable_name_is_a_node_all_the_same(lab, host, name):
    follow(host, ["echo", IDENTIFIER, name])
    host.run(engine(), check=True)
    _, node = lab.nodes
    assert node.startswith("namespace-") or node == "dock.dock"
    assert lab[node].run("true").ok


def test_a_node_goes_when_nothing_is_in_its_namespace_any_more(lab, host):
    follow(host, ["echo", IDENTIFIER, "web"])
    host.run(engine(), check=True)
    assert "web" in lab.nodes
    host.run("pkill -9 -f '^sh -c : '", check=True)
    assert within(10, lambda: "web" not in lab.nodes)
    assert [node.name for node in lab.topology.nodes] == ["dock"]
    host.run("rm /run/ready; " + engine(), check=True)  # a new one of the same name
    assert lab["web"].address == "10.9.0.2"


def test_a_namespace_without_a_process_is_a_node_as_long_as_it_is_mounted(lab, host):
    follow(host, [])
    host.run("touch /run/kept; unshare --net mount --bind /proc/self/ns/net /run/kept", check=True)
    assert within(10, lambda: "kept" in lab.nodes)
    assert lab["kept"].run("ip link show lo").ok
    host.run("umount /run/kept", check=True)
    assert within(10, lambda: "kept" not in lab.nodes)


def test_containers_of_one_host_are_not_taken_for_another_hosts(lab, host):
    other = lab.host("other")
    for one in (host, other):
        follow(one, ["echo", IDENTIFIER, "web"])
    other.run(engine(), check=True)
    host.run(engine(), check=True)
    assert lab["web"].host is other
    assert lab["web.dock"].host is host


def test_a_node_that_appears_and_goes_within_a_capture_is_captured(lab, host):
    follow(host, ["echo", IDENTIFIER, "once"])
    with lab.trace() as trace:
        host.run(engine(program="ping -c 1 -W 2 10.9.0.1 >/run/answer"), check=True)
        assert "once" in lab.nodes
        host.run("touch /run/go", check=True)
        assert within(10, lambda: "once" not in lab.nodes)
        assert "1 received" in host.run("cat /run/answer").output
    request, answer = trace.select("icmp").journeys
    assert [(hop.node, hop.interface) for hop in request.hops] == [("once", "eth0"), ("dock", "toweb")]
    assert [(hop.node, hop.interface) for hop in answer.hops] == [("dock", "toweb"), ("once", "eth0")]
    assert (request.outcome.kind, answer.outcome.kind) == ("delivered", "arrived")
    assert not trace.unexplained


def test_a_capture_of_chosen_nodes_leaves_out_those_that_appear(lab, host):
    follow(host, ["echo", IDENTIFIER, "once"])
    with lab.trace(host) as trace:
        host.run(engine(), check=True)
        host.run("ping -c 1 -W 2 10.9.0.2", check=True)
    assert {tap.node for tap in trace.recording.frames.taps} == {"dock"}


def test_a_replay_knows_the_nodes_that_appeared(tmp_path):
    def tell(**how):
        with Lab("told", **how) as lab:
            host = lab.host("dock")
            follow(host, ["echo", IDENTIFIER, "once"])
            with lab.trace() as trace:
                host.run(engine(program="ping -c 1 -W 2 10.9.0.1 >/run/answer; sleep 1000"), check=True)
                host.run("touch /run/go; until grep -q received /run/answer; do sleep 0.01; done", check=True)
            return list(lab.nodes), lab["once"].address, [str(j) for j in trace.select("icmp").journeys]

    live = tell(record=tmp_path / "told.cnetkit")
    assert live[:2] == (["dock", "once"], "10.9.0.2")
    assert tell(replay=tmp_path / "told.cnetkit") == live


def test_a_tunnel_that_was_moved_into_a_namespace_is_followed_through_the_host_it_was_made_in(lab):
    """As Docker's overlay does it: the packets travel in the host, the VXLAN interface stands in a namespace of its own."""
    one, other = lab.host("one"), lab.host("other")
    lab.connect(one, other, "192.0.2.0/24")
    for number, (host, near, far) in enumerate(((one, "192.0.2.2", "192.0.2.1"), (other, "192.0.2.1", "192.0.2.2")), 1):
        host.run(
            f"""ip netns add box{number}
            ip link add vx0 type vxlan id 7 local {near} remote {far} dstport 4789
            ip link set vx0 netns box{number}
            ip -n box{number} address add 10.7.0.{number}/24 dev vx0
            ip -n box{number} link set vx0 up""",
            check=True,
        )
        host.adopt(f"inner{number}", path=f"/run/netns/box{number}")
    with lab.trace() as trace:
        lab["inner1"].run("ping -c 1 -W 2 10.7.0.2", check=True)
    request = trace.select("icmp").journeys[0]
    assert [(hop.node, hop.interface) for hop in request.hops] == [
        ("inner1", "vx0"), ("one", "eth0"), ("other", "eth0"), ("inner2", "vx0"),
    ]  # fmt: skip
    assert [STEPS[int(trace.analysis.joined.step[hop.frame])].name for hop in request.hops[1:]] == [
        "wrapped", "link", "unwrapped",
    ]  # fmt: skip
    assert [(i.node, i.peer) for i in lab.topology.interfaces if i.name == "vx0"] == [
        ("inner1", None),
        ("inner2", None),
    ]
