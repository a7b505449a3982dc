from io import StringIO

import pytest
from rich.console import Console

from cnetkit.view.terminal import print_trace, text


def printed(trace, width=80, **options):
    out = StringIO()
    print_trace(trace, Console(file=out, width=width, color_system=None, highlight=False), **options)
    return out.getvalue()


def test_every_hop_shows_place_direction_time_changes_and_reasons(trace):
    row = next(line for line in printed(trace, width=160).splitlines() if "docker0" in line and "out →" in line)
    assert row.split()[:7] == ["3", "dock", "docker0", "out", "→", "+12.3", "ip.dst"]
    assert row.index("172.17.0.2") < row.index("rule “-A DOCKER")


@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_is_cut_and_nothing_is_wider_than_the_terminal(trace, width):
    text = printed(trace, width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("203.0.113.2:40000", "--to-destination", "kernel)", "vethweb", "FORWARD", "8080 → 80"):
        assert word in text


def test_packets_on_the_same_path_are_shown_once_and_named(lesson_trace):
    text = printed(lesson_trace, width=100)
    assert text.count("-j DNAT") == 1
    assert "2 more packets went the same way: #3 PSH-ACK, #4 FIN-ACK" in text
    assert "#1 ACK 203.0.113.2:40000 → 203.0.113.1:8080   ✓ delivered at web/eth0" in text


def test_the_translating_rule_comes_first_and_passing_rules_are_counted(lesson_trace):
    text = printed(lesson_trace, width=200)
    assert text.index("-j DNAT") < text.index("-j ACCEPT")
    assert "and 1 rule that let it pass" in text
    assert "-j DOCKER”" not in text


def test_all_shows_every_packet_every_rule_and_every_mac_address(lesson_trace):
    text = printed(lesson_trace, width=200, all=True)
    assert "went the same way" not in text
    assert text.count("-j DOCKER”") == 2
    assert "eth.src 02:00:00:00:00:01 → 02:00:00:00:00:02" in text
    assert "--all" not in text


def test_each_packet_shows_its_outcome_once(lesson_trace):
    assert printed(lesson_trace, all=True).count("delivered at web/eth0") == len(lesson_trace.journeys)


def test_service_protocols_come_last_and_are_short(lesson_trace):
    text = printed(lesson_trace, width=140)
    assert text.index("tcp 203.0.113.2") < text.index("arp 172.17.0.3")
    assert "by client/eth0 → dock/vethclient → (dock/vethweb → web/eth0 | dock/docker0)" in text


def test_the_cause_of_a_drop_is_below_its_outcome(trace):
    text = " ".join(printed(trace, width=160).split())
    assert "✕ dropped after dock/eth0: the rule's verdict is drop because of the rule “-A FORWARD" in text


def test_losses_and_unexplained_frames_are_always_shown(hostile_trace):
    text = printed(hostile_trace)
    assert "Unexplained: 1 frame (1 <script>" in text
    assert "Lost: 3 <script>" in text
    assert "Incomplete: " in text
    assert "Replayed, not live: " in text


def test_text_from_packets_is_neither_markup_nor_control(hostile_trace):
    text = printed(hostile_trace, width=200)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>[red]␛[2J\\u{202e}" in text


def test_a_large_trace_is_summarised_unless_all_is_given(large_trace):
    assert "--all" in printed(large_trace)
    assert "docker0" not in printed(large_trace)
    assert printed(large_trace, all=True).count("-j DNAT") == 301


def test_a_terminal_gets_colours_that_only_repeat_the_words(trace):
    out = StringIO()
    print_trace(trace, Console(file=out, width=100, force_terminal=True, color_system="standard"))
    assert "\x1b[32m✓ delivered at web/eth0\x1b[0m" in out.getvalue()


def test_plain_text_has_no_colours(trace):
    assert "\x1b" not in text(trace)
