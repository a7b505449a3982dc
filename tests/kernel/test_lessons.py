"""Every lesson's questions agree with the packets; every exercise takes any repair that works, and tells mistakes apart."""

from __future__ import annotations

from functools import partial

import pytest

from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.learn import Exercise, Lesson

BOOK = {"bridge": "02", "out-of-the-host": "03", "overlay": "05", "pod": "06", "service": "07"}


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def opened(name: str) -> tuple[Lab, Lesson]:
    lab = Lab(name)
    catalog.find(name).network(lab)
    return lab, Lesson(BOOK[name], catalog.tasks(name))


def traced(lab: Lab, node: str, *commands: str):
    with lab.trace() as trace:
        for command in commands:
            lab[node].run(command)
    return trace


def ping(lab: Lab, node: str, address: str):
    lab[node].run("ip neighbour flush dev eth0")
    return traced(lab, node, f"ping -c 1 -W 0.5 {address}")


# --- Questions -------------------------------------------------------------------------------------------------------


def bridge(lab):
    trace = traced(lab, "c0", "ping -c 1 172.17.0.3")
    return {"": trace, "again": traced(lab, "c0", "ping -c 1 172.17.0.3")}


def out_of_the_host(lab):
    with lab.trace() as trace:
        for name in ("c0", "c1"):
            lab[name].run("curl -s http://198.51.100.2/")
    return {"": trace}


def overlay(lab):
    return {"": traced(lab, "a", "ping -c 1 10.0.9.2")}


def pod(lab):
    with lab.trace() as inside:
        lab["web"].containers["sidecar"].run("curl -s http://127.0.0.1/")
    trace = traced(lab, "client", "curl -s http://10.244.0.2/")
    lab["web"].containers["server"].restart()
    return {"": trace, "local": inside, "restart": traced(lab, "client", "curl -s -m 2 http://10.244.0.2/")}


def service(lab):
    web = lab.clusters[0].services["default", "web"]
    named = traced(lab, "client", "curl -s http://web/")
    trace = traced(lab, "client", f"for i in $(seq 16); do curl -s http://{web.address}/; done")
    knocking = traced(lab, "outside", "curl -s http://192.0.2.18:30080/")
    web.remove(*web.pods)
    return {
        "": trace, "asked": named, "masked": knocking,
        "empty": traced(lab, "client", f"curl -s -m 2 http://{web.address}/"),
    }  # fmt: skip


RUNS = {"bridge": bridge, "out-of-the-host": out_of_the_host, "overlay": overlay, "pod": pod, "service": service}
ANSWERS = {
    "bridge": {"first": "b", "hears": "b", "bystander": "no", "way": "c0, dock, c1", "again": "b",
               "why": "It has learned the port of c1"},
    "out-of-the-host": {"source": "192.0.2.2", "who": "dock", "ttl": "twice", "back": "b", "apart": "by their ports"},
    "overlay": {"copies": "b", "outer": "192.0.2.34", "way": ["a", "n1", "router", "n2", "b"], "ttl": "b", "room": "1450",
                "why": "It sees the hosts' addresses only"},
    "pod": {"local": "a", "source": "10.244.1.2", "way": "client n2 router n1 web", "changes": "b", "restart": "b",
            "why": "each host has a route"},
    "service": {"asked": "b", "where": "n1", "spread": "c", "masked": "b", "empty": "b",
                "fair": "only two of three reach the second rule"},
}  # fmt: skip
WRONG = {
    "bridge": {"first": "ac", "hears": "ac", "bystander": ["yes"], "way": ["c0, c1", "c0, c2, c1"], "again": ["yes"],
               "why": ["no idea", "it learned"]},
    "out-of-the-host": {"source": ["172.17.0.2", "192.0.2.1", "10.1.1.1"], "who": ["router", "c0"], "ttl": "bd", "back": "ac",
                        "apart": ["magic"]},
    "overlay": {"copies": "ac", "outer": ["10.0.9.2", "192.0.2.33"], "way": ["a, b", "a, n1, n2, b", "b n2 router n1 a"],
                "ttl": "ac", "room": ["1500", "1550"], "why": ["because"]},
    "pod": {"local": "bc", "source": ["192.0.2.34", "10.244.1.1"], "way": ["client, n2, n1, web", "client, n2"],
            "changes": "ac", "restart": "ac", "why": ["because"]},
    "service": {"asked": "ac", "where": ["client", "router"], "spread": "ab", "masked": "ac", "empty": "ac", "fair": ["luck"]},
}  # fmt: skip


@pytest.mark.parametrize("name", BOOK)
def test_right_answers_are_correct_and_wrong_ones_get_feedback_of_their_own(name):
    lab, lesson = opened(name)
    with lab:
        traces = RUNS[name](lab)
    questions = [task.name for task in lesson.tasks.values() if not isinstance(task, Exercise)]
    assert questions == list(ANSWERS[name])
    assert len(questions) >= 5
    for question in questions:
        trace = traces.get(question, traces[""])
        lesson.ask(question)
        assert lesson.check(question, trace).outcome == "not attempted"
        lesson.ask(question, ANSWERS[name][question])
        result = lesson.check(question, trace)
        assert result.correct, (question, str(result))
        said = set()
        for wrong in WRONG[name][question]:
            lesson.ask(question, wrong)
            result = lesson.check(question, trace)
            assert result.outcome == "incorrect", (question, wrong)
            said.add(result.words)
        assert len(said) == len(WRONG[name][question]), question
        assert all(said)


