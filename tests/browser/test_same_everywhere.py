"""The same recording shows the same journeys in the widget, the HTML page, the table and the terminal."""

import re

import pytest

import cnetkit
from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace
from cnetkit.view.terminal import journey_text
from tests.browser.conftest import PATIENCE, ROOT
from tests.browser.test_jupyterlab import opened, run

WORDS = {"in": "into", "out": "out of", "unknown": "seen at"}
ARROWS = {"→ in": "into", "out →": "out of", "unknown": "seen at"}
KINDS = ("empty", "nat", "flood", "drop")
READ = """
async (viewer) => {
  if (viewer.classList.contains("ck-bare")) return [];
  const scope = viewer.querySelector(".ck-choice select");
  scope.value = "all";
  scope.dispatchEvent(new Event("change"));
  await new Promise(requestAnimationFrame);
  const slider = viewer.querySelector(".ck-slider"), rows = [];
  for (let at = 0; at <= Number(slider.max); at += 1) {
    slider.value = at;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
    rows.push([...viewer.querySelectorAll(".ck-hop .ck-over, .ck-hop .ck-line")].map((line) => line.textContent));
  }
  return rows;
}
"""


def traced(kind):
    """A recording of each kind."""
    if kind == "empty":
        return Trace(Recording(no_frames(), name=kind))
    if kind == "nat":
        entry = catalog.find("port-mapping")
        with Lab(entry.name, replay=ROOT / "labs" / entry.name / "session.cnetkit") as lab:
            entry.network(lab)
            with lab.trace() as trace:
                entry.traffic(lab)
        return trace
    with Lab(kind) as lab:
        dock = lab.host("dock")
        net = dock.bridge("docker0", "172.17.0.1/16")
        one, other, _ = net.containers("c{}", 3)
        if kind == "drop":
            dock.run("iptables -I INPUT -p icmp -j DROP", check=True)
        with lab.trace() as trace:
            one.run(f"ping -c 1 -W 1 {other.address if kind == 'flood' else '172.17.0.1'}")
    return trace


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A capture file and a page of each kind."""
    folder = tmp_path_factory.mktemp("everywhere")
    found = {}
    for kind in KINDS:
        traced(kind).save(folder / f"{kind}.pcapng")
        cnetkit.load(folder / f"{kind}.pcapng").to_html(folder / f"{kind}.html")
        found[kind] = folder / f"{kind}.pcapng", folder / f"{kind}.html"
    return found


@pytest.fixture(scope="module")
def widgets(chromium, jupyter, files):
    """The widget's text for each kind, hop by hop, all in one notebook."""
    page = chromium.new_page(viewport={"width": 1280, "height": 860})
    opened(
        page,
        jupyter.notebook("same", "import cnetkit", *(f"cnetkit.load({str(file)!r})" for file, _ in files.values())),
    )
    run(page, 0)
    found = {}
    for number, kind in enumerate(files, 1):
        run(page, number)
        viewer = page.locator(".jp-CodeCell").nth(number).locator(".cnetkit-viewer")
        viewer.wait_for(timeout=PATIENCE)
        found[kind] = told(viewer.evaluate(READ))
    page.close()
    return found


def told(rows):
    """Journeys as the viewer shows them hop by hop: number → its hops, each with its frame, and its outcome."""
    found: dict[int, dict] = {}
    for packet, hop, *more in rows:
        journey = found.setdefault(int(re.match(r"#(\d+) ", packet)[1]), {"hops": set(), "outcome": None})
        way, frame = re.match(r"(.+?) · hop \d+ of \d+ · frame.number (\d+)", hop).groups()
        journey["hops"].add((way, int(frame) - 1))
        for line in more:
            if ending := re.match(r"[✓○→●✕?≈] (\S+) (?:at|after) ", line):
                journey["outcome"] = ending[1]
    return found


def tabled(trace):
    """The same from the table."""
    found: dict[int, dict] = {}
    for row in trace.table.itertuples():
        journey = found.setdefault(row.journey, {"hops": set(), "outcome": row.outcome})
        journey["hops"].add((f"{WORDS[row.direction]} {row.node}/{row.interface}", row.frame))
    return found


def printed(trace):
    """The same from the terminal, which does not show the frames."""
    found = {}
    for journey in trace.journeys:
        text = journey_text(journey)
        hops = re.findall(r"^ +\d+ +(\S+) +(\S+) +(→ in|out →|unknown)", text, re.MULTILINE)
        ways = sorted(f"{ARROWS[way]} {node}/{interface}" for node, interface, way in hops)
        found[int(re.match(r"#(\d+) ", text)[1])] = ways, re.search(r"[✓○→●✕?≈] (\S+) (?:at|after) ", text)[1]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_widget_page_table_and_terminal_show_the_same_journeys(kind, files, widgets, visit):
    file, page = files[kind]
    trace = cnetkit.load(file)
    table = tabled(trace)
    assert bool(table) == (kind != "empty")
    assert sum(len(journey["hops"]) for journey in table.values()) == len(trace.recording.frames) - len(
        trace.unexplained
    )
    assert widgets[kind] == table
    assert told(visit.open(page).locator(".cnetkit-viewer").evaluate(READ)) == table
    assert printed(trace) == {
        number: (sorted(way for way, _ in journey["hops"]), journey["outcome"]) for number, journey in table.items()
    }


def test_the_kinds_are_a_translation_a_flood_and_a_drop(files):
    nat, flood, drop = (cnetkit.load(files[kind][0]) for kind in ("nat", "flood", "drop"))
    assert nat.table["changes"].str.contains("tcp.dstport 8080 → 80").any()
    assert max(sum(hop.parent == other.frame for hop in one.hops) for one in flood.journeys for other in one.hops) > 1
    assert "dropped" in drop.outcomes
