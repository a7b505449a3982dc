from html.parser import HTMLParser

from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace.trace import Trace
from cnetkit.view.notebook import html, page


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


def test_evidence_stands_beside_its_hop(trace):
    assert "ip nat DOCKER handle 5; kernel" in html(trace)


def test_hostile_names_are_escaped(hostile_trace):
    for said in (html(hostile_trace), page(hostile_trace)):
        assert not [tag for tag, _ in Tags(said).found if tag == "script"]
        assert "\x1b" not in said


def test_nothing_is_fetched_and_nothing_runs(trace):
    tags = Tags(page(trace)).found
    assert not [attrs for tag, attrs in tags if tag in ("script", "link", "img", "iframe") or "src" in attrs]


def test_a_large_trace_says_what_it_leaves_out(large_trace):
    many = type(large_trace)((*large_trace.flows * 12,))
    assert "2 more flows are not shown here." in html(many)
    assert "more journeys of this flow are not listed here." in html(many)


def test_a_trace_shows_itself_as_text_and_as_html_even_when_it_is_empty():
    shown = Trace(Recording(no_frames()))._repr_mimebundle_()
    assert shown["text/plain"].startswith("0 frames, 0 journeys, 0 flows")
    assert "0 frames" in shown["text/html"]
