"""200 nodes and about 10,000 frames, captured live: the page stays small, and everything in it can be reached."""

import pytest
from playwright.sync_api import expect

from tests.browser.large import large


@pytest.fixture(scope="module")
def page_of_many(tmp_path_factory):
    trace = large()
    file = tmp_path_factory.mktemp("large") / "large.html"
    trace.to_html(file)
    return trace, file


def test_ten_thousand_frames_on_two_hundred_nodes_take_five_megabytes_at_most(page_of_many):
    trace, file = page_of_many
    assert len(trace.recording.topologies[0].nodes) == 200
    assert len(trace.recording.frames) >= 10_000
    assert file.stat().st_size <= 5_000_000


def test_any_hop_is_shown_in_all_panes(visit, page_of_many):
    trace, file = page_of_many
    page = visit.open(file)
    slider = page.locator(".ck-slider")
    slider.fill("7000")
    frame = page.evaluate("() => window.cnetkit.story.hops.frame[window.cnetkit.cursor.hop]")
    place = trace.recording.frames.taps[trace.recording.frames.tap[frame]]
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text(f"{place.node}/{place.interface}")
    expect(page.locator(".ck-hop")).to_contain_text(f"frame.number {frame + 1} ")
    expect(page.locator(".ck-row:has(.ck-cursor)")).to_be_visible()
    page.locator(".ck-table summary").click()
    interfaces = page.evaluate("() => window.cnetkit.story.scene.interfaces.length")
    expect(page.locator(".ck-wide tbody tr")).to_have_count(interfaces)
    visit.picture("large")
    assert visit.errors == []


def test_the_traffic_of_each_interface_is_shown_in_the_picture_and_in_words(visit, page_of_many):
    page = visit.open(page_of_many[1])
    page.evaluate("""() => {
        const all = window.cnetkit.story.scene.interfaces;
        window.cnetkit.count(all.map(() => [0, 0]), 1);
        window.cnetkit.count(all.map((_, at) => (at === 3 ? [20, 22] : [0, 0])), 2);
    }""")
    assert page.evaluate("() => [...window.cnetkit.graph.rates]") == [[3, 21]]
    page.locator(".ck-table summary").click()
    expect(page.locator(".ck-wide tbody tr").nth(3)).to_contain_text("20, 22")
