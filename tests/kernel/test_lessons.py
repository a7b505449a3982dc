"""The questions of every lesson agree with the packets, and each mistake has its own feedback."""

from __future__ import annotations

import pytest

from cnetkit.learn import Exercise
from tests.kernel.lessons import BOOK, opened, ping, traced


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


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


def docker_networks(lab):
    docker = lab["dock"].docker()
    docker("network create --internal safe", check=True)
    docker("run -d --name vault --network safe host sleep infinity", check=True)
    lab["outside"].http_server(80)
    return {
        "target": traced(lab, "outside", "curl -s http://203.0.113.1:8080/"),
        "shared": traced(lab, "outside", "curl -s http://203.0.113.1:8081/"),
        "across": traced(lab, "till", "curl -s -m 1 http://172.17.0.2/"),
        "internal": traced(lab, "vault", "curl -s -m 1 http://203.0.113.2/"),
        "way": traced(lab, "outside", "curl -s http://203.0.113.70/"),
        "own": traced(lab, "dock", "curl -s -m 1 http://203.0.113.70/"),
    }


def addresses_and_names(lab):
    docker, ask = lab["dock"].docker(), "curl -4 -s -m 5"
    docker("rm -f annex", check=True)
    docker("run -d --name kiosk --network app --network-alias store host python3 -m http.server 80", check=True)
    lab["kiosk"].wait_port(80)
    traces = {
        "reused": traced(lab, "till", f"{ask} http://10.20.0.3/"),
        "": traced(lab, "dock", f"docker exec till {ask} http://shop/"),
        "forwarded": traced(lab, "dock", f"docker exec till {ask} http://files/"),
        "alias": traced(lab, "dock", "docker exec till getent ahostsv4 store"),
        "default": traced(lab, "dock", f"docker exec web {ask} http://shop/"),
        "linked": traced(lab, "dock", f"docker run --rm --name once --link web host {ask} http://web/"),
    }
    docker("network create trial", check=True)
    docker("run -d --name guest --network trial host sleep infinity", check=True)
    return traces | {"clash": traced(lab, "dock", f"{ask} http://172.18.0.80/")}


def key_value_store(lab):
    n2, ask = lab["n2"], "curl -4 -s -m 5 http://web/"
    traces = {"": traced(lab, "n2", f"docker exec client {ask}")}
    lab["store"].run("pkill etcd; while pgrep etcd; do sleep 0.1; done")
    traces["survives"] = traced(lab, "n2", f"docker exec client {ask}")
    with lab.trace(filter="arp or port 80 or port 4789") as traces["joins"]:
        assert "network shared not found" in n2.run(f"docker run --rm --name late --network shared host {ask}").errors
    return traces


