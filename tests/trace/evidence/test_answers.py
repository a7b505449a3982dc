"""What a receiver sent afterwards is an answer only if it can be one to this very packet."""

from itertools import count

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from cnetkit.trace import explain
from cnetkit.trace.evidence.answers import answers
from tests.trace.loading import frames_of, recording_of

PEER, NODE, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
COUNT = 1 << 32
NUMBERS = count(1)
"""Identifications, so that no packet equals another one."""


def answered(*packets):
    """For each packet at the node b (received: 1, sent: 2) the number of the one that answers it, or None."""
    frames = []
    for at, (way, packet) in enumerate(packets):
        source, target = (PEER, NODE) if way == 1 else (NODE, PEER)
        frame = packet if isinstance(packet, Ether) else Ether(src=source, dst=target) / packet
        frames.append(("b/eth0", way, at * 1_000_000, bytes(frame)))
    by = answers(explain(recording_of(frames_of(frames))).analysis.case)
    return [number if number >= 0 else None for number in by.tolist()]


def came(seq, size=0, flags="A", port=5):
    ip = IP(src="10.0.0.1", dst="10.0.0.2", id=next(NUMBERS))
    return 1, ip / TCP(sport=port, dport=80, flags=flags, seq=seq % COUNT, ack=1) / bytes(size)


def sent(ack, flags="A", port=5):
    ip = IP(src="10.0.0.2", dst="10.0.0.1", id=next(NUMBERS))
    return 2, ip / TCP(sport=80, dport=port, flags=flags, seq=1, ack=ack % COUNT)


@pytest.mark.parametrize(
    ("segment", "last"),
    [
        (came(100, 10), 110),
        (came(100, 10, "PA"), 110),
        (came(100, 0, "S"), 101),
        (came(100, 0, "FA"), 101),
        (came(100, 10, "FA"), 111),
        (came(COUNT - 5, 10), COUNT + 5),
    ],
)
def test_an_acknowledgement_of_a_segments_last_octet_answers_it_and_none_of_less(segment, last):
    """SYN and FIN take one number each (RFC 9293, 3.4)."""
    assert answered(segment, sent(last)) == [1, None]
    assert answered(segment, sent(last + 7)) == [1, None]
    assert answered(segment, sent(last - 1)) == [None, None]
    assert answered(segment, sent(last - 1), sent(last)) == [2, None, None]
    assert answered(segment, sent(last), sent(last)) == [1, None, None]


def test_an_acknowledgement_that_was_sent_before_answers_nothing():
    """Of the octets that are sent once more the first sending was acknowledged."""
    assert answered(sent(110), came(100, 10)) == [None, None]
    assert answered(came(100, 10), sent(110), came(100, 10)) == [1, None, None]
    assert answered(came(100, 10), sent(110), came(100, 10), sent(110)) == [1, None, 3, None]


def test_a_segment_that_takes_no_number_and_one_to_which_only_a_reset_came_have_no_answer():
    assert answered(came(100), sent(100)) == [None, None]
    assert answered(came(100, 10), sent(110, "RA")) == [None, None]
    assert answered(came(100, 10), sent(110, "R")) == [None, None]


def test_one_acknowledgement_answers_all_segments_before_it():
    assert answered(came(100, 10), came(110, 10), came(130, 10), sent(120)) == [3, 3, None, None]


def test_another_connection_answers_nothing():
    assert answered(came(100, 10), sent(110, port=6)) == [None, None]
    again = came(100, 10), came(9000, 0, "S"), sent(9001, "SA"), came(9001, 10), sent(9011)
    assert answered(*again) == [None, 2, None, 4, None]
    repeated = came(9000, 0, "S"), came(9000, 0, "S"), sent(9001, "SA")
    assert answered(*repeated) == [2, 2, None]


def datagram(way, port=53, ident=0):
    ends = ("10.0.0.1", "10.0.0.2", 5, port) if way == 1 else ("10.0.0.2", "10.0.0.1", port, 5)
    return way, IP(src=ends[0], dst=ends[1], id=ident) / UDP(sport=ends[2], dport=ends[3]) / bytes([ident])


