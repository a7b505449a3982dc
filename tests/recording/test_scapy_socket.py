"""A running capture as a scapy socket: frames come in order, and it is readable just while one waits."""

import select

from cnetkit.recording.scapy_socket import ScapySocket
from tests.recording.test_blocks import TAPS, block, packet

FRAME = bytes(12) + b"\x08\0" + bytes(20)


def readable(socket):
    return bool(select.select([socket], [], [], 0)[0])


def test_frames_wait_until_they_are_received_in_their_order():
    sent, ended = [], []
    socket = ScapySocket("eth0", TAPS, sent.append, lambda: ended.append(True))
    assert not readable(socket)
    socket.feed("dock", block(packet(1_000_000_000, FRAME)))
    assert not readable(socket)  # of another interface
    socket.feed("web", block(packet(1_000_000_000, FRAME), packet(2_500_000_000, FRAME + b"x", packet_type=4)))
    first = socket.recv()
    assert readable(socket)
    second = socket.recv()
    assert not readable(socket)
    assert [(one.time, one.direction, one.comments) for one in (first, second)] == [
        (1, 1, [b"web/eth0"]),
        (2.5, 2, [b"web/eth0"]),
    ]
    assert bytes(second) == FRAME + b"x"
    assert type(first).__name__ == "Ether"
    assert (socket.send(first), sent) == (len(FRAME), [FRAME])
    socket.close()
    socket.close()
    socket.feed("web", block(packet(3, FRAME)))
    assert (ended, socket.closed) == ([True], True)


def test_without_an_interface_all_of_the_node_are_heard():
    socket = ScapySocket("", TAPS, print, list)
    socket.feed("dock", block(packet(1, FRAME)))
    assert socket.recv().comments == [b"dock/docker0"]
    socket.close()
