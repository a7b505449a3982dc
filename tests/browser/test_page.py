"""The viewer as one HTML file: its controls, one cursor for all panes, the keyboard, hostile text, and no requests."""

import json
import re
import subprocess
from itertools import pairwise

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from cnetkit.model import Loss
from cnetkit.recording import Recording
from cnetkit.recording.frames import Tap, no_frames
from cnetkit.trace import Trace
from cnetkit.view import wording
from tests.recording.conftest import make_frames

HOSTILE = "<img src=x onerror=alert(1)></script><!--\u2028"


def position(page):
    return page.locator(".ck-position").inner_text()


def stands(page, pattern):
    """Waits for this position: the page draws at the browser's next frame."""
    expect(page.locator(".ck-position")).to_have_text(re.compile(pattern))


def every_packet(page):
    """Steps through every packet from now on, and begins at the first hop of all; how many hops there are."""
    page.get_by_label("Step through").select_option("all")
    page.evaluate("() => window.cnetkit.cursor.to(0)")
    every = page.evaluate("() => window.cnetkit.story.count")
    stands(page, f"^1 / {every}$")
    return every


def spoken(page, words):
    expect(page.locator(".ck-spoken")).to_contain_text(words)


def test_a_page_makes_no_request_and_logs_no_error(visit, published):
    page = visit.open(published)
    page.wait_for_timeout(500)
    assert visit.asked == []
    assert visit.errors == []


def test_a_page_can_run_and_load_only_what_it_contains(visit, published):
    page = visit.open(published)
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('script'), { textContent: 'ran = 1' }))"
    )
    assert page.evaluate("() => window.ran") is None


def test_the_buttons_step_and_play(visit, published):
    page = visit.open(published)
    every = every_packet(page)
    page.get_by_role("button", name="Next hop").click()
    stands(page, f"^2 / {every}$")
    page.get_by_role("button", name="Previous hop").click()
    stands(page, f"^1 / {every}$")
    page.get_by_label("Speed").select_option("8")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => Number(document.querySelector('.ck-position').textContent.split(' ')[0]) > 5")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(200)  # the frame that was being drawn
    stopped = position(page)
    page.wait_for_timeout(400)
    assert position(page) == stopped


def test_a_selection_in_one_pane_applies_to_all(visit, published):
    page = visit.open(published)
    page.get_by_role("treeitem", name="tcp 203.0.113.2").click()
    hop = page.get_by_role("treeitem", name="3 dock/docker0")
    hop.click()
    expect(hop).to_have_attribute("aria-selected", "true")
    expect(page.locator(".ck-hop")).to_contain_text("out of dock/docker0 · hop 3 of 5")
    expect(page.locator(".ck-changes")).to_contain_text("ip.dst")
    expect(page.locator(".ck-hop")).to_contain_text("--to-destination 172.17.0.2:80")
    row = page.locator(".ck-row:has(.ck-cursor)")
    expect(row).to_contain_text("◆ ip.dst 203.0.113.1")
    spoken(page, "hop 3 of 5: out of dock/docker0; changed ip.dst 203.0.113.1 → 172.17.0.2")
    page.locator(".ck-row").nth(0).click()
    expect(page.locator(".ck-hop")).to_contain_text("hop 1 of 5")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_contain_text("outside/eth0")


def test_the_slider_goes_anywhere(visit, published):
    page = visit.open(published)
    every = every_packet(page)
    page.locator(".ck-slider").fill(str(every - 1))
    stands(page, f"^{every} / {every}$")
    expect(page.locator(".ck-slider")).to_have_attribute("aria-valuetext", f"hop {every} of {every}")


