"""The selection language: its grammar, and its results compared with tshark and with a plain reading of the same
capture."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import cnetkit
from cnetkit.model import CnetkitError
from cnetkit.trace.query.expression import DEEPEST, AtHop, Both, Changed, Not, Term, _Reader, parse
from cnetkit.trace.query.fields import CHANGES, FIELDS
from cnetkit.trace.query.values import KINDS

ROOT = Path(__file__).parents[3]
CAPTURE = ROOT / "tests" / "data" / "truth" / "portmap.pcapng"


@cache
def trace():
    return cnetkit.load(CAPTURE)


# --- The grammar -----------------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, 1 << 40)
VALUES = {
    "number": NUMBERS | st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair))),
    "duration": NUMBERS,
    "address": st.ip_addresses().map(str).map(KINDS["address"].read),
    "mac": st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")),
    "text": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9),
    "flag": st.integers(0, 1),
}
VALUES["whole"] = VALUES["number"]


@st.composite
def terms(draw):
    field = draw(st.sampled_from(sorted(FIELDS)))
    kind = KINDS[FIELDS[field]]
    operators = [*kind.operators, *([""] if kind.bare else [])]
    operator = draw(st.sampled_from(operators))
    if not operator:
        return Term(field)
    values = VALUES[FIELDS[field]]
    if operator not in ("in", "==", "!="):
        values = values.filter(lambda value: not isinstance(value, tuple))
    return Term(field, operator, tuple(draw(st.lists(values, min_size=1, max_size=3 if operator == "in" else 1))))


TREES = st.recursive(
    terms() | st.sampled_from(sorted(CHANGES)).map(Changed),
    lambda part: (
        part.map(Not)
        | part.map(AtHop)
        | st.builds(Both, st.sampled_from(["and", "or"]), st.lists(part, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_tree_parses_back_from_its_text(tree):
    assert parse(str(tree)) == tree


WORDS = st.lists(st.sampled_from(['"', "(", ")", "{", "tcp", "==", "80", "not", "in", "hop"])).map(" ".join)


@given(st.text(max_size=60) | WORDS)
def test_any_text_is_parsed_or_refused_in_one_sentence(text):
    words = ""
    try:
        assert parse(str(parse(text))) == parse(text)
    except CnetkitError as error:
        words = str(error)
    assert "\n" not in words


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("tcp.prt == 80", "character 1: 'tcp.prt'", "write 'tcp.port'"),
        ("tcp and tcp.port = 80", "character 18: '='", "write '=='"),
        ("tcp.port ==", "its end:", "a number is missing"),
        ("tcp.port == 80 dropped", "character 16: 'dropped'", "'and' or 'or'"),
        ("(tcp", "its end:", "')' is missing"),
        ("ip.src == 1.2.3", "character 11: '1.2.3'", "is not an address"),
        ("tcp.port < 3..5", "character 12: '3..5'", "is not a number"),
        ("ip.src contains 1.2.3.4", "character 8: 'contains'", "it takes == != in"),
        ('node == "web', "character 9: '\"'", "is not closed"),
        ("changed(arp)", "character 9: 'arp'", "not a field that a hop can change"),
    ],
)
def test_an_error_points_at_the_place_and_says_what_to_write(text, place, why):
    with pytest.raises(CnetkitError) as caught:
        parse(text)
    assert place in str(caught.value)
    assert why in str(caught.value)


def test_an_empty_selection_is_refused_with_an_example():
    with pytest.raises(CnetkitError, match="is empty: write one such as"):
        parse("  ")


def test_other_types_and_unknown_kinds_of_selection_are_refused():
    with pytest.raises(CnetkitError, match=r"a selection is text such as 'tcp\.port == 80', not int"):
        parse(80)
    with pytest.raises(CnetkitError, match="by 'journey' or by 'flow', not by 'packet'"):
        trace().select("tcp", by="packet")


def test_deep_parentheses_are_refused_before_the_stack_overflows():
    with pytest.raises(CnetkitError, match=f"more than {DEEPEST} levels"):
        parse("(" * 5000 + "tcp" + ")" * 5000)


# --- What it selects -------------------------------------------------------------------------------------------------

SAME_AS_WIRESHARK = [
    "tcp.port == 80", "tcp.dstport == 8080", "tcp.srcport in {80, 8080}", "udp.port in {5300..5400}", "arp", "ip", "udp",
    "ip.addr == 172.17.0.0/16", "ip.src == 203.0.113.2 and ip.dst == 203.0.113.1", "ip.addr == 172.17.0.2 or arp",
    "tcp.flags.syn == 1 and tcp.flags.ack == 0", "not tcp", "tcp and not (tcp.port == 80 or tcp.flags.fin == 1)",
    "eth.dst == ff:ff:ff:ff:ff:ff", "ip.ttl < 64", "ip.len > 100 and tcp", "tcp.len >= 1", "frame.len <= 60",
    "arp.dst.proto_ipv4 == 203.0.113.1", "ip.proto == 17", "tcp.window_size_value > 500 and tcp.seq > 0",
    "frame.number == 1", "frame.number in {3..9}",
]  # fmt: skip


def test_changed_refuses_a_field_that_no_hop_rewrites():
    with pytest.raises(
        CnetkitError, match=r"'frame\.len' is not a field that a hop can change: use one of encapsulation"
    ):
        parse("changed(frame.len)")


def test_an_error_in_a_long_selection_repeats_only_the_part_around_it():
    with pytest.raises(CnetkitError, match="at character 3001: 'x'") as error:
        parse("ip or " * 500 + "x" + " or ip" * 500)
    assert "x or ip" in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("expression", SAME_AS_WIRESHARK)
def test_frames_agree_with_wiresharks_display_filter(expression):
    tshark = shutil.which("tshark")
    assert tshark, "tshark is needed: see tests/apt.txt"
    options = ["-o", "tcp.relative_sequence_numbers:FALSE"]
    command = [tshark, "-n", *options, "-r", str(CAPTURE), "-Y", expression, "-T", "fields", "-e", "frame.number"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert (np.flatnonzero(trace().where(expression)) + 1).tolist() == [int(number) for number in text]


def hops_with(test):
    return [j.id for j in trace().journeys if any(test(hop) for hop in j.hops)]


def changes_of(hop):
    return {change.field for change in hop.changes}


BY_HAND = {
    'node == "web"': lambda: hops_with(lambda hop: hop.node == "web"),
    'interface == "dock/docker0"': lambda: hops_with(lambda hop: (hop.node, hop.interface) == ("dock", "docker0")),
    'interface in {"docker0", "up0"}': lambda: hops_with(lambda hop: hop.interface in ("docker0", "up0")),
    'hop(node == "dock" and direction == "out" and interface == "up0")': lambda: hops_with(
        lambda hop: (hop.node, hop.interface, hop.direction) == ("dock", "up0", "out")
    ),
    "changed(ip.dst)": lambda: hops_with(lambda hop: "ip.dst" in changes_of(hop)),
    "changed(tcp.port)": lambda: hops_with(lambda hop: changes_of(hop) & {"tcp.srcport", "tcp.dstport"}),
    'evidence contains "only packet here"': lambda: hops_with(
        lambda hop: any("only packet here" in e.quote for e in hop.evidence)
    ),
    "delivered": lambda: [j.id for j in trace().journeys if j.outcome.kind == "delivered"],
    "lost": lambda: [j.id for j in trace().journeys if j.outcome.kind == "lost-from-sight"],
    'outcome != "delivered"': lambda: [j.id for j in trace().journeys if j.outcome.kind != "delivered"],
    "hops >= 6": lambda: [j.id for j in trace().journeys if len(j.frames) >= 6],
    "latency > 20us": lambda: [
        j.id for j in trace().journeys if max(h.time_ns for h in j.hops) - min(h.time_ns for h in j.hops) > 20_000
    ],
    "flow == 1": lambda: [j.id for j in trace().flows[1].journeys],
    "frame.number == 100": lambda: hops_with(lambda hop: hop.frame == 99),
    "not tcp.port == 80 and tcp": lambda: [
        j.id
        for j in trace().journeys
        if j.packet.protocol == "tcp"
        and not any(p.endswith(":80") for h in j.frames for p in ends_of(trace().analysis.case.packet(h)))
    ],
}


def ends_of(packet):
    return packet.source, packet.destination


@pytest.mark.parametrize("expression", BY_HAND)
def test_journeys_agree_with_a_plain_reading_of_each(expression):
    assert [journey.id for journey in trace().select(expression).journeys] == BY_HAND[expression]()


def test_not_equal_is_the_opposite_of_equal_for_the_whole_journey():
    equal, another = (trace().select(f"tcp.port {sign} 80").numbers.tolist() for sign in ("==", "!="))
    assert equal
    assert sorted(equal + another) == list(range(len(trace().journeys)))


def test_by_flow_selects_all_journeys_of_the_flows_that_have_one():
    flows = {j.flow.id for j in trace().select("tcp.flags.fin").journeys}
    expected = [j.id for j in trace().journeys if j.flow.id in flows]
    assert trace().select("tcp.flags.fin", by="flow").numbers.tolist() == expected


def test_an_ipv6_address_is_no_ipv4_address_with_the_same_low_bits():
    assert not trace().where("ip.addr == ::/0").any()
    assert trace().where("ip.addr == 0.0.0.0/0").any()


# --- A selection is a trace ------------------------------------------------------------------------------------------


def test_a_selection_keeps_the_numbers_and_the_flows_of_the_whole():
    part = trace().select("udp")
    first = part.journeys[0]
    assert first is trace().journeys[first.id]
    assert {flow.protocol for flow in part.flows} == {"udp"}
    assert sum(part.outcomes.values()) == len(part.journeys)
    assert sum(len(flow.journeys) for flow in part.flows) == len(part.journeys)
    assert first.flow.id == part.flows[0].id


def test_a_selection_of_a_selection_matches_both():
    twice = trace().select("udp").select("latency > 20us")
    assert twice.numbers.tolist() == trace().select("udp and latency > 20us").numbers.tolist()
    assert twice.selection == "udp; latency > 20us"


def test_a_saved_selection_contains_its_frames_only(tmp_path):
    part = trace().select("tcp.port == 80 and tcp.flags.syn")
    part.save(tmp_path / "part.pcapng")
    again = cnetkit.load(tmp_path / "part.pcapng")
    assert len(again.recording.frames) == sum(len(journey.frames) for journey in part.journeys)
    assert [j.packet for j in again.journeys] == [j.packet for j in part.journeys]


def test_an_empty_selection_is_still_a_trace():
    none = trace().select("sctp")
    assert (len(none.journeys), len(none.flows), len(none.table), dict(none.outcomes)) == (0, 0, 0, {})
    assert b'"journeys":[]' in none.to_json()


@pytest.mark.parametrize(
    ("before", "after", "quoted"),
    [
        (58, 61, ("", "")), (60, 60, ("", " …")), (60, 59, ("", "")), (61, 59, ("… ", "")), (61, 60, ("… ", " …")),
        (100, 0, ("", "")),
    ],
)  # fmt: skip
def test_of_a_long_expression_the_120_characters_around_the_fault_are_quoted(before, after, quoted):
    whole = " " * before + "?" + " " * after
    whole = "a" + whole[1:-1] + "b" if after else "a" + whole[1:]
    first = max(before - 60, 0) if len(whole) > 120 else 0
    start, end = quoted
    reader = _Reader("tcp")
    reader._expression = whole
    assert reader._around(before) == f"{start}{whole[first : first + 120]}{end}"
