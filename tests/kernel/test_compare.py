"""Before and after, in a live lab: a rule that drops, and a published port."""

from tests.kernel.conftest import Dock


def asked(dock: Dock, port: int = 8080):
    with dock.lab.trace() as trace:
        dock.outside.run(f"curl -s -m 1 http://203.0.113.1:{port}/")
    return trace


def rows(comparison, question):
    return {one.aspect: one for one in comparison.differences if one.question == question}


def test_a_dropping_rule_is_the_difference_and_removing_it_leaves_none(dock):
    asked(dock)  # so that each neighbour is resolved in all of them
    good = asked(dock)
    dock.host.run("iptables -I DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
    bad = asked(dock)
    dock.host.run("iptables -D DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
    again = asked(dock)
    found = rows(good.compare(bad), "tcp SYN 203.0.113.2 → 203.0.113.1:8080")
    assert found["outcome"].before == "delivered at web/eth0"
    assert found["outcome"].after.startswith("dropped at dock/")
    assert "-j DROP" in found["outcome"].after
    assert "web/eth0" in found["way"].before
    assert found["changes"].before.startswith("ip.dst 203.0.113.1 → 172.17.0.2 at dock/docker0")
    answer = rows(good.compare(bad), "tcp SYN ACK 203.0.113.2 ← 203.0.113.1:8080")
    assert answer["packets"].before == "delivered at outside/eth0"
    assert good.compare(again).differences == ()


def test_a_published_port_is_the_difference(dock):
    asked(dock)
    refused = asked(dock, 8081)
    dock.host.publish(8081, to=dock.web, port=80)
    works = asked(dock, 8081)
    comparison = refused.compare(works)
    found = rows(comparison, "tcp SYN 203.0.113.2 → 203.0.113.1:8081")
    assert found["outcome"].after == "delivered at web/eth0"
    assert "tcp.dstport 8081 → 80 at dock/docker0" in found["changes"].after
    assert "--dport 8081 -j DNAT" in found["rules"].after
    reset = rows(comparison, "tcp RST 203.0.113.2 ← 203.0.113.1:8081")
    assert (reset["packets"].before, reset["packets"].after) == ("delivered at outside/eth0", "")
    assert "before" in comparison._repr_mimebundle_()["text/html"]