def test_the_filter_keeps_the_journeys_that_contain_all_words(visit, published):
    page = visit.open(published)
    every = every_packet(page)
    page.get_by_label("Filter journeys").fill("syn dnat")
    expect(page.locator("[role=treeitem][aria-level='2']").first).to_contain_text("SYN")
    expect(page.locator(".ck-position")).not_to_have_text(re.compile(f" / {every}$"))
    everything = int(position(page).split(" / ")[1])
    assert 0 < everything < every
    page.get_by_label("Filter journeys").fill("no such thing")
    expect(page.locator(".ck-list .ck-none")).to_have_text("Nothing fits the filter.")
    page.keyboard.press("Escape")
    stands(page, f" / {every}$")


def test_steps_stay_within_one_packet_and_go_on_to_the_next_at_its_end(visit, published):
    page = visit.open(published)
    page.get_by_role("treeitem", name=re.compile(r"#\d+ SYN 203\.0\.113\.2")).click()
    stands(page, "^1 / 5$")
    page.keyboard.press("4")
    page.keyboard.press("End")
    page.get_by_role("button", name="Next hop").click()
    expect(page.locator(".ck-hop")).to_contain_text("SYN-ACK 172.17.0.2:80 →")
    page.get_by_role("button", name="Previous hop").click()
    stands(page, "^5 / 5$")
    page.get_by_label("Step through").select_option("flow")
    stands(page, "^5 / 60$")


def test_every_action_has_a_key(visit, published):
    page = visit.open(published)
    every_packet(page)
    page.keyboard.press("1")
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.className") == "ck-filter"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_attribute("aria-level", "2")
    page.keyboard.press("Home")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_attribute("aria-level", "1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_have_attribute("aria-level", "3")
    page.keyboard.press(".")
    page.keyboard.press(".")
    at = page.evaluate("() => window.cnetkit.cursor.at")
    page.keyboard.press("n")
    page.wait_for_function("(at) => window.cnetkit.cursor.at > at", arg=at)
    stands(page, f"^{page.evaluate('() => window.cnetkit.cursor.at') + 1} / ")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("1")
    assert page.evaluate("() => document.activeElement.ariaLabel") == "Network"
    scale = page.evaluate("() => window.cnetkit.graph.network.getScale()")
    page.keyboard.press("+")
    assert page.evaluate("() => window.cnetkit.graph.network.getScale()") > scale
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")


def test_keys_work_before_anything_was_clicked_and_the_focus_stays_where_it_is(visit, published):
    page = visit.open(published)
    every = every_packet(page)
    page.keyboard.press("ArrowRight")
    stands(page, f"^2 / {every}$")
    assert page.evaluate("() => document.activeElement === document.body")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_page_opens_at_the_most_telling_hop_and_folds_housekeeping_away(visit, published):
    page = visit.open(published)
    expect(page.locator(".ck-hop")).to_contain_text(re.compile(r"#\d+ SYN 203\.0\.113\.2"))
    expect(page.locator(".ck-changes")).to_contain_text("172.17.0.2")
    stands(page, "^3 / 5$")
    page.keyboard.press("3")
    page.keyboard.press("End")
    served = page.get_by_role("treeitem", name="housekeeping")
    expect(served).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("treeitem", name="arp ")).to_have_count(0)
    served.click()
    expect(page.get_by_role("treeitem", name="arp ").first).to_have_attribute("aria-level", "2")
    stands(page, "^3 / 5$")
    page.get_by_role("treeitem", name="arp ").first.click()
    expect(page.locator(".ck-hop")).to_contain_text("ARP who has")


def test_the_reason_stands_above_what_changed_and_mac_addresses_are_one_line(visit, published):
    page = visit.open(published)
    headings = page.locator(".ck-hop .ck-under")
    expect(headings.nth(0)).to_have_text("Why")
    expect(headings.nth(1)).to_have_text("Changed")
    expect(page.locator(".ck-changes tr", has_text="eth")).to_have_count(1)


def test_the_whole_viewer_fits_a_laptops_screen(visit, published):
    page = visit.open(published)
    page.set_viewport_size({"width": 1280, "height": 720})
    box = page.locator(".cnetkit-viewer").bounding_box()
    assert box["y"] + box["height"] <= 720
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 720


