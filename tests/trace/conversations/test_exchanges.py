"""Where a flow is counted, who its client is, and which frames are copies; judged in plain Python, packet by packet."""

import random
from types import SimpleNamespace

import numpy as np
from hypothesis import given, strategies as st

from cnetkit.trace.conversations.exchanges import _answers, _at_best_tap, _overheard, _usual


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20), st.randoms())
def test_of_each_flow_the_packets_at_the_place_with_most_are_counted(packets, random):
    taps, flows = zip(*packets, strict=True)
    rank = list(range(len(packets)))
    random.shuffle(rank)
    best = {}
    for flow in set(flows):
        at = {tap: [rank[n] for n, packet in enumerate(packets) if packet == (tap, flow)] for tap in set(taps)}
        best[flow] = min((-len(ranks), min(ranks), tap) for tap, ranks in at.items() if ranks)[2]
    chosen = _at_best_tap(np.array(taps, np.int32), np.array(flows), np.array(rank), max(flows) + 1)
    assert chosen.tolist() == [tap == best[flow] for tap, flow in packets]


def random_packet(choice):
    bare = choice.random() < 0.1
    low = [0, 0] if bare else choice.choice([[1, 2], [2, 1], [0, 1]])
    ports = [choice.choice([80, 1023, 1024, 40000]) for _ in range(2)]
    high = [choice.choice([0, 0, 0, 9]) * (not bare) for _ in range(2)]
    return SimpleNamespace(
        protocol=choice.choice([6, 6, 6, 17, 1, 58]), flags=choice.choice([2, 18, 16, 24, 4, 0]), sport=ports[0], dport=ports[1],
        icmp_type=choice.choice([8, 3, 1]), src_low=low[0], dst_low=low[1], src_high=high[0], dst_high=high[1],
        eth_src=choice.choice([7, 8]), eth_dst=choice.choice([7, 8, 7, 8, 1 << 40]), fragment=0,
    )  # fmt: skip


def ends(packet):
    icmp, bare = (
        packet.protocol in (1, 58),
        not (packet.src_low or packet.src_high or packet.dst_low or packet.dst_high),
    )
    source = packet.eth_src if bare else packet.src_low, packet.src_high, 0 if icmp else packet.sport
    return source, (packet.eth_dst if bare else packet.dst_low, packet.dst_high, 0 if icmp else packet.dport)


def is_error(packet):
    return packet.icmp_type in {1: (3,), 58: (1, 3)}.get(packet.protocol, ())


def client(packets):
    """The client's end: that of the first SYN or SYN-ACK, else of the first packet, unless it comes from a well-known port."""
    packets = [packet for packet in packets if not is_error(packet)]
    if not packets:
        return None
    handshakes = [packet for packet in packets if packet.protocol == 6 and packet.flags & 2]
    teller = (handshakes or packets)[0]
    opening = teller.protocol == 6 and teller.flags & 18 == 2
    accepting = teller.protocol == 6 and teller.flags & 18 == 18
    (_, _, sport), (_, _, dport) = ends(teller)
    from_server = not opening and not teller.eth_dst >> 40 & 1 and sport < 1024 <= dport
    return ends(teller)[accepting or from_server]


def test_the_client_opened_the_connection_or_has_the_higher_port_or_sent_first():
    choice, answered = random.Random(2), 0
    for _ in range(3000):
        flows = [[random_packet(choice) for _ in range(choice.randrange(1, 5))] for _ in range(choice.randrange(1, 4))]
        packets = [packet for flow in flows for packet in flow]
        frame = np.arange(len(packets))[::-1]
        names = vars(packets[0]).keys()
        c = SimpleNamespace(**{
            name: np.array([getattr(packet, name) for packet in reversed(packets)], np.int64 if "port" in name else np.uint64)
            for name in names
        })  # fmt: skip
        c.sport, c.dport = c.sport.astype(np.uint16), c.dport.astype(np.uint16)
        number = np.repeat(np.arange(len(flows)), [len(flow) for flow in flows])
        begins = np.append(0, np.cumsum([len(flow) for flow in flows]))
        result = _answers(SimpleNamespace(columns=c), frame, number, begins).tolist()
        expected = []
        for flow in flows:
            own = client(flow)
            expected += [not is_error(p) and ends(p)[1] == own and ends(p)[0] != own for p in flow]
        assert result == expected, flows
        answered += sum(expected)
    assert answered > 1000


def test_of_both_sides_of_a_translation_the_one_that_most_rows_show_is_looked_at():
    choice = random.Random(4)
    for _ in range(1000):
        rows = [(choice.randrange(3), choice.randrange(3)) for _ in range(choice.randrange(1, 12))]
        best = {}
        for place in {place for place, _ in rows}:
            shown = [end for where, end in rows if where == place]
            best[place] = max(dict.fromkeys(shown), key=shown.count)
        place, end = (np.array(column, np.uint64) for column in zip(*rows, strict=True))
        assert _usual(place, end).tolist() == [end == best[place] for place, end in rows]


def test_copies_are_frames_for_another_host_in_flows_of_which_the_node_saw_its_own():
    choice = random.Random(5)
    for _ in range(2000):
        count = choice.randrange(1, 8)
        other = [choice.random() < 0.5 for _ in range(count)]
        journey = [choice.choice([-1, 0, 1, 2, 3]) for _ in range(count)]
        flow = [choice.choice([-1, 0, 0, 1]) for _ in range(count)]
        usable = [flow[n] >= 0 and journey[n] >= 0 for n in range(count)]
        own = {journey[n] for n in range(count) if usable[n] and not other[n]}
        known = {flow[n] for n in range(count) if usable[n] and not other[n]}
        expected = [usable[n] and journey[n] not in own and flow[n] in known for n in range(count)]
        joined = SimpleNamespace(
            columns=SimpleNamespace(for_other=np.array(other)), journey=np.array(journey), journeys=lambda: 4
        )
        result = _overheard(joined, np.array(flow), 2).tolist()
        assert result == (expected if any(other) else other)
