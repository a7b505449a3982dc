from xml.etree import ElementTree

from cnetkit.view.svg import JOURNEYS, ladder

SVG = "{http://www.w3.org/2000/svg}"


def words(picture):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(picture).iter(SVG + "text")]


def test_interfaces_stand_side_by_side_in_the_order_of_the_way(trace):
    picture = ElementTree.fromstring(ladder(trace.journeys))
    lines = [float(line.get("x1")) for line in picture.iter(SVG + "line")]
    assert len(lines) == 5
    assert lines == sorted(lines)


def test_changes_evidence_and_outcomes_are_written_out(trace):
    said = " ".join(words(ladder(trace.journeys)))
    assert "◆ ip.dst 203.0.113.1 → 172.17.0.2" in said
    assert "-j DNAT --to-destination 172.17.0.2:80” (ip nat DOCKER handle 5; kernel)" in said
    assert "✕ dropped after dock/eth0" in said
    assert "✓ delivered at web/eth0" in said


def test_a_screen_reader_finds_a_title_and_a_description(trace):
    picture = ElementTree.fromstring(ladder(trace.journeys, "a flow"))
    assert picture.get("role") == "img"
    assert picture.find(SVG + "title").text == "a flow"
    assert "203.0.113.2:40000" in picture.find(SVG + "desc").text


def test_hostile_names_are_escaped_and_the_picture_stays_well_formed(hostile_trace):
    picture = ladder(hostile_trace.journeys, hostile_trace.flows[0].title)
    assert "<script" not in picture
    assert "\x1b" not in picture
    assert ElementTree.fromstring(picture) is not None


def test_what_is_not_drawn_is_said(large_trace):
    assert f"{301 - JOURNEYS} more journeys are not drawn here." in words(ladder(large_trace.journeys))


def test_nothing_is_fetched(trace):
    picture = ladder(trace.journeys).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in picture
    assert "url(" not in picture


def test_no_journeys_give_an_empty_picture():
    assert ElementTree.fromstring(ladder([])) is not None
