"""Differences as text and HTML."""

from dataclasses import replace

import cnetkit
from cnetkit.trace import explain
from cnetkit.trace.report.comparison import Comparison, Difference
from cnetkit.view.comparison import html, text

COMPARISON = Comparison(
    (
        Difference("tcp SYN a → b:80", "outcome", "dropped at dock/eth0: <b>", "delivered at web/eth0"),
        Difference("tcp SYN a → b:80", "rules", "“-j DROP\x1b”", ""),
        Difference("tcp SYN ACK a ← b:80", "packets", "", "delivered at out/eth0"),
    ),
    1,
)


def test_text_lists_before_and_after_below_each_question():
    words = text(COMPARISON)
    assert words.splitlines()[0] == "2 kinds of packet differ, 1 is alike"
    assert "  outcome before: dropped at dock/eth0: <b>" in words
    assert "  packets before: none\n  packets after: delivered at out/eth0" in words
    assert "\x1b" not in words


def test_html_is_one_table_with_everything_escaped():
    page = html(COMPARISON)
    assert page.count("<table") == 1
    assert page.count('scope="rowgroup"') == 2
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_where_nothing_differs_one_line_says_how_much_is_alike():
    same = Comparison((), 12)
    assert text(same).strip() == "Nothing differs: 12 kinds of packet are alike"
    assert "<p>Nothing differs: 12 kinds of packet are alike</p>" in html(same)


def test_it_says_which_trace_was_live_and_which_was_replayed(monkeypatch):
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    replay = cnetkit.run("bridge")
    live = explain(replace(replay.recording, replayed="", kernel="6.1 <b>"))
    alike, mixed = replay.compare(replay), live.compare(replay)
    assert text(alike).count("Replayed, not live: a recording made on") == html(alike).count("Replayed, not live") == 1
    assert "Before: Captured live with Linux 6.1 <b>\nAfter: Replayed, not live" in text(mixed)
    assert "<p>Before: Captured live with Linux 6.1 &lt;b&gt;</p><p>After: Replayed, not live" in html(mixed)


def test_a_notebook_gets_both():
    assert set(COMPARISON._repr_mimebundle_()) == {"text/plain", "text/html"}
