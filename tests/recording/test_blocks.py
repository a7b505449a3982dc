import struct

from cnetkit.recording.blocks import frames_from_blocks
from cnetkit.recording.frames import IN, OUT, Tap

TAPS = {("dock", 2): Tap("dock", "docker0"), ("web", 2): Tap("web", "eth0")}


def packet(time_ns, data, index=2, packet_type=0, hatype=1, status=0, tci=0, tpid=0):
    mac = 82
    size = mac + len(data) + -(mac + len(data)) % 16
    head = struct.pack("<6I", size, time_ns // 10**9, time_ns % 10**9, len(data), len(data), status)
    head += struct.pack("<HHIIHH8x", mac, mac + 14, 0, tci, tpid, 0)
    head += struct.pack("<HHiHBB8s", 17, 0x0008, index, hatype, packet_type, 6, bytes(8))
    return head.ljust(mac, b"\0") + data + bytes(size - mac - len(data))


def block(*packets, size=4096):
    body = b"".join(packets)
    head = struct.pack("<II", 1, 0) + struct.pack("<IIII", 1, len(packets), 48, 48 + len(body)) + bytes(24)
    return (head + body).ljust(size, b"\0")


def test_every_packet_of_every_block_becomes_a_frame():
    result = frames_from_blocks(
        [
            ("dock", block(packet(5, b"one" * 9), packet(6, b"two", packet_type=4))),
            ("dock", block(packet(7, b"three"))),
        ],
        TAPS,
    )
    assert [result.bytes_of(number) for number in range(3)] == [b"one" * 9, b"two", b"three"]
    assert result.direction.tolist() == [IN, OUT, IN]
    assert result.time_ns.tolist() == [5, 6, 7]
    assert result.taps == (Tap("dock", "docker0"),)


def test_an_unknown_interface_is_called_by_its_index():
    result = frames_from_blocks([("web", block(packet(1, b"x", index=7)))], TAPS)
    assert result.taps == (Tap("web", "if7"),)


def test_nodes_are_merged_by_time_and_each_ring_keeps_its_order():
    dock = block(packet(10, b"port"), packet(8, b"bridge"))
    result = frames_from_blocks([("dock", dock), ("web", block(packet(9, b"web"), packet(11, b"last")))], TAPS)
    assert [result.bytes_of(number) for number in range(4)] == [b"web", b"port", b"bridge", b"last"]
    assert result.time_ns.tolist() == [9, 10, 8, 11]


def test_a_vlan_tag_that_the_kernel_removed_is_put_back():
    addresses, rest = b"\1" * 6 + b"\2" * 6, b"\x08\x00payload"
    rows = [
        packet(1, addresses + rest, status=0x10, tci=42),
        packet(2, addresses + rest, status=0x50, tci=43, tpid=0x88A8),
    ]
    result = frames_from_blocks([("dock", block(*rows))], TAPS)
    assert result.bytes_of(0) == addresses + b"\x81\x00\x00\x2a" + rest
    assert result.bytes_of(1) == addresses + b"\x88\xa8\x00\x2b" + rest
    assert result.length.tolist() == [25, 25]


def test_interfaces_without_ethernet_begin_with_the_ip_header():
    result = frames_from_blocks([("web", block(packet(1, b"E", hatype=65534), packet(2, b"lo", hatype=772)))], TAPS)
    assert [result.taps[tap].linktype for tap in result.tap] == [101, 1]


def test_blocks_without_packets_give_no_frames():
    assert len(frames_from_blocks([("web", block())], TAPS)) == 0
    assert len(frames_from_blocks([], TAPS)) == 0
