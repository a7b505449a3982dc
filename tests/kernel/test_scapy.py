"""scapy's own tools work on a node of a lab."""

from __future__ import annotations

import pytest
from scapy.all import ARP, ICMP, IP, AsyncSniffer, Ether, sniff

from cnetkit.model import CnetkitError


def test_sniff_sees_what_passes_with_place_and_direction(dock):
    with dock.web.scapy_socket("eth0") as socket:
        sniffer = AsyncSniffer(opened_socket=socket, lfilter=lambda packet: ICMP in packet, count=6)
        sniffer.start()
        dock.client.run("ping -c 3 -i 0.05 172.17.0.2", check=True)
        sniffer.join(timeout=5)
    seen = [(packet.comments, packet.direction, packet[ICMP].type) for packet in sniffer.results]
    assert seen == [([b"web/eth0"], 1, 8), ([b"web/eth0"], 2, 0)] * 3


def test_sr1_gets_its_answer(dock):
    with dock.client.scapy_socket() as socket:
        mac = dock.client.run("cat /sys/class/net/eth0/address").output.strip()
        question = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=mac, psrc="172.17.0.3", pdst="172.17.0.2")
        answer = socket.sr1(question, timeout=3, verbose=False)
    assert answer[ARP].hwsrc == "02:42:ac:11:00:02"


def test_sniff_with_a_count_ends_by_itself(dock):
    with dock.host.scapy_socket("docker0") as socket:
        dock.web.run("ping -c 2 -i 0.05 203.0.113.2", check=True)
        packets = sniff(opened_socket=socket, count=4, timeout=5)
    assert len(packets) == 4
    assert all(IP in packet or ARP in packet for packet in packets)


def test_a_wrong_interface_is_one_sentence(dock):
    with pytest.raises(CnetkitError, match="web has no interface 'eth7': it has eth0"):
        dock.web.scapy_socket("eth7")
