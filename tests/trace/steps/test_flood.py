"""A flooded frame is one journey even if the bridge was not captured."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of


def broadcast(number=7, fill=b"x"):
    return bytes(
        Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / IP(dst="10.0.0.255", id=number) / UDP() / fill
    )


ASKED = bytes(Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / ARP(pdst="10.0.0.9"))


def frames_at(*places):
    return join(recording_of(frames_of([(place, way, at, frame) for at, (place, way, frame) in enumerate(places)])))


def test_a_flood_forks_where_it_was_sent():
    frame = broadcast()
    joined = frames_at(("a/eth0", 2, frame), ("b/eth0", 1, frame), ("c/eth0", 1, frame), ("d/eth0", 1, frame))
    assert joined.parent.tolist() == [-1, 0, 0, 0]


def test_arrivals_of_a_flood_are_one_journey_without_steps_if_the_sender_was_not_captured():
    frame = broadcast()
    joined = frames_at(("b/eth0", 1, frame), ("c/eth0", 1, frame), ("d/eth0", 1, frame))
    assert joined.parent.tolist() == [-1, -1, -1]
    assert joined.journey.tolist() == [0, 0, 0]


def test_unnumbered_floods_are_joined_in_order_if_all_interfaces_captured_equally_many():
    joined = frames_at(
        *[(place, way, ASKED) for _ in range(2) for place, way in (("a/eth0", 2), ("b/eth0", 1), ("c/eth0", 1))]
    )
    assert joined.journey.tolist() == [0, 0, 0, 1, 1, 1]


def test_unnumbered_floods_stay_separate_if_an_interface_missed_one():
    joined = frames_at(
        ("a/eth0", 2, ASKED), ("b/eth0", 1, ASKED), ("a/eth0", 2, ASKED), ("c/eth0", 1, ASKED), ("d/eth0", 1, ASKED)
    )
    assert len(set(joined.journey.tolist())) > 1


def test_frames_of_other_senders_are_other_journeys():
    item, two = broadcast(1), broadcast(2)
    joined = frames_at(
        ("a/eth0", 2, item), ("a/eth0", 2, two), ("b/eth0", 1, item), ("b/eth0", 1, two), ("c/eth0", 1, two)
    )
    assert joined.journey.tolist() == [0, 1, 0, 1, 1]
