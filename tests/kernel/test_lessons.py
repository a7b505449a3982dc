"""Every lesson's questions agree with the packets; every exercise takes any repair that works, and tells mistakes apart."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from cnetkit import catalog
from cnetkit.course import LESSONS
from cnetkit.lab import Lab
from cnetkit.learn import Exercise, Lesson

BOOK = {one.lab: one.number for one in LESSONS if one.lab}


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


def start_here(lab):
    trace = traced(lab, "left", "ping -c 1 10.0.0.1")
    second = traced(lab, "left", "ping -c 1 10.0.0.1")
    lab["right"].run("ip address flush dev eth0")
    return {"": trace, "again": second, "why": second, "far": ping(lab, "left", "10.0.0.1")}


def namespaces(lab):
    ask = "curl -s http://10.0.0.1"
    after = "unshare --{0} sh -c '{1}; {2}/inside-'; {2}/after-{3}"
    kinds = ("mount", "uts", "ipc", "pid", "user", "cgroup", "time", "net")
    every = traced(lab, "left", *(f"unshare --{kind} --fork {ask}/{kind} -m 0.5" for kind in kinds))
    return {
        "name": traced(lab, "left", after.format("uts", "hostname box", ask, "$(hostname)")),
        "files": traced(
            lab,
            "left",
            after.format("mount", "mount -t tmpfs x /mnt; touch /mnt/secret", ask, "$(ls /mnt | grep -c secret)"),
        ),
        "number": traced(lab, "left", f"unshare --pid --fork sh -c '{ask}/pid-$$'"),
        "user": traced(lab, "left", f"unshare --user sh -c '{ask}/user-$(id -u)'"),
        "": every,
    }


def port_mapping(lab):
    ask = "curl -s -m 1 http://203.0.113.1"
    traces = {"": traced(lab, "outside", f"{ask}:8080/")}
    traces |= {"beside": traced(lab, "client", f"{ask}:8080/"), "itself": traced(lab, "web", f"{ask}:8080/")}
    traces["refuses"] = traced(lab, "outside", f"{ask}:9090/")
    for n in range(3):
        lab["dock"].publish(7001 + n, to=lab["web"], port=80 + n)
    traces["rules"] = traced(lab, "outside", f"{ask}:7002/")
    lab["client"].http_server(80)
    lab["dock"].run("iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80", check=True)
    return traces | {"clash": traced(lab, "outside", *[f"{ask}:8080/"] * 4)}


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


RUNS = {
    "start-here": start_here, "namespaces": namespaces, "bridge": bridge, "out-of-the-host": out_of_the_host,
    "port-mapping": port_mapping, "overlay": overlay, "pod": pod, "service": service,
}  # fmt: skip
ANSWERS = {
    "start-here": {"first": "b", "whom": "b", "way": "left/eth0, right/eth0", "again": "no",
                   "why": "It has kept the MAC address in its neighbour table", "far": "b"},
    "namespaces": {"name": "left", "files": "none", "number": "1", "user": "b", "cut": "net",
                   "why": "it has no interface but lo"},
    "port-mapping": {"target": "172.17.0.2:80", "source": "203.0.113.2", "back": "b", "why": "it remembers the connection",
                     "beside": "a", "itself": "172.17.0.1", "refuses": "a", "rules": "3", "clash": "a"},
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
    "start-here": {"first": "ac", "whom": "ac", "way": ["right/eth0, left/eth0", "left/eth0"], "again": ["yes"],
                   "why": ["luck", "it knows"], "far": "ac"},
    "namespaces": {"name": "b", "files": "b", "number": "bc", "user": "ac", "cut": ["mount", "user", "pid", "uts"],
                   "why": ["luck", "no luck"]},
    "port-mapping": {"target": ["203.0.113.1:8080", "172.17.0.2:8080", "203.0.113.1:80", "172.17.0.3:80"],
                     "source": ["172.17.0.1", "203.0.113.1", "172.17.0.2"], "back": "ac", "why": ["magic", "it remembers"],
                     "beside": "b", "itself": ["172.17.0.2", "203.0.113.1"], "refuses": "bc", "rules": "ac", "clash": "bc"},
    "bridge": {"first": "ac", "hears": "ac", "bystander": ["yes"], "way": ["c0, c1", "c0, c2, c1"], "again": ["yes"],
               "why": ["no idea", "it learned"]},
    "out-of-the-host": {"source": ["172.17.0.2", "192.0.2.1", "10.1.1.1"], "who": ["router", "c0"], "ttl": "bd", "back": "ac",
                        "apart": ["magic"]},
    "overlay": {"copies": "ac", "outer": ["10.0.9.2", "192.0.2.33"], "way": ["a, b", "a, n1, n2, b", "b n2 router n1 a"],
                "ttl": "ac", "room": ["1500", "1550"], "why": ["because", "the host"]},
    "pod": {"local": "bc", "source": ["192.0.2.34", "10.244.1.1"], "way": ["client, n2, n1, web", "client, n2"],
            "changes": "ac", "restart": "ac", "why": ["because", "by the way"]},
    "service": {"asked": "ac", "where": ["client", "router"], "spread": "ab", "masked": "ac", "empty": "ac",
                "fair": ["luck", "only some"]},
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
    return traced(lab, "client", "for i in $(seq 16); do curl -s -m 0.2 http://10.96.0.2/; done")


NAMED = "curl -s http://10.0.0.1/$(hostname)-$$"
PID = "$(pgrep -x sleep)"
CABLE = f"ip link add veth0 type veth peer name eth0 netns {PID}; ip link set veth0 up"
INSIDE = (
    f"nsenter --target {PID} --net sh -c 'ip link set eth0 up; ip address add 172.20.0.2/24 dev eth0; "
    "ip route add default via 172.20.0.1'"
)
OUTSIDE = "ip address add 172.20.0.1/24 dev veth0"
PROXY = """
import socket
server = socket.create_server(("", 8080))
while True:
    asking, _ = server.accept()
    with asking, socket.create_connection(("172.17.0.2", 80)) as web:
        web.sendall(asking.recv(4096))
        asking.sendall(web.recv(4096))
