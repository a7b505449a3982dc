from io import StringIO

from rich.console import Console

from cnetkit.view.terminal import print_trace, text


def printed(trace, width=80, **options):
    out = StringIO()
    print_trace(trace, Console(file=out, width=width, color_system=None, highlight=False), **options)
    return out.getvalue()


def test_every_hop_says_where_which_way_when_what_changed_and_why(trace):
    said = " ".join(printed(trace, width=200).split())
    assert "dock/docker0 ← out +12.3 µs ◆ ip.dst 203.0.113.1 → 172.17.0.2" in said
    assert "--to-destination 172.17.0.2:80” (ip nat DOCKER handle 5; kernel)" in said
    assert "✕ dropped after dock/eth0: the rule's verdict is drop" in said


def test_nothing_is_cut_at_eighty_columns(trace):
    said = printed(trace)
    assert max(map(len, said.splitlines())) <= 80
    for word in ("203.0.113.2:40000", "--to-destination", "kernel)", "dock/vethweb", "FORWARD"):
        assert word in said


def test_losses_and_what_is_unexplained_are_always_shown(hostile_trace):
    said = printed(hostile_trace)
    assert "Unexplained: 1 frame (1 <script>" in said
    assert "Lost: 3 <script>" in said
    assert "Not read: " in said
    assert "Replayed, not live: " in said


def test_text_from_packets_is_neither_markup_nor_control(hostile_trace):
    said = printed(hostile_trace, width=200)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "<script>[red]␛[2J\\u{202e}" in said


def test_a_large_trace_is_summed_up_unless_all_is_asked_for(large_trace):
    assert "--all" in printed(large_trace)
    assert "dock/docker0" not in printed(large_trace)
    assert "dock/docker0" in printed(large_trace, all=True)


def test_plain_text_has_no_colours(trace):
    assert "\x1b" not in text(trace)
