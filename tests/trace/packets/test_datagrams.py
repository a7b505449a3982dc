"""Large UDP datagrams and their pieces are one journey, recognised by the octets and identifications of the first two."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
STREAM = b"".join(b"%08d" % number for number in range(1200))


def datagram(begin, end, *, number=1, octets=STREAM, six=False, sport=5):
    ip = IPv6(src="fd00::1", dst="fd00::2") if six else IP(src="10.0.0.1", dst="10.0.0.2", id=number)
    return bytes(Ether(**MACS) / ip / UDP(sport=sport, dport=90, chksum=1) / Raw(octets[begin:end]))


def captured(*frames):
    return recording_of(frames_of([(place, way, at, frame) for at, (place, way, frame) in enumerate(frames)]))


def pieces(size, until, place="b/eth0", way=1, **more):
    return [
        (place, way, datagram(at, min(at + size, until), number=1 + at // size, **more)) for at in range(0, until, size)
    ]


def test_pieces_have_the_datagram_that_contained_them_as_parent():
    for six in (False, True):
        joined = join(captured(("a/eth0", 2, datagram(0, 4500, six=six)), *pieces(1000, 4500, six=six)))
        assert joined.parent.tolist() == [-1, 0, 0, 0, 0, 0]


def test_a_merged_datagram_is_one_journey_with_all_its_pieces():
    joined = join(captured(*pieces(1000, 4500, "a/eth0", 2), ("b/eth0", 1, datagram(0, 4500))))
    assert joined.journey.tolist() == [0] * 6


def test_a_datagram_is_not_cut_if_only_its_first_piece_was_captured():
    joined = join(captured(("a/eth0", 2, datagram(0, 4500)), ("b/eth0", 1, datagram(0, 1000)),
                       ("b/eth0", 1, datagram(1008, 2008, number=2))))  # fmt: skip
    assert joined.parent.tolist() == [-1, -1, -1]


def test_no_more_pieces_are_made_than_a_kernel_merges():
    zeros = {"octets": bytes(9000), "six": True}
    frames = [("a/eth0", 1, datagram(0, 8, **zeros)), ("a/eth0", 1, datagram(0, 8000, **zeros))]
    assert len(join(captured(*frames)).units) == 2


def test_a_datagram_is_not_cut_if_its_first_piece_is_another_though_it_begins_alike():
    other = STREAM[:500] + b"x" + STREAM[501:]
    first, second, *_ = pieces(1000, 4500)
    joined = join(captured(("a/eth0", 2, datagram(0, 4500)), (*first[:2], datagram(0, 1000, octets=other)), second))
    assert joined.parent.tolist() == [-1, -1, -1]