def test_it_can_fill_the_screen(visit, published):
    page = visit.open(published)
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('cnetkit-viewer')")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_a_row_that_is_drawn_anew_while_the_button_is_down_is_still_chosen(visit, published):
    page = visit.open(published)
    box = page.get_by_role("treeitem", name="5 web/eth0").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 12)
    page.mouse.down()
    page.evaluate("() => window.cnetkit.list.paint()")
    page.mouse.up()
    stands(page, "^5 / 5$")


def test_a_pane_can_be_maximised(visit, published):
    page = visit.open(published)
    page.keyboard.press("3")
    page.keyboard.press("m")
    expect(page.locator(".ck-list")).to_be_visible()
    expect(page.locator(".ck-graph")).to_be_hidden()
    page.keyboard.press("2")
    expect(page.locator(".ck-ladder")).to_be_visible()
    expect(page.locator(".ck-list")).to_be_hidden()
    page.get_by_role("button", name="One pane alone").click()
    assert page.locator(".ck-pane").count() == page.locator(".ck-pane:visible").count() == 4


def test_hops_play_in_proportion_to_the_time_between_them(visit, published, port_mapping):
    page = visit.open(published)
    every_packet(page)
    times = sorted(port_mapping.recording.frames.time_ns.tolist())
    distances = [0, *(later - earlier for earlier, later in pairwise(times))]
    takes, scale = page.evaluate("""() => {
        const { pace, steps } = window.cnetkit.cursor;
        return [Array.from(steps, (_, at) => pace.takes(at)), pace.scale];
    }""")
    bounds = min(takes), max(takes)
    true = [(took, distance) for took, distance in zip(takes, distances, strict=True) if took not in bounds]
    assert len(true) > 20
    assert all(took == pytest.approx(distance / scale) for took, distance in true)
    assert all(
        took == max(takes) for took, distance in zip(takes, distances, strict=True) if distance / scale > bounds[1]
    )


def test_a_long_pause_is_shortened_with_a_note(visit, published):
    page = visit.open(published)
    every_packet(page)
    expect(page.locator(".ck-pace")).to_have_text(re.compile("^1 s shows .* µs$"))
    longest = page.evaluate("""() => {
        const { cursor } = window.cnetkit;
        const at = cursor.pace.passed.indexOf(Math.max(...cursor.pace.passed));
        cursor.to(at - 1);
        cursor.play(true);
        return at;
    }""")
    expect(page.locator(".ck-pace")).to_have_text(re.compile("^a pause of .*, shortened$"))
    page.wait_for_function("(at) => window.cnetkit.cursor.at >= at", arg=longest)


def test_the_focus_is_visible(visit, published):
    page = visit.open(published)
    page.keyboard.press("Tab")
    for _ in range(9):
        page.keyboard.press("Tab")
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("() => document.activeElement.className")


def test_layers_and_bytes_show_what_the_hop_changed(visit, published):
    page = visit.open(published)
    page.get_by_role("treeitem", name="tcp 203.0.113.2").click()
    page.get_by_role("treeitem", name="3 dock/docker0").click()
    expect(page.locator(".ck-layer", has_text="IP").first).to_be_visible()
    expect(page.locator(".ck-differs", has_text="172.17.0.2")).to_contain_text("was 203.0.113.1")
    assert "ac110002" in "".join(page.locator(".ck-hex mark").all_inner_texts())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_axe_finds_nothing_wrong(visits, published, scheme, width):
    visit = visits(color_scheme=scheme)
    visit.page.set_viewport_size({"width": width, "height": 860})
    page = visit.open(published)
    page.locator(".ck-table summary").click()
    page.get_by_role("treeitem", name="tcp 203.0.113.2").click()
    page.wait_for_timeout(400)
    visit.picture(f"page-{scheme}-{width}")
    visit.context.set_default_timeout(10_000)
    found = evaluated(page)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def evaluated(page):
    """The findings of axe. Its script is injected through the debugger, because the page loads nothing."""
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    return page.evaluate("() => axe.run()")["violations"]


