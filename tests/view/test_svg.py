from dataclasses import replace
from xml.etree import ElementTree

from cnetkit.model import Change
from cnetkit.view.svg import JOURNEYS, WORDS, ladder, ladders

SVG = "{http://www.w3.org/2000/svg}"


def words(picture):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(picture).iter(SVG + "text")]


def captured(picture):
    """The texts without their tooltips."""
    texts = ElementTree.fromstring(picture).iter(SVG + "text")
    return [(node.text or "") + "".join(child.tail or "" for child in node) for node in texts]


def test_interfaces_are_columns_in_the_order_of_the_path(trace):
    picture = ElementTree.fromstring(ladder(trace.journeys))
    lines = [float(line.get("x1")) for line in picture.iter(SVG + "line")]
    assert len(lines) == 5
    assert lines == sorted(lines)


def test_changes_evidence_and_outcomes_are_written_out(trace):
    text = " ".join(words(ladder(trace.journeys)))
    assert "◆ ip.dst 203.0.113.1 → 172.17.0.2" in text
    assert "-j DNAT --to-destination 172.17.0.2:80” (ip nat DOCKER handle 5; kernel)" in text
    assert "✕ dropped after dock/eth0" in text
    assert "✓ delivered at web/eth0" in text


def test_a_long_change_is_wrapped_and_not_cut(trace):
    tunnel = "vxlan 42 from 2001:db8:1111:2222:3333:4444:5555:6666 to 2001:db8:1111:2222:3333:4444:5555:7777"
    (first, *more) = trace.journeys[0].hops
    hop = replace(first, changes=(Change("encapsulation", "none", tunnel),))
    lines = captured(ladder([replace(trace.journeys[0], hops=(hop, *more))]))
    at = lines.index("◆ encapsulation none → vxlan 42 from")
    assert " ".join(line.strip() for line in lines[at : at + 3]) == f"◆ encapsulation none → {tunnel}"
    assert all(len(line) <= WORDS for line in lines[at : at + 3])


def test_names_with_different_ends_stay_different(trace):
    journey = trace.journeys[0]
    names = ("web-deployment-7d9f8b6c5d-x2x4z", "web-deployment-7d9f8b6c5d-qwert")
    hops = tuple(replace(hop, node=names[at % 2]) for at, hop in enumerate(journey.hops))
    heads = [line for line in captured(ladder([replace(journey, hops=hops)])) if line.startswith("web-")]
    assert len(set(heads)) == 2


def test_pictures_per_packet_share_their_columns_and_one_style_sheet(trace):
    pictures = ladders(trace.journeys, "a flow")
    trees = [ElementTree.fromstring(picture) for picture in pictures]
    assert len(trees) == len(trace.journeys) == 2
    assert len({tuple(line.get("x1") for line in tree.iter(SVG + "line")) for tree in trees}) == 1
    assert [len(list(tree.iter(SVG + "style"))) for tree in trees] == [1, 0]


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


def test_omissions_are_named(large_trace):
    assert f"{301 - JOURNEYS} more journeys are not drawn here." in words(ladder(large_trace.journeys))


def test_nothing_is_fetched(trace):
    picture = ladder(trace.journeys).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in picture
    assert "url(" not in picture


def test_no_journeys_give_an_empty_picture():
    assert ElementTree.fromstring(ladder([])) is not None
