"""Headers of IPv4 and IPv6 with any content, written octet by octet as the RFCs draw them, are read field by field."""

import struct

from hypothesis import given, strategies as st

from cnetkit.recording.columns import decode
from tests.recording.test_columns import frames_of

MACS = bytes.fromhex("020000000002020000000001")
OCTET, WORD, LONG = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
PADDING = st.integers(0, 20)


def datagram(ports, size):
    return struct.pack("!HHHH", *ports, 8 + size, 0) + bytes(size)


def read(packet, ethertype, *fields):
    columns = decode(frames_of([MACS + struct.pack("!H", ethertype) + packet]))
    return [int(getattr(columns, name)[0]) for name in fields]


@given(
    OCTET,
    WORD,
    OCTET,
    LONG,
    LONG,
    st.integers(0, 10),
    st.integers(0, 0x1FFF),
    st.booleans(),
    WORD,
    WORD,
    OCTET,
    PADDING,
)
def test_each_field_of_an_ipv4_header_is_read(
    tos, ident, ttl, source, target, options, offset, more, sport, dport, size, padding
):
    """RFC 791, 3.1; options are skipped, Ethernet's padding is no payload, and only a first fragment has ports."""
    body = datagram((sport, dport), size)
    header = struct.pack(
        "!BBHHHBBHII", 0x45 + options, tos, 20 + 4 * options + len(body), ident, more << 13 | offset, ttl, 17, 0,
        source, target,
    )  # fmt: skip
    packet = header + b"\1" * 4 * options + body
    fields = "version", "length", "tos", "ident", "fragment", "more", "ttl", "src_low", "dst_low", "protocol"
    expected = [4, len(packet), tos, ident, offset * 8, more, ttl, source, target, 17]
    assert read(packet + bytes(padding), 0x0800, *fields) == expected
    ports = [0, 0] if offset else [sport, dport]
    assert read(packet + bytes(padding), 0x0800, "sport", "dport") == ports
    if not offset and not more:
        assert read(packet + bytes(padding), 0x0800, "payload_length") == [size]
    short = (header + b"\1" * 4 * options)[: 19 + 4 * options]
    assert read(short, 0x0800, "version", "sport") == [0, 0]


EXTENSION = st.tuples(st.sampled_from([0, 43, 51, 60]), st.integers(0, 3))


@given(
    OCTET, OCTET, st.tuples(LONG, LONG, LONG, LONG), st.lists(EXTENSION, max_size=6),
    st.none() | st.tuples(st.integers(0, 0x1FFF), st.booleans(), LONG), WORD, WORD, OCTET, PADDING,
)  # fmt: skip
def test_each_field_of_an_ipv6_header_is_read_behind_any_extensions(
    traffic_class, hops, addresses, extensions, fragment, sport, dport, size, padding
):
    """RFC 8200, 4; the authentication header counts in words of four octets and less two (RFC 4302, 2.2)."""
    offset, more, ident = fragment or (0, False, 0)
    kinds = [kind for kind, _ in extensions] + [44] * (fragment is not None) + [17]
    headers = b""
    for (kind, words), following in zip(extensions, kinds[1:], strict=False):
        length = (words + 2) * 4 if kind == 51 else (words + 1) * 8
        headers += bytes([following, words]) + bytes([255]) * (length - 2)
    if fragment is not None:
        headers += struct.pack("!BBHI", 17, 0, offset << 3 | more, ident)
    rest = headers + datagram((sport, dport), size)
    first = 6 << 28 | traffic_class << 20 | 0xFFFFF
    packet = struct.pack("!IHBB4Q", first, len(rest), kinds[0], hops, *addresses) + rest
    fields = ("version", "length", "tos", "ttl", "src_high", "src_low", "dst_high", "dst_low", "fragment", "more",
              "ident", "protocol")  # fmt: skip
    expected = [6, len(packet), traffic_class, hops, *addresses, offset * 8, more, ident, 17]
    assert read(packet + bytes(padding), 0x86DD, *fields) == expected
    ports = [0, 0] if offset else [sport, dport]
    assert read(packet + bytes(padding), 0x86DD, "sport", "dport") == ports
    if not offset and not more:
        assert read(packet + bytes(padding), 0x86DD, "payload_length") == [size]
    assert read(packet[:39], 0x86DD, "version") == [0]


def test_a_version_that_contradicts_the_frame_type_is_left_as_payload():
    four = struct.pack("!BBHHHBBHII", 0x65, 0, 28, 0, 0, 64, 17, 0, 1, 2) + datagram((1, 2), 0)
    assert read(four, 0x0800, "version") == [0]
    assert read(bytes([0x44]) + four[1:], 0x0800, "version") == [0]  # a header of 16 octets
    six = struct.pack("!IHBB4Q", 4 << 28, 8, 17, 64, 1, 2, 3, 4) + datagram((1, 2), 0)
    assert read(six, 0x86DD, "version") == [0]
