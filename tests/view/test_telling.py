"""The viewer begins where there is something to see."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import ARP, Ether

import cnetkit
from cnetkit import catalog
from cnetkit.view.scene import of_trace
from tests.trace.conversations.test_conversations import write
from tests.view.capture import captured

ETHER = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
ASKED = ETHER / ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.2")
OPENED = ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(flags="S")
ERROR = (
    ETHER
    / IP(src="10.0.0.9", dst="10.0.0.1")
    / ICMP(type=3, code=1)
    / IP(src="10.0.0.1", dst="10.0.0.2")
    / TCP(flags="S")
)


def begin(scene):
    """The words of the packet at which the viewer begins, and its outcome."""
    at = scene["begin"]
    journeys = scene["journeys"]
    journey = max(number for number, first in enumerate(journeys["first"]) if first <= at)
    return scene["words"][journeys["kind"][journey]], scene["outcomes"][journeys["outcome"][journey]]


def told(tmp_path, *frames):
    path = write(tmp_path / "some.pcap", [(1.0 + number, bytes(frame)) for number, frame in enumerate(frames)])
    return begin(of_trace(cnetkit.load(path)))


def test_it_begins_at_the_first_change():
    scene = of_trace(captured())
    at = scene["begin"]
    fields = [field for field, _, _ in scene["hops"]["all_changes"][scene["hops"]["changes"][at]]]
    assert "ip.dst" in fields
    earlier = [n for n, time in enumerate(scene["hops"]["time"]) if time < scene["hops"]["time"][at]]
    assert not [
        n for n in earlier
        if {"ip.dst", "ip.src"} & {field for field, _, _ in scene["hops"]["all_changes"][scene["hops"]["changes"][n]]}
    ]  # fmt: skip


def test_it_begins_at_a_packet_that_carries_data_and_not_at_address_resolution(tmp_path):
    assert told(tmp_path, ASKED, OPENED)[0] == "SYN"


def test_it_begins_where_a_packet_was_dropped(tmp_path):
    other = ETHER / IP(src="10.0.0.1", dst="10.0.0.3") / ICMP(type=8)
    assert told(tmp_path, ASKED, other, OPENED, ERROR) == ("SYN", "dropped")


def test_where_there_is_nothing_else_it_begins_at_address_resolution(tmp_path):
    assert told(tmp_path, ASKED)[0].startswith("ARP who has")


def test_a_scene_without_packets_has_no_beginning():
    assert of_trace(captured().select("node == nowhere"))["begin"] == -1


@pytest.mark.parametrize("words", ["delivered", "protocol == arp or protocol == icmp"])
def test_a_selection_has_a_beginning_of_its_own(words):
    scene = of_trace(captured().select(words))
    assert 0 <= scene["begin"] < len(scene["hops"]["frame"])


@pytest.mark.parametrize("name", catalog.names())
def test_each_lab_opens_at_a_packet_that_carries_data(name):
    entry = catalog.find(name)
    with cnetkit.Lab(name, replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    scene = of_trace(trace)
    assert not begin(scene)[0].startswith(("ARP", "ND", "igmp"))
    translated = {"port-mapping", "out-of-the-host", "service", "overlay"}
    changed = scene["hops"]["all_changes"][scene["hops"]["changes"][scene["begin"]]]
    assert bool(changed) or name not in translated
