"""The viewer in JupyterLab: the widget, its keys, the content of a reopened notebook, and a network that is being
built."""

import re
import time

import nbformat
import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

import cnetkit
from cnetkit.view.layers import layers as layers_of
from tests.browser.conftest import PATIENCE, ROOT, Visit

TRACED = f"""
from cnetkit import Lab, catalog
entry = catalog.find("port-mapping")
lab = Lab(entry.name, replay={str(ROOT / "labs" / "port-mapping" / "session.cnetkit")!r})
entry.network(lab)
with lab.trace() as trace:
    entry.traffic(lab)
trace
"""


def opened(page, address):
    """Opens a notebook and waits for its kernel."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=PATIENCE)
    page.wait_for_function(READY, timeout=PATIENCE)


READY = """
async () => (await (await fetch("/api/kernels")).json()).some((one) => one.execution_state === "idle" && one.connections > 0)
"""
"""The kernel's indicator is idle before there is a kernel: the server knows better."""


def run(page, number):
    """Runs one cell. A request to a kernel that is not quite ready is lost silently: then it is sent again."""
    cell = page.locator(".jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputArea-prompt")
    for _ in range(10):
        if (dialog := page.locator(".jp-Dialog")).count():
            print("JupyterLab asks:", dialog.inner_text())
            dialog.locator(".jp-mod-accept").click()
        cell.locator(".cm-content").click(timeout=5000)
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).to_have_text(re.compile(r"\[(\*|\d+)\]:"), timeout=3000)
            break
        except AssertionError:
            page.wait_for_timeout(1000)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)


def test_a_trace_is_a_viewer_and_a_static_picture_in_a_reopened_notebook(visit, jupyter):
    page = visit.page
    opened(page, jupyter.notebook("traced", TRACED))
    run(page, 0)
    viewer = page.locator(".cnetkit-viewer")
    viewer.wait_for(timeout=PATIENCE)
    expect(page.locator(".cnetkit-still")).to_have_count(1)
    expect(page.locator(".cnetkit-still")).to_be_hidden()
    page.locator(".ck-tree").focus()
    for key in ("Home", ".", "."):
        page.keyboard.press(key)
    page.wait_for_function("() => document.querySelector('.ck-position').textContent.startsWith('3 / ')")
    assert page.locator(".jp-mod-editMode").count() == 0
    visit.picture("jupyterlab")
    page.keyboard.press("Control+s")  # the focus is still in the viewer
    saved(page, jupyter.folder / "traced.ipynb")
    page.context.clear_cookies()
    shut_down(page, jupyter)
    page.goto(f"{jupyter.address}/lab/workspaces/again/tree/traced.ipynb?token={jupyter.token}&reset")
    page.locator(".cnetkit-still svg.ck").first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(3000)
    assert page.get_by_text("model not found").count() == 0 or page.get_by_text("model not found").is_hidden()
    visit.picture("jupyterlab-reopened")
    assert visit.asked == []


@pytest.fixture(scope="module")
def learner(chromium, jupyter):
    """One page for several tests: a notebook with a capture of 6,292 frames."""
    visit = Visit(chromium)
    opened(visit.page, jupyter.notebook("learner", CAPTURED))
    run(visit.page, 0)
    visit.page.locator(".cnetkit-viewer").wait_for(timeout=PATIENCE)
    yield visit
    assert visit.asked == []
    visit.context.close()


def test_every_action_has_a_key_that_is_no_command_of_jupyterlab(learner):
    page = learner.page
    page.locator(".jp-CodeCell .jp-InputPrompt").first.click()
    page.keyboard.press("Escape")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => Boolean(document.activeElement.closest('.cnetkit-viewer'))"):
            break
    expect(page.get_by_label("Filter journeys")).to_be_focused()
    page.keyboard.type("delivered")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ck-tree [aria-selected=true]")).to_be_visible()
    before = page.locator(".ck-position").inner_text()
    page.keyboard.press("n")
    expect(page.locator(".ck-position")).not_to_have_text(before)
    for key in ("m", "a", "b", "d", "d", "x", "m"):  # there: to Markdown, new cells, gone
        page.keyboard.press(key)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.locator(".jp-Cell").count() == page.locator(".jp-CodeCell").count() == 1
    assert page.locator(".jp-mod-editMode").count() == 0


def test_the_whole_viewer_fits_a_laptops_screen_inside_jupyterlab(learner):
    page, before = learner.page, learner.page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_timeout(500)
    viewer, notebook = page.locator(".cnetkit-viewer").bounding_box(), page.locator(".jp-Notebook").bounding_box()
    assert viewer["height"] <= notebook["height"]
    page.set_viewport_size(before)


