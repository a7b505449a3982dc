"""Positions in the viewer: the ladder's columns, rows and names, and the label of the packet in the network."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.recording import Recording
from cnetkit.recording.frames import Tap
from cnetkit.trace import Trace
from tests.browser.conftest import ROOT, Visit
from tests.recording.conftest import make_frames

LABS = ("bridge", "overlay", "pod", "service")
STEPS = 60
"""Hops of each lab that are examined, from one end of its trace to the other."""
LADDER = """
() => {
  const box = (element) => element.getBoundingClientRect();
  const { ladder, story } = window.cnetkit;
  const view = box(ladder.scroll);
  const names = [...document.querySelectorAll(".ck-heads text")].map((one) => [one.textContent, box(one)]);
  const rows = [...document.querySelectorAll(".ck-row")].map((row) => {
    const hop = ladder.hops[Number(row.dataset.row)];
    const [words] = [...row.querySelectorAll("text")].filter((one) => !one.textContent.startsWith("+")).map(box);
    const tip = box([...row.querySelectorAll(".ck-tipped")].at(-1));
    return { hop, top: box(row).top, at: story.hops.at[hop], tip: (tip.left + tip.right) / 2, right: words?.right ?? 0 };
  });
  const lives = [...document.querySelectorAll(".ck-life")].map((line) => box(line).left);
  const columns = [...ladder.x].map(([at, x]) => [at, x + box(ladder.rows).left]);
  return { view, names, rows, lives, columns };
}
"""
COVERED = """
(steps) => {
  const { cursor, graph } = window.cnetkit;
  const { context } = graph.packets;
  const drawn = context.roundRect.bind(context);
  const found = [];
  let label = null;
  context.roundRect = (left, top, width, height, radius) => {
    if (radius === 6) label = { left, top, width, height };
    return drawn(left, top, width, height, radius);
  };
  const overlap = (a, b) =>
    Math.max(0, Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top));
  cursor.limit(null, "all");
  for (let step = 0; step < steps; step += 1) {
    label = null;
    cursor.to(Math.floor((step * (cursor.steps.length - 1)) / steps));
    cursor.progress = 1;
    graph.packets.draw();
    if (label) found.push(graph.covered().reduce((sum, one) => sum + overlap(label, one), 0) / (label.width * label.height));
  }
  return found;
}
"""
"""For each label the share that covers interfaces or names; only labels are drawn with such round corners."""
FRAMES = """
() => {
  const { graph } = window.cnetkit;
  const { nodes, options } = graph.story.scene.graph;
  const boxes = graph.covered().slice(0, nodes.length); // the frames of interfaces come first
  const lines = nodes.map(({ label }, at) => [boxes[at].height / graph.network.getScale(), label.split("\\n").length]);
  return {
    letters: options.nodes.font.size * graph.network.getScale(),
    lines: lines.map(([height, lines]) => Math.round((height - 10) / lines)),
    boxes: boxes.map(({ left, top, width, height }, at) => [
      nodes[at].label, { left, right: left + width, top, bottom: top + height },
    ]),
  };
}
"""
"""The size of letters on the screen, the pixels of each interface's lines at the natural size, and the interfaces' frames."""
STROKES = """
(() => {
  const canvas = document.querySelector(".ck-marks");
  const { data } = canvas.getContext("2d").getImageData(0, 4, canvas.width, 1);
  const painted = (at) => at >= 0 && data[4 * at + 3] > 127;
  return Array.from({ length: canvas.width }, (_, at) => at).filter((at) => painted(at) && !painted(at - 1)).map((at) => at + 1);
})()
"""
"""The middle of each stroke, in pixels; a stroke is two wide."""


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """The pages of labs that were recorded: bridge, tunnel over a router, pods, services."""
    folder = tmp_path_factory.mktemp("labs")
    for name in LABS:
        entry = catalog.find(name)
        with Lab(name, replay=ROOT / "labs" / name / "session.cnetkit") as lab:
            entry.network(lab)
            with lab.trace() as trace:
                entry.traffic(lab)
        trace.to_html(folder / f"{name}.html")
    return folder


@pytest.fixture(scope="module", params=[(name, width) for name in LABS for width in (1280, 420)], ids=str)
def page(request, chromium, labs):
    """One page of a lab in one width for several tests."""
    name, width = request.param
    visit = Visit(chromium)
    yield opened(visit, labs / f"{name}.html", width)
    visit.context.close()


def opened(visit, file, width):
    visit.page.set_viewport_size({"width": width, "height": 860})
    page = visit.open(file)
    expect(page.locator(".ck-row:has(.ck-cursor)")).to_be_visible()
    page.wait_for_function("() => window.cnetkit.ladder.across === window.cnetkit.ladder.scroll.clientWidth")
    return page


def dropped_of(file):
    """The page of a lab in which a rule drops one of three packets."""
    with Lab("dropped") as lab:
        left, right = lab.host("left"), lab.host("right")
        lab.connect(left, right, "10.0.0.0/24")
        left.run(f"ping -c 1 {right.address}", check=True)
        right.run("iptables -A INPUT -p udp -j DROP", check=True)
        with lab.trace() as trace:
            left.run(f"ping -c 1 {right.address}", check=True)
            left.run(f"bash -c 'echo > /dev/udp/{right.address}/9'", check=True)
            left.run(f"ping -c 1 {right.address}", check=True)
    trace.to_html(file)


def overlapping(boxes):
    return [
        (one[0], other[0])
        for at, one in enumerate(boxes)
        for other in boxes[at + 1 :]
        if one[1]["left"] < other[1]["right"] - 1
        and other[1]["left"] < one[1]["right"] - 1
        and one[1]["top"] < other[1]["bottom"] - 4
        and other[1]["top"] < one[1]["bottom"] - 4
    ]


def test_beside_jupyterlabs_file_browser_letters_are_8_pixels_and_interfaces_have_room_for_theirs(page):
    before = page.viewport_size
    page.set_viewport_size({"width": 880, "height": 600})
    page.wait_for_timeout(500)
    seen = page.evaluate(FRAMES)
    page.set_viewport_size(before)
    assert seen["letters"] >= 8
    assert overlapping(seen["boxes"]) == []
    assert max(seen["lines"]) <= 20, "a line is broken, because it is broader than its frame"


def test_the_ladder_has_a_column_per_interface_and_each_arrow_ends_in_its_own(page):
    seen = page.evaluate(LADDER)
    columns = dict(seen["columns"])
    flow = page.evaluate("() => window.cnetkit.ladder.hops.map((hop) => window.cnetkit.story.hops.at[hop])")
    assert sorted(columns) == sorted(set(flow))
    assert seen["lives"] == pytest.approx(sorted(columns.values()), abs=1)
    assert all(later - sooner >= 50 for sooner, later in pairwise(seen["lives"]))
    assert [row["tip"] for row in seen["rows"]] == pytest.approx([columns[row["at"]] for row in seen["rows"]], abs=12)
    tops = [row["top"] for row in seen["rows"]]
    assert all(later - sooner == pytest.approx(24) for sooner, later in pairwise(tops))


def test_no_name_in_the_ladder_covers_another_and_no_word_is_cut_by_its_edge(page):
    for flow in range(min(6, page.evaluate("() => window.cnetkit.story.scene.flows.length"))):
        page.evaluate(
            "(flow) => { const { story, cursor } = window.cnetkit; cursor.select(story.span(story.ofFlow[flow][0])[0]); }",
            flow,
        )
        page.wait_for_function("(flow) => window.cnetkit.ladder.flow === flow", arg=flow)
        seen = page.evaluate(LADDER)
        assert overlapping(seen["names"]) == []
        assert all(row["right"] <= seen["view"]["right"] for row in seen["rows"])


def test_the_label_of_a_packet_covers_no_interface_and_no_name(page):
    shares = page.evaluate(COVERED, STEPS)
    assert len(shares) == STEPS
    assert max(shares) < 0.05


def test_cut_words_are_complete_in_the_tooltip(visits, labs):
    page = opened(visits(), labs / "overlay.html", 420)
    changed = page.evaluate("""() => {
        const { story, cursor } = window.cnetkit;
        const hop = [...cursor.listed].find((hop) => story.changed(hop).startsWith("encapsulation none"));
        cursor.select(hop);
        return story.changed(hop);
    }""")
    assert re.fullmatch(r"encapsulation none → vxlan 42 from 192\.0\.2\.\d+ to 192\.0\.2\.\d+", changed)
    row = page.locator(".ck-row:has(.ck-cursor)")
    expect(row.locator("text").last).to_contain_text("…")
    expect(row.locator("title")).to_have_text(f"◆ {changed}")


def test_a_long_node_name_leaves_the_interface_visible(visits, tmp_path):
    node = "payment-service-canary-7d9f8b6c5d-x2x4z-in-a-namespace"
    seen = make_frames([Tap(node, "eth0")], [(0, 1, 1, bytes(12) + b"\x88\xb5" + bytes(40))])
    Trace(Recording(seen)).to_html(tmp_path / "long.html")
    page = opened(visits(), tmp_path / "long.html", 1280)
    place = page.locator("[role=treeitem][aria-selected=true] .ck-place")
    expect(place).to_have_text(f"{node}/eth0")
    hidden = place.evaluate("(element) => element.scrollWidth - element.clientWidth")
    ends = place.evaluate("""(element) => {
        const range = document.createRange();
        const text = element.firstChild.firstChild;
        range.setStart(text, text.length - 5);
        range.setEnd(text, text.length);
        return [range.getBoundingClientRect().left >= element.getBoundingClientRect().left,
                range.getBoundingClientRect().right <= element.getBoundingClientRect().right + 1];
    }""")
    assert hidden > 0
    assert ends == [True, True]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_below_the_slider_show_where_packets_were_dropped(visits, tmp_path, scheme):
    dropped_of(tmp_path / "dropped.html")
    page = visits(color_scheme=scheme).open(tmp_path / "dropped.html")
    page.get_by_label("Step through").select_option("all")
    page.wait_for_function("() => document.querySelector('.ck-slider').max === String(window.cnetkit.story.count - 1)")
    steps, ends = page.evaluate("""() => {
        const { story, cursor } = window.cnetkit;
        const ends = [...cursor.steps].flatMap((hop, at) => {
            const journey = story.journeyOf[hop];
            return story.outcome(journey) === "dropped" && story.last(journey) === hop ? [at] : [];
        });
        return [cursor.steps.length, ends];
    }""")
    assert 0 < len(ends) < steps
    page.wait_for_function(STROKES + ".length")
    strokes, width = page.evaluate(STROKES), page.locator(".ck-marks").evaluate("(canvas) => canvas.width")
    assert strokes == pytest.approx([8 + (width - 16) * at / (steps - 1) for at in ends], abs=1.5)
