"""How a conntrack entry is quoted."""

from cnetkit.model import Connection, Tuple5
from cnetkit.trace.evidence.connection import worded

THERE, BACK = Tuple5("10.0.0.1", "10.0.0.2", 7, 7), Tuple5("10.0.0.2", "10.0.0.1", 7, 7)


def test_an_entry_is_quoted_by_its_tuples_without_its_state():
    entry = Connection("a", 1, "tcp", THERE, BACK, ("assured",), "LAST_ACK", "tcp LAST_ACK ... [ASSURED]")
    assert worded(entry) == "tcp src=10.0.0.1 dst=10.0.0.2 sport=7 dport=7 src=10.0.0.2 dst=10.0.0.1 sport=7 dport=7"


def test_an_echo_has_an_identifier_instead_of_ports():
    assert worded(Connection("a", 1, "icmp", THERE, BACK)) == (
        "icmp src=10.0.0.1 dst=10.0.0.2 id=7 src=10.0.0.2 dst=10.0.0.1 id=7"
    )