# --- Exercises -------------------------------------------------------------------------------------------------------

MASQUERADE = "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
FLOOD = "bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self permanent"
STATIC = "bridge fdb append 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self permanent"
KNOWN = "ip neigh replace 10.0.9.2 lladdr 02:42:0a:00:09:02 dev eth0 nud permanent"
OTHER_ID = (
    "ip link del vxlan0; ip link add vxlan0 type vxlan id 43 dstport 4789 local 192.0.2.34;"
    " ip link set vxlan0 up master br0"
)
FORGET = (
    "bridge fdb del 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self;"
    "bridge fdb del 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self; bridge fdb del 02:42:0a:00:09:02 dev vxlan0 master; true"
)
EMPTY = (
    "iptables -t nat -F $(iptables -t nat -S | grep -o 'KUBE-SEP-[A-Z0-9]* .*10.244.1.2:80' | head -1 | cut -d' ' -f1)"
)
LAY = (
    "chain=$(iptables -t nat -S | grep -o 'KUBE-SEP-[A-Z0-9]*$' | sort -u | while read c; do "
    "iptables -t nat -S $c | grep -q DNAT || echo $c; done); "
    "iptables -t nat -A $chain -p tcp -j DNAT --to-destination 10.244.1.2:80"
)


def run(node: str, command: str):
    return lambda lab: lab[node].run(command, check=True)


def replaced(lab):
    net = lab["c1"].network
    lab["c1"].remove()
    net.container("c1", "172.17.0.3")


def cable(command: str):
    return lambda lab: lab["dock"].run(command.format(lab["c1"].host_interface), check=True)


def both(*steps):
    return lambda lab: [step(lab) for step in steps]


def modes(lab):
    lab.clusters[0].use("nftables")


def without(lab):
    lab.clusters[0].services["default", "web"].remove(lab["web-2"])


def ask_service(lab):
    return traced(lab, "client", "for i in $(seq 10); do curl -s -m 0.3 http://10.96.0.2/; done")


CASES = {
    "bridge": (
        cable("ip link set {} nomaster"),
        partial(ping, node="c0", address="172.17.0.3"),
        [cable("ip link set {} mtu 1400"), run("dock", "ip link set docker0 down")],
        [cable("ip link set {} master docker0"), replaced],
    ),
    "out-of-the-host": (
        run("dock", "iptables -t nat -F POSTROUTING"),
        partial(ping, node="c0", address="198.51.100.2"),
        [run("dock", "sysctl -w net.ipv4.ip_forward=0"), run("router", "ip route add 172.16.0.0/16 via 192.0.2.2")],
        [
            run("dock", "sysctl -w net.ipv4.ip_forward=1; " + MASQUERADE),
            run("dock", "iptables -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.2"),
            run("router", "ip route add 172.17.0.0/16 via 192.0.2.2"),
        ],
    ),
    "overlay": (
        run("n1", FORGET),
        partial(ping, node="a", address="10.0.9.2"),
        [
            run("n1", "bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.99 self permanent"),
            both(run("n1", FLOOD), run("n2", OTHER_ID)),
        ],
        [run("n1", FLOOD), both(run("n1", STATIC), run("a", KNOWN))],
    ),
    "pod": (
        run("n1", "ip route del 10.244.1.0/24"),
        lambda lab: traced(lab, "client", "curl -s -m 0.5 http://10.244.0.2/"),
        [run("n1", "ip route add 10.244.1.0/24 via 192.0.2.17"), run("n2", "ip route del 10.244.0.0/24")],
        [
            run("n1", "ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink"),
            run("n1", "ip route add 10.244.1.2/32 via 10.244.1.0 dev flannel.1 onlink"),
        ],
    ),
    "service": (
        run("n1", EMPTY),
        ask_service,
        [run("n1", "iptables -t nat -F KUBE-SERVICES"), both(run("n1", LAY), run("web-2", "ip addr flush dev eth0"))],
        [run("n1", LAY), modes, without],
    ),
}  # fmt: skip
"""How a lab is broken, what is traced then, and what does not mend it and what does."""


@pytest.mark.parametrize("name", CASES)
def test_an_exercise_untouched_is_not_attempted_and_mistakes_are_told_apart(name):
    spoil, traffic, wrong, _ = CASES[name]
    said = set()
    for attempt in wrong:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask("mend", traffic(lab))
            assert lesson.check("mend", traffic(lab)).outcome == "not attempted"
            attempt(lab)
            result = lesson.check("mend", traffic(lab))
            assert result.outcome == "incorrect"
            said.add(result.words)
    assert len(said) == len(wrong)


@pytest.mark.parametrize("name", CASES)
def test_any_repair_that_works_is_correct(name):
    spoil, traffic, _, right = CASES[name]
    assert len(right) >= 2
    for attempt in right:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask("mend", traffic(lab))
            attempt(lab)
            result = lesson.check("mend", traffic(lab))
            assert result.correct, str(result)
