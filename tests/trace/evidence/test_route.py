"""Which route a packet took: policy rules by priority, the longest prefix, the lowest metric."""

from cnetkit.model import PolicyRule, Route
from cnetkit.trace.evidence.route import find_route

MAIN = Route("a", "default", via="10.0.0.1", interface="eth0")
NEAR = Route("a", "10.0.0.0/8", interface="eth0")
OWN = Route("a", "10.0.0.5/32", interface="eth0", table=255, type="local")
SPECIAL = Route("a", "default", via="10.9.9.9", interface="eth1", table=100)
ROUTES = (MAIN, NEAR, OWN, SPECIAL)


def rules(*texts):
    result = []
    for text in texts:
        priority, _, rest = text.partition(":")
        table = {"local": 255, "main": 254}.get(rest.split()[-1]) or int(rest.split()[-1])
        result.append(PolicyRule("a", int(priority), table, text=text))
    return result


def test_the_longest_prefix_wins():
    assert find_route([], ROUTES, "10.0.0.5", "10.1.2.3") == (NEAR, False)
    assert find_route([], ROUTES, "10.0.0.5", "192.0.2.1") == (MAIN, False)


def test_the_local_table_is_tried_first():
    assert find_route([], ROUTES, "10.0.0.9", "10.0.0.5") == (OWN, False)


def test_a_rule_for_a_source_sends_only_its_packets_to_another_table():
    asked = rules("0: from all lookup local", "100: from 10.0.0.5 lookup 100", "32766: from all lookup main")
    assert find_route(asked, ROUTES, "10.0.0.5", "192.0.2.1") == (SPECIAL, False)
    assert find_route(asked, ROUTES, "10.0.0.6", "192.0.2.1") == (MAIN, False)


def test_a_rule_with_other_selectors_leaves_the_route_unsure():
    asked = rules("0: from all lookup local", "100: from all fwmark 0x1 lookup 100", "32766: from all lookup main")
    assert find_route(asked, ROUTES, "10.0.0.5", "192.0.2.1") == (None, True)


def test_of_equal_prefixes_the_lowest_metric_wins():
    worse = Route("a", "10.0.0.0/8", interface="eth9", metric=50)
    assert find_route([], (worse, NEAR), "10.0.0.5", "10.1.2.3") == (NEAR, False)
