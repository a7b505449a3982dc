from dataclasses import replace
from html.parser import HTMLParser

from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace.trace import Trace
from cnetkit.view.notebook import flow_html, html, journey_html


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_hops_are_a_table_whose_headers_have_a_scope(trace):
    heads = [attrs for tag, attrs in Tags(html(trace)).found if tag == "th"]
    assert heads
    assert all(head["scope"] in ("col", "rowgroup") for head in heads)


def test_evidence_is_beside_its_hop(trace):
    body = html(trace)
    row = body[body.index("<td>docker0</td>") :]
    assert row.index("--to-destination 172.17.0.2:80") < row.index("</tr>")
    assert "(ip nat DOCKER handle 5; kernel)" in row


def test_rules_that_passed_a_packet_on_are_folded(trace):
    body = html(trace)
    folded = body[body.index("and 1 rule that let it pass") :]
    assert folded.index("-j DOCKER”") < folded.index("</details>")


def test_packets_on_the_same_path_are_named(lesson_trace):
    assert "2 more packets went the same way: #3 PSH-ACK, #4 FIN-ACK" in html(lesson_trace)


def test_the_first_flow_is_open_and_the_others_are_folded(lesson_trace):
    body = html(lesson_trace)
    assert body.index("<section>") < body.index("tcp 203.0.113.2") < body.index('<details class="flow">')
    assert "arp 172.17.0.3" in body[body.index('<details class="flow">') :]


def test_a_flow_and_a_journey_have_displays_too(lesson_trace):
    flow = lesson_trace.flows[1]
    assert "<svg" in flow_html(flow)
    assert "-j DNAT" in journey_html(flow.journeys[0])
    assert "-j DNAT" not in journey_html(flow.journeys[1])


def test_hostile_names_are_escaped(hostile_trace):
    text = html(hostile_trace)
    assert not [tag for tag, _ in Tags(text).found if tag == "script"]
    assert "\x1b" not in text


def test_nothing_is_fetched_and_nothing_runs(trace):
    tags = Tags(html(trace)).found
    assert not [attrs for tag, attrs in tags if tag in ("script", "link", "img", "iframe") or "src" in attrs]


def test_a_large_trace_names_what_it_leaves_out(trace):
    many = type(trace)((*trace.flows * 32,))
    assert "2 more flows not shown here." in html(many)
    ways = tuple(
        type(item)(n, item.hops[: n % 6 + 1], item.outcome, item.packet) for n, item in enumerate(trace.journeys * 50)
    )
    flow = type(trace.flows[0])(
        0, "many", tuple(replace(item, packet=replace(item.packet, source=str(item.id))) for item in ways)
    )
    assert "60 more packets of this flow not listed here." in html(type(trace)((flow,)))
    assert "94 more ways of packets are not drawn here." in html(type(trace)((flow,)))


def test_an_empty_trace_has_text_and_html():
    shown = Trace(Recording(no_frames()))._repr_mimebundle_()
    assert shown["text/plain"].startswith("0 frames, 0 journeys, 0 flows")
    assert "0 frames" in shown["text/html"]
    assert "page" not in shown