"""


def permanent(state: str):
    def attempt(lab):
        mac = lab["right"].run("cat /sys/class/net/eth0/address", check=True).output.strip()
        lab["left"].run(f"ip neighbour replace 10.0.0.1 lladdr {mac} dev eth0 nud {state}", check=True)

    return attempt


def deaf(node: str, address: str):
    """Its answers to an address go to a MAC address that nobody has."""
    return run(node, f"ip neighbour replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud permanent")


def command(words: str):
    return lambda lab: lab["left"].run("cat > /tmp/command", input=words, check=True)


def tell(lab):
    return traced(lab, "left", "sh /tmp/command", "curl -s http://10.0.0.1/after-$(hostname)")


def boxed(lab):
    lab["left"].start("unshare --net sleep 1000")
    lab["left"].run("until pgrep -x sleep; do sleep 0.05; done", timeout=5, check=True)


def dnat(port: int, to: str) -> str:
    return f"iptables -t nat -A DOCKER -p tcp --dport {port} -j DNAT --to-destination {to}"


def proxy(lab):
    listening(lab, "-c", PROXY)


def served(lab):
    listening(lab, "-m", "http.server", "8080")


def listening(lab, *arguments: str):
    lab["dock"].start([sys.executable, *arguments])
    lab["dock"].run("until ss -ltn | grep -q :8080; do sleep 0.05; done", timeout=5, check=True)


CASES = {
    ("start-here", "quiet"): (
        lambda lab: lab["left"].run("ping -c 1 10.0.0.1"),
        partial(ping, node="left", address="10.0.0.1"),
        [
            run("left", "ip neighbour replace 10.0.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent"),
            run("left", "ip address add 10.0.0.3/24 dev eth0"),
            run("right", "ip address flush dev eth0"),
            run("left", "ip link set eth0 down"),
            both(permanent("permanent"), deaf("right", "10.0.0.2")),
        ],
        [
            both(permanent("permanent")),
            both(permanent("noarp")),
        ],
    ),
    ("start-here", "mend"): (
        run("right", "ip address flush dev eth0"),
        partial(ping, node="left", address="10.0.0.1"),
        [
            run("right", "ip address add 10.0.0.9/24 dev eth0"),
            run("right", "ip address add 10.0.0.1/32 dev eth0"),
            run("right", "ip link set eth0 down"),
            both(run("right", "ip address add 10.0.0.1/24 dev eth0"), deaf("right", "10.0.0.2")),
        ],
        [
            run("right", "ip address add 10.0.0.1/24 dev eth0"),
            run("right", "ip address add 10.0.0.1/32 dev eth0; ip route add 10.0.0.0/24 dev eth0"),
        ],
    ),
    ("namespaces", "box"): (
        command(NAMED),
        tell,
        [
            command(f"unshare --uts sh -c 'hostname box; {NAMED}'"),
            command(f"unshare --pid --fork sh -c '{NAMED}'"),
            command(f"unshare --net --uts --pid --fork sh -c 'hostname box; {NAMED}'"),
            command(f"hostname box; unshare --pid --fork sh -c '{NAMED}'"),
        ],
        [
            command(f"unshare --uts --pid --fork sh -c 'hostname box; {NAMED}'"),
            command(f"unshare --user --map-root-user --pid --fork unshare --uts sh -c 'hostname box; {NAMED}'"),
        ],
    ),
    ("namespaces", "wire"): (
        boxed,
        lambda lab: traced(lab, "left", f"nsenter --target {PID} --net curl -s -m 0.5 http://10.0.0.1/wired"),
        [
            run("left", CABLE),
            run("left", f"{CABLE}; {INSIDE}"),
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}"),
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}; sysctl -w net.ipv4.ip_forward=0"),
        ],
        [
            run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}; iptables -t nat -A POSTROUTING -s 172.20.0.0/24 -j MASQUERADE"),
            both(run("left", f"{CABLE}; {INSIDE}; {OUTSIDE}"), run("right", "ip route add 172.20.0.0/24 via 10.0.0.2")),
        ],
    ),
    ("port-mapping", "mend"): (
        run("dock", "iptables -t nat -F DOCKER"),
        lambda lab: traced(lab, "outside", "curl -s -m 0.5 http://203.0.113.1:8080/"),
        [
            run("dock", dnat(8080, "172.17.0.2:8080")),
            run("dock", dnat(8080, "172.17.0.3:80") + "; iptables -P FORWARD ACCEPT"),
            run("dock", dnat(8080, "172.17.0.3:80")),
            run("dock", dnat(8888, "172.17.0.2:80")),
            both(served, run("dock", dnat(8888, "172.17.0.2:80"))),
        ],
        [
            run("dock", dnat(8080, "172.17.0.2:80")),
            run("dock", dnat(8080, "172.17.0.2:80").replace("DOCKER", "PREROUTING")),
            proxy,
        ],
    ),
    ("port-mapping", "publish"): (
        lambda lab: lab["client"].http_server(80),
        lambda lab: traced(lab, "outside", "curl -s -m 0.5 http://203.0.113.1:9090/"),
        [
            run("dock", dnat(9090, "172.17.0.3:80")),
            run("dock", dnat(9090, "172.17.0.2:80")),
            run("dock", dnat(9091, "172.17.0.3:80")),
        ],
        [
            run("dock", dnat(9090, "172.17.0.3:80") + "; iptables -A DOCKER -d 172.17.0.3 -p tcp --dport 80 -j ACCEPT"),
            run("dock", dnat(9090, "172.17.0.3:80") + "; iptables -P FORWARD ACCEPT"),
            lambda lab: lab["dock"].publish(9090, to=lab["client"], port=80),
        ],
    ),
    ("bridge", "mend"): (
        cable("ip link set {} nomaster"),
        partial(ping, node="c0", address="172.17.0.3"),
        [
            cable("ip link set {} mtu 1400"),
            run("dock", "ip link set docker0 down"),
            both(cable("ip link set {} master docker0"), deaf("c1", "172.17.0.2")),
        ],
        [cable("ip link set {} master docker0"), replaced],
    ),
    ("out-of-the-host", "mend"): (
        run("dock", "iptables -t nat -F POSTROUTING"),
        partial(ping, node="c0", address="198.51.100.2"),
        [run("dock", "sysctl -w net.ipv4.ip_forward=0"), run("router", "ip route add 172.16.0.0/16 via 192.0.2.2")],
        [
            run("dock", "sysctl -w net.ipv4.ip_forward=1; " + MASQUERADE),
            run("dock", "iptables -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 192.0.2.2"),
            run("router", "ip route add 172.17.0.0/16 via 192.0.2.2"),
        ],
    ),
    ("overlay", "mend"): (
        run("n1", FORGET),
        partial(ping, node="a", address="10.0.9.2"),
        [
            run("n1", "bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.99 self permanent"),
            both(run("n1", FLOOD), run("n2", OTHER_ID)),
            both(run("n1", FLOOD), deaf("b", "10.0.9.1")),
        ],
        [run("n1", FLOOD), both(run("n1", STATIC), run("a", KNOWN))],
    ),
    ("pod", "mend"): (
        run("n1", "ip route del 10.244.1.0/24"),
        lambda lab: traced(lab, "client", "curl -s -m 0.5 http://10.244.0.2/"),
        [run("n1", "ip route add 10.244.1.0/24 via 192.0.2.17"), run("n2", "ip route del 10.244.0.0/24")],
        [
            run("n1", "ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink"),
            run("n1", "ip route add 10.244.1.2/32 via 10.244.1.0 dev flannel.1 onlink"),
        ],
    ),
    ("service", "mend"): (
        run("n1", EMPTY),
        ask_service,
        [run("n1", "iptables -t nat -F KUBE-SERVICES"), both(run("n1", LAY), run("web-2", "ip addr flush dev eth0"))],
        [run("n1", LAY), modes, without],
    ),
}  # fmt: skip
"""How a lab is broken, what is traced then, and what does not mend it and what does."""


def test_every_exercise_of_every_lesson_stands_here():
    assert CASES.keys() == {
        (name, one.name) for name in BOOK for one in catalog.tasks(name) if isinstance(one, Exercise)
    }
    assert all(len(wrong) >= 2 and len(right) >= 2 for _, _, wrong, right in CASES.values())


@pytest.mark.parametrize(("name", "exercise"), CASES)
def test_an_exercise_untouched_is_not_attempted_and_mistakes_are_told_apart(name, exercise):
    spoil, traffic, wrong, _ = CASES[name, exercise]
    said = set()
    for attempt in wrong:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask(exercise, traffic(lab))
            assert lesson.check(exercise, traffic(lab)).outcome == "not attempted"
            attempt(lab)
            result = lesson.check(exercise, traffic(lab))
            assert result.outcome == "incorrect"
            said.add(result.words)
    assert len(said) == len(wrong)


@pytest.mark.parametrize(("name", "exercise"), CASES)
def test_any_repair_that_works_is_correct(name, exercise):
    spoil, traffic, _, right = CASES[name, exercise]
    for attempt in right:
        lab, lesson = opened(name)
        with lab:
            spoil(lab)
            lesson.ask(exercise, traffic(lab))
            attempt(lab)
            result = lesson.check(exercise, traffic(lab))
            assert result.correct, str(result)