RUNS = {
    "start-here": start_here, "namespaces": namespaces, "bridge": bridge, "out-of-the-host": out_of_the_host,
    "port-mapping": port_mapping, "overlay": overlay, "pod": pod, "service": service,
    "docker-networks": docker_networks, "addresses-and-names": addresses_and_names,
    "key-value-store": key_value_store,
}  # fmt: skip
ANSWERS = {
    "start-here": {"first": "b", "whom": "b", "way": "left/eth0, right/eth0", "again": "no",
                   "why": "It has kept the MAC address in its neighbour table", "far": "b"},
    "namespaces": {"name": "left", "files": "none", "number": "1", "user": "b", "cut": "net",
                   "why": "it has no interface but lo"},
    "port-mapping": {"target": "172.17.0.2:80", "source": "203.0.113.2", "back": "b", "why": "it remembers the connection",
                     "beside": "c", "itself": "172.17.0.1", "refuses": "a", "rules": "3", "clash": "a"},
    "bridge": {"first": "b", "hears": "b", "bystander": "no", "way": "c0, dock, c1", "again": "b",
               "why": "It has learned the port of c1"},
    "out-of-the-host": {"source": "192.0.2.2", "who": "dock", "ttl": "twice", "back": "b", "apart": "by their ports"},
    "overlay": {"copies": "b", "outer": "192.0.2.34", "way": ["a", "n1", "router", "n2", "b"], "ttl": "b", "room": "1450",
                "why": "It sees the hosts' addresses only"},
    "pod": {"local": "a", "source": "10.244.1.2", "way": "client n2 router n1 web", "changes": "b", "restart": "b",
            "why": "each host has a route"},
    "service": {"asked": "b", "where": "n1", "spread": "c", "masked": "b", "empty": "b",
                "fair": "only two of three reach the second rule"},
    "docker-networks": {"target": "172.17.0.2", "shared": "a", "across": "a", "internal": "a", "way": "outside, dock, direct",
                        "own": "a"},
    "addresses-and-names": {"reused": "10.20.0.3", "answering": "a", "port": "a", "forwarded": "203.0.113.2", "default": "a",
                            "linked": "a", "alias": "a", "clash": "a"},
    "key-value-store": {"outer": "192.0.2.18", "stack": "b", "entry": "a", "survives": "a", "joins": "b"},
}  # fmt: skip
WRONG = {
    "start-here": {"first": "ac", "whom": "ac", "way": ["right/eth0, left/eth0", "left/eth0"], "again": ["yes"],
                   "why": ["luck", "it knows"], "far": "ac"},
    "namespaces": {"name": "b", "files": "b", "number": "bc", "user": "ac", "cut": ["mount", "user", "pid", "uts"],
                   "why": ["luck", "it has an interface"]},
    "port-mapping": {"target": ["203.0.113.1:8080", "172.17.0.2:8080", "203.0.113.1:80", "172.17.0.3:80"],
                     "source": ["172.17.0.1", "203.0.113.1", "172.17.0.2"], "back": "ac", "why": ["magic", "it remembers"],
                     "beside": "ab", "itself": ["172.17.0.2", "203.0.113.1"], "refuses": "bc", "rules": "ac", "clash": "bc"},
    "bridge": {"first": "ac", "hears": "ac", "bystander": ["yes"], "way": ["c0, c1", "c0, c2, c1"], "again": ["yes"],
               "why": ["no idea", "it learned"]},
    "out-of-the-host": {"source": ["172.17.0.2", "192.0.2.1", "10.1.1.1"], "who": ["router", "c0"], "ttl": "bd", "back": "ac",
                        "apart": ["magic"]},
    "overlay": {"copies": "ac", "outer": ["10.0.9.2", "192.0.2.33"], "way": ["a, b", "a, n1, n2, b", "b n2 router n1 a"],
                "ttl": "ac", "room": ["1500", "1550"], "why": ["because", "it is wrapped"]},
    "pod": {"local": "bc", "source": ["192.0.2.34", "10.244.1.1"], "way": ["client, n2, n1, web", "client, n2"],
            "changes": "ac", "restart": "ac", "why": ["because", "by routes"]},
    "service": {"asked": "ac", "where": ["client", "router"], "spread": "ab", "masked": "ac", "empty": "ac",
                "fair": ["luck", "two of them"]},
    "docker-networks": {"target": ["203.0.113.1", "172.17.0.1", "172.17.0.3"], "shared": "bc", "across": "bc", "internal": "bc",
                        "way": ["outside, direct", "outside, dock"], "own": "bc"},
    "addresses-and-names": {"reused": ["10.20.0.5", "10.20.0.1"], "answering": "bc", "port": "bc",
                            "forwarded": ["10.20.0.4", "127.0.0.1", "127.0.0.11"], "default": "bc", "linked": "bc", "alias": "b",
                            "clash": "bc"},
    "key-value-store": {"outer": ["10.0.9.2", "192.0.2.33"], "stack": "ac", "entry": "bc", "survives": "bc", "joins": "a"},
}  # fmt: skip


@pytest.mark.parametrize("name", BOOK)
def test_right_answers_are_correct_and_each_wrong_answer_has_its_own_feedback(name):
    lab, lesson = opened(name)
    with lab:
        traces = RUNS[name](lab)
    questions = [task.name for task in lesson.tasks.values() if not isinstance(task, Exercise)]
    assert questions == list(ANSWERS[name])
    assert len(questions) >= 5
    for question in questions:
        trace = traces[question] if question in traces else traces[""]
        lesson.ask(question)
        assert lesson.check(question, trace).outcome == "not attempted"
        lesson.ask(question, ANSWERS[name][question])
        result = lesson.check(question, trace)
        assert result.correct, (question, str(result))
        feedback = set()
        for wrong in WRONG[name][question]:
            lesson.ask(question, wrong)
            result = lesson.check(question, trace)
            assert result.outcome == lesson.tasks[question].otherwise != "correct", (question, wrong)
            feedback.add(result.words)
        assert len(feedback) == len(WRONG[name][question]), question
        assert all(feedback)
