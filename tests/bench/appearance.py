"""How soon a link that a cell adds with ip(8) appears in the picture of `lab.view()`, in JupyterLab itself.

    python -m tests.bench.appearance

Milliseconds from just before ip(8) is started until the notebook's kernel has the change, until the browser has it,
and until the browser has painted it; for that many links one after the other, each added by running a cell. To reach:
100.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.bench.measure import median, table
from tests.browser.conftest import ARGUMENTS, Jupyter
from tests.browser.test_jupyterlab import PATIENCE, opened, run

LINKS = 15
BUILT = """
import time
from cnetkit import Lab
from cnetkit.view.widget import Viewer
drawn, draw = [], Viewer.draw
def noted(viewer, scene):
    drawn.append(time.time())
    draw(viewer, scene)
Viewer.draw = noted
lab = Lab("live")
left, right = lab.host("left"), lab.host("right")
lab.connect(left, right, "10.0.0.0/24")
links = 0
lab.view()
"""
ADDED = """
links, begun, drawn[:] = links + 1, time.time(), []
left.run(f"ip link add more{links} type veth peer name other{links}", check=True)
ended = time.time()
while not drawn:
    time.sleep(0.001)
print(begun, ended, drawn[0])
"""
NOTED = """
(interfaces) => {
  window.arrived = window.shown = window.painted = undefined;
  window.parse ??= JSON.parse;
  JSON.parse = (text, ...more) => {
    if (typeof text === "string" && text.includes("cnetkit-scene")) window.arrived ??= Date.now();
    return window.parse.call(JSON, text, ...more);
  };
  const summary = document.querySelector(".ck-table summary");
  const watch = new MutationObserver(() => {
    if (!summary.textContent.includes(`${interfaces} interfaces`)) return;
    watch.disconnect();
    window.shown = Date.now();
    requestAnimationFrame(() => setTimeout(() => (window.painted = Date.now())));
  });
  watch.observe(summary, { childList: true, characterData: true, subtree: true });
}
"""


@contextmanager
def notebook() -> Iterator[Page]:
    """A page with a notebook of two cells, of which the first has run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Jupyter(Path(folder))) as jupyter,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        opened(page, jupyter.notebook("live", BUILT, ADDED))
        run(page, 0)
        expect(page.locator(".ck-table summary")).to_contain_text("2 interfaces", timeout=PATIENCE)
        yield page
        browser.close()


def main() -> None:
    """Prints the medians and the slowest."""
    rows: list[list[float]] = []
    with notebook() as page:
        for link in range(1, LINKS + 1):
            page.evaluate(NOTED, 2 + 2 * link)
            run(page, 1)
            page.wait_for_function("() => window.painted")
            begun, ended, seen = map(float, page.locator(".jp-OutputArea-output pre").last.inner_text().split())
            arrived, shown, painted = page.evaluate("() => [window.arrived, window.shown, window.painted]")
            rows.append([1000 * (ended - begun), *(at - 1000 * begun for at in (1000 * seen, arrived, shown, painted))])
    steps = ("ip(8) has ended", "the kernel's side has seen it", "the browser has it", "it is drawn", "it is painted")
    columns = list(zip(*rows, strict=True))
    table(
        f"a link in lab.view(), {LINKS} links one after the other",
        ("after milliseconds", "median", "slowest"),
        [(step, f"{median(found):.0f}", f"{max(found):.0f}") for step, found in zip(steps, columns, strict=True)],
    )


if __name__ == "__main__":
    main()