def test_layers_come_from_the_kernel_on_request(learner):
    page = learner.page
    page.get_by_label("Filter journeys").fill("")
    page.get_by_label("Step through").select_option("all")
    page.locator(".ck-slider").fill("5000")
    expect(page.locator(".ck-position")).to_have_text(re.compile("^5,001 / "))
    frame = int(re.search(r"frame.number (\d+)", page.locator(".ck-hop").inner_text())[1]) - 1
    told = [name for name, *_ in layers_of(cnetkit.load(ROOT / CAPTURE).recording.frames, frame)]
    layers = page.locator(".ck-hop summary", has_text="Layers: ")
    expect(layers).to_have_text(f"Layers: {' / '.join(told)}", timeout=PATIENCE)


@pytest.mark.parametrize(
    ("theme", "background"), [("JupyterLab Dark", [20, 24, 30]), ("JupyterLab Light", [255, 255, 255])]
)
def test_the_viewer_follows_jupyterlabs_theme_and_axe_finds_nothing_wrong(learner, theme, background):
    page = learner.page
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text=re.compile(f"^{theme}\\s*$")).click()
    page.wait_for_function(PAINTED, arg=background, timeout=PATIENCE)
    said = page.locator(".cnetkit-viewer").evaluate("(element) => getComputedStyle(element).backgroundColor")
    assert said == f"rgb({', '.join(map(str, background))})"
    learner.picture(theme.lower().replace(" ", "-"))
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run('.cnetkit-viewer')")["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_a_link_that_a_shell_cell_adds_appears_in_the_view(visit, jupyter):
    page = visit.page
    opened(page, jupyter.notebook("live", BUILT, ADDED))
    run(page, 0)
    said = page.locator(".ck-table summary")
    expect(said).to_contain_text("2 nodes, 2 interfaces, 1 link", timeout=PATIENCE)
    page.evaluate(NOTED)
    run(page, 1)
    expect(said).to_contain_text("2 nodes, 4 interfaces, 2 links", timeout=PATIENCE)
    added = float(page.locator(".jp-OutputArea-output pre").last.inner_text())
    took = page.evaluate("() => window.noted") - added * 1000
    print(f"the link appeared {took:.0f} ms after ip(8) had ended")
    visit.picture("jupyterlab-live")
    assert took < 2000
    assert visit.asked == []


def test_a_running_capture_is_followed_and_whole_when_it_has_ended(visit, jupyter):
    page = visit.page
    opened(page, jupyter.notebook("running", BUILT.replace("lab.view()", ""), RUNNING))
    run(page, 0)
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    said = page.locator(".ck-head .ck-said")
    expect(said).to_contain_text("The capture is running.", timeout=PATIENCE)
    expect(page.locator(".ck-tree [aria-selected=true]")).to_be_visible()
    visit.picture("jupyterlab-running")
    expect(said).not_to_contain_text("The capture is running.", timeout=PATIENCE)
    frames = page.locator(".jp-OutputArea-output pre", has_text=re.compile(r"^\d+\s*$"))
    expect(frames).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".ck-more")).to_contain_text(f"{int(frames.inner_text())} frames")
    assert visit.asked == []


CAPTURE = "tests/data/truth/portmap.pcapng"
CAPTURED = f"""
import cnetkit
cnetkit.load({str(ROOT / CAPTURE)!r})
"""
PAINTED = """
(colour) => {
  const canvas = document.querySelector(".ck-stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] === 255 && colour.every((part, place) => data[at + place] === part)) return true;
  return false;
}
"""
"""Interfaces have the background's colour."""
RUNNING = """
with lab.trace() as trace:
    display(trace)
    left.run(f"ping -c 60 -i 0.05 {right.address}", check=True)
print(len(trace.recording.frames))
"""
BUILT = """
from cnetkit import Lab
lab = Lab("live")
left, right = lab.host("left"), lab.host("right")
lab.connect(left, right, "10.0.0.0/24")
lab.view()
"""
ADDED = """
import time
left.run("ip link add more0 type veth peer name more1", check=True)
print(time.time())
"""
NOTED = """
() => new MutationObserver(() => {
  if (document.querySelector(".ck-table summary").textContent.includes("4 interfaces")) window.noted ??= Date.now();
}).observe(document.querySelector(".ck-table summary"), { childList: true, characterData: true, subtree: true })
"""


def saved(page, file):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        outputs = [one for cell in nbformat.read(file, as_version=4).cells for one in cell.outputs]
        if any("application/vnd.jupyter.widget-view+json" in one.get("data", {}) for one in outputs):
            return
        page.wait_for_timeout(300)  # requests go through this thread
    pytest.fail("the notebook was not saved with its outputs")


def shut_down(page, jupyter):
    """Ends all kernels, as if the file were reopened another day."""
    page.goto("about:blank")
    listed = page.request.get(f"{jupyter.address}/api/sessions?token={jupyter.token}").json()
    for one in listed:
        page.request.delete(f"{jupyter.address}/api/sessions/{one['id']}?token={jupyter.token}")
