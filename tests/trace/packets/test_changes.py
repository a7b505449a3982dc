"""What changed from a frame's parent to it: a bit for each field, its name, and the selection that finds it."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from cnetkit.trace.packets import changes
from cnetkit.trace.query.fields import CHANGES

FIELDS = ("eth.src", "eth.dst", "vlan.id", "ip.src", "ip.dst", "ip.ttl", "ip.dsfield", "tcp.srcport", "tcp.dstport", "icmp.ident",
          "encapsulation", "outer.ip.ttl", "outer.eth.src", "outer.eth.dst", "tcp.seq", "ip.len", "ip.frag_offset",
          "ip.flags.mf")  # fmt: skip
SIX = {"ip.src": "ipv6.src", "ip.dst": "ipv6.dst", "ip.ttl": "ipv6.hlim", "ip.dsfield": "ipv6.tclass", "ip.len": "ipv6.plen",
       "ip.frag_offset": "ipv6.fragment.offset", "ip.flags.mf": "ipv6.fragment.more"}  # fmt: skip


@pytest.mark.parametrize(("protocol", "layer"), [(6, "tcp"), (17, "udp"), (132, "sctp"), (1, "tcp")])
def test_each_bit_has_the_name_that_wireshark_gives_its_field(protocol, layer):
    for version, names in ((4, FIELDS), (6, [SIX.get(name, name) for name in FIELDS])):
        columns = SimpleNamespace(version=[version], protocol=[protocol])
        ported = [name.replace("tcp", layer) if name.endswith("port") else name for name in names]
        assert [changes._name(columns, 0, bit) for bit in range(len(changes.COMPARED))] == ported


def test_a_selection_of_a_change_finds_the_bit_of_its_field():
    bits = {name: 1 << bit for bit, name in enumerate(FIELDS)}
    bits |= {"udp.srcport": bits["tcp.srcport"], "udp.dstport": bits["tcp.dstport"]}
    bits["encapsulation"] |= changes.ENCRYPTED | changes.DECRYPTED
    for layer, ends in (
        ("eth", ("src", "dst")),
        ("ip", ("src", "dst")),
        ("tcp", ("srcport", "dstport")),
        ("udp", ("srcport", "dstport")),
    ):
        either = "addr" if ends[0] == "src" else "port"
        bits[f"{layer}.{either}"] = bits[f"{layer}.{ends[0]}"] | bits[f"{layer}.{ends[1]}"]
    assert {name: value for name, (value, _) in CHANGES.items()} == bits
    assert (1 << len(FIELDS), 1 << len(FIELDS) + 1) == (changes.ENCRYPTED, changes.DECRYPTED)


def test_a_bit_says_that_a_field_differs_where_both_frames_have_it():
    choice = random.Random(1)
    names = [name for group in changes.COMPARED for name in group]
    for _ in range(1500):
        rows = [{name: choice.choice([0, 0, 0, 1]) for name in names} for _ in range(3)]
        columns = SimpleNamespace(**{name: np.array([row[name] for row in rows]) for name in names})
        parent, addressed = (
            np.array([-1, 0, choice.choice([-1, 0, 1])], np.int32),
            [choice.random() < 0.8 for _ in rows],
        )
        expected = []
        for at, row in enumerate(rows):
            bits, above = 0, rows[parent[at]]
            for bit, group in enumerate(changes.COMPARED):
                shown = any(row[name] != above[name] for name in group)
                if "eth" in group[0]:
                    shown = shown and addressed[at] and addressed[parent[at]]
                if group[0] in ("sport", "dport", "icmp_id"):
                    shown = shown and not row["fragment"] and not above["fragment"]
                if group[0].startswith("outer"):
                    shown = shown and row["depth"] > 0 and above["depth"] > 0
                bits |= shown << bit
            expected.append(bits if parent[at] >= 0 else 0)
        assert changes.changed(columns, parent, np.array(addressed)).tolist() == expected


@pytest.mark.parametrize(
    ("version", "columns", "bit", "word"),
    [
        (4, {"vlan": 0xFFF}, 2, "4095"), (4, {"vlan": 0x1000}, 2, "1, 0"), (4, {"vlan": 100 << 12 | 10}, 2, "100, 10"),
        (4, {"length": 1500}, 15, "1500"), (6, {"length": 1500}, 15, "1460"), (4, {"depth": 0}, 10, "none"),
        (4, {"eth_src": 0x020000000001}, 0, "02:00:00:00:00:01"), (4, {"outer_eth_dst": 2}, 13, "00:00:00:00:00:02"),
        (4, {"src_high": 0, "src_low": 0x0A000001}, 3, "10.0.0.1"), (6, {"dst_high": 0xFD << 56, "dst_low": 1}, 4, "fd00::1"),
        (4, {"ttl": 63}, 5, "63"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_wireshark_shows_it(version, columns, bit, word):
    c = SimpleNamespace(version=[version], **{name: [value] for name, value in columns.items()})
    assert changes._word(c, 0, bit) == word