def hostile():
    """A recording in which every text is markup."""
    seen = make_frames([Tap(HOSTILE, HOSTILE)], [(0, 1, 1, bytes(12) + b"\x88\xb5" + HOSTILE.encode())])
    return Trace(Recording(seen, name=HOSTILE, losses=(Loss(HOSTILE, HOSTILE, 1),), warnings=(HOSTILE,)))


def test_markup_in_names_and_payloads_is_text(visit, tmp_path):
    hostile().to_html(tmp_path / "hostile.html")
    page = visit.open(tmp_path / "hostile.html")
    page.on("dialog", lambda dialog: visit.errors.append(dialog.message))
    page.wait_for_timeout(500)
    expect(page.locator(".ck-title")).to_contain_text("<img src=x")
    expect(page.locator(".ck-hop")).to_contain_text("<img src=x")
    expect(page.locator("[role=alert] p")).to_contain_text(["⚠ Lost: ", "⚠ Incomplete"])
    assert page.locator(".cnetkit-viewer img, .cnetkit-viewer script").count() == 0
    assert visit.errors == []
    assert visit.asked == []


def test_an_empty_trace_says_so(visit, tmp_path):
    Trace(Recording(no_frames(), name="empty")).to_html(tmp_path / "empty.html")
    page = visit.open(tmp_path / "empty.html")
    expect(page.locator(".ck-head")).to_contain_text("0 packets")
    expect(page.locator(".ck-more")).to_contain_text("0 frames, 0 journeys, 0 flows")
    expect(page.locator(".ck-graph")).to_contain_text("No network and no packets to show.")
    visit.picture("empty")
    assert visit.errors == []


def test_without_scripts_and_on_paper_the_same_journeys_are_text(visits, published):
    visit = visits(java_script_enabled=False)
    visit.page.goto(published.as_uri())
    expect(visit.page.locator(".paper svg").first).to_be_visible()
    with_scripts = visits()
    page = with_scripts.open(published)
    page.emulate_media(media="print")
    expect(page.locator(".cnetkit-viewer")).to_be_hidden()
    expect(page.locator(".paper svg").first).to_be_visible()


def test_a_printed_page_contains_every_packet_its_outcome_and_the_rule_as_text(
    visits, published, port_mapping, tmp_path
):
    page = visits(color_scheme="dark").open(published)
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    read = subprocess.run(["pdftotext", "-raw", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True)
    text = "".join(read.stdout.split())
    for journey in port_mapping.journeys:
        assert f"#{journey.id}{wording.legible(journey.says)}".replace(" ", "") in text
    assert text.count("✓delivered") >= len({journey.packet.source for journey in port_mapping.journeys})
    assert "--to-destination172.17.0.2:80" in text
    assert "ip.dst203.0.113.1→172.17.0.2" in text


def test_no_picture_is_larger_than_its_paper(visits, published):
    page = visits().open(published)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 700})  # A4 landscape, without its margins
    page.evaluate("() => document.querySelectorAll('.paper details').forEach((one) => (one.open = true))")
    boxes = [one.bounding_box() for one in page.locator(".paper svg").all()]
    assert len(boxes) > 5
    assert all(box["height"] <= 700 and box["x"] + box["width"] <= 1032 for box in boxes)


def test_with_reduced_motion_packets_arrive_at_once(visits, published):
    visit = visits(reduced_motion="reduce")
    page = visit.open(published)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Next hop").click()
    assert page.evaluate("() => window.cnetkit.cursor.progress") == 1


def test_a_capture_of_thousands_of_frames_loads_quickly_and_is_small(visit, captured):
    assert captured.stat().st_size <= 5_000_000
    page = visit.open(captured)
    page.locator(".ck-slider").fill("3000")
    expect(page.locator("[role=treeitem][aria-selected=true]")).to_be_visible()
    assert page.locator("[role=treeitem]").count() < 100
    scene = json.loads(page.locator("#cnetkit-scene").text_content())
    assert len(scene["hops"]["frame"]) == 6292