def test_a_datagram_back_answers_a_question_and_no_answer():
    assert answered(datagram(1, ident=1), datagram(2, ident=2)) == [1, None]
    assert answered(datagram(1, ident=1), datagram(2, 54, ident=2)) == [None, None]
    assert answered(datagram(2, ident=1), datagram(1, ident=2), datagram(2, ident=3)) == [None, None, None]
    assert answered(datagram(1, ident=1), datagram(1, ident=2), datagram(2, ident=3)) == [2, 2, None]
    assert answered(datagram(2, ident=1), datagram(1, ident=2)) == [None, None]


def echo(kind, number=1, ident=9):
    way = 1 if kind == 8 else 2
    source, target = ("10.0.0.1", "10.0.0.2") if way == 1 else ("10.0.0.2", "10.0.0.1")
    return way, IP(src=source, dst=target, id=100 * way + number) / ICMP(type=kind, id=ident, seq=number)


def test_an_echo_is_answered_by_the_reply_with_its_number():
    assert answered(echo(8, 1), echo(8, 2), echo(0, 2), echo(0, 1)) == [3, 2, None, None]
    assert answered(echo(8, 1), echo(0, 2)) == [None, None]
    assert answered(echo(8, 1), echo(0, 1, ident=8)) == [None, None]


def arp(op, source, target, mac=PEER):
    return ARP(op=op, psrc=source, pdst=target, hwsrc=mac, hwdst=NODE)


def test_an_arp_request_is_answered_by_a_reply_and_a_reply_by_what_is_sent_to_its_address():
    ask, reply = (1, arp(1, "10.0.0.1", "10.0.0.2")), (2, arp(2, "10.0.0.2", "10.0.0.1", NODE))
    assert answered(ask, reply) == [1, None]
    told = 1, arp(2, "10.0.0.1", "10.0.0.2")
    assert answered(told, datagram(2)) == [1, None]
    elsewhere = 2, Ether(src=NODE, dst=OTHER) / datagram(2)[1]
    assert answered(told, elsewhere) == [None, None]


def passing(*rows):
    """The same for (place, way, packet, MAC address of the receiver) at a router b, in the order of time."""
    frames = [
        (f"b/{name}", way, at * 1000, bytes(Ether(src=OTHER, dst=mac) / packet))
        for at, (name, way, packet, mac) in enumerate(rows)
    ]
    by = answers(explain(recording_of(frames_of(frames))).analysis.case)
    return [number if number >= 0 else None for number in by.tolist()]


def crossing(back=False, ttl=64):
    source, target = ("10.0.9.9", "10.0.0.1") if back else ("10.0.0.1", "10.0.9.9")
    return IP(src=source, dst=target, ttl=ttl, id=7 + back) / UDP(sport=9, dport=9) / b"a datagram"


def test_what_a_router_passes_on_is_no_answer_of_its_own():
    assert passing(
        ("eth1", 1, crossing(back=True), NODE), ("eth0", 1, crossing(), NODE), ("eth0", 2, crossing(back=True, ttl=63), PEER)
    ) == [None, None, None]  # fmt: skip
    assert passing(("eth0", 1, crossing(), NODE), ("eth0", 2, crossing(back=True), PEER))[0] == 1


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(("mac", "answer"), [(PEER, 3), (OTHER, None)])
def test_a_neighbours_reply_is_answered_by_the_packet_that_waited_for_it(mac, answer, before):
    """Also if others were sent there `before`, by an entry that was not confirmed since."""
    asked = ARP(op=1, hwsrc=NODE, psrc="10.0.9.1", pdst="10.0.9.9")
    told = ARP(op=2, hwsrc=PEER, psrc="10.0.9.9", hwdst=NODE, pdst="10.0.9.1")
    rows = [("eth0", 1, crossing(), NODE), ("eth1", 2, asked, "ff:ff:ff:ff:ff:ff"), ("eth1", 1, told, NODE),
            ("eth1", 2, crossing(ttl=63), mac)]  # fmt: skip
    frames = [(f"b/{name}", way, at * 1000, bytes(Ether(src=PEER if packet is told else OTHER, dst=mac) / packet))
              for at, (name, way, packet, mac) in enumerate(rows)]  # fmt: skip
    earlier = IP(src="10.0.9.1", dst="10.0.9.9", id=99) / UDP(sport=1, dport=1)
    frames += [("b/eth1", 2, -9, bytes(Ether(src=NODE, dst=PEER) / earlier))] * before
    by = answers(explain(recording_of(frames_of(frames))).analysis.case).tolist()
    assert (by[2] if by[2] >= 0 else None) == answer
