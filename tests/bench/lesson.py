"""From opening a lesson in JupyterLab to the first moving packet, for a learner who reads nothing.

    python -m tests.bench.lesson

Cells are run from the top, by keyboard. JupyterLab and the browser's cache are fresh in each round; the clock starts
when the page is requested. To reach: 15 seconds.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench.measure import ROUNDS, median, table
from tests.browser.conftest import ARGUMENTS, PATIENCE, Jupyter, Visit
from tests.browser.test_course import Learner
from tests.browser.test_jupyterlab import opened

LESSONS = ("00", "04")
PARTS = ("kernel ready", "traced cell begun", "viewer drawn", "packet moves")
MOVES = """
([first, play]) => new Promise((done) => {
  const seen = () => first.toDataURL();
  const before = seen();
  play.click();
  const look = () => (seen() === before ? requestAnimationFrame(look) : done());
  requestAnimationFrame(look);
})
"""


def one_round(browser: Browser, lesson: str, folder: Path) -> list[float]:
    """Seconds from the page's opening to each of PARTS."""
    jupyter, visit, found = Jupyter(folder), Visit(browser), []
    try:
        begun = time.perf_counter()
        opened(visit.page, jupyter.lesson(lesson))
        found.append(time.perf_counter() - begun)
        learner = Learner(visit.page)
        learner.run_to("with lab.trace()")
        found.append(time.perf_counter() - begun)
        cell = learner.run()
        canvas = cell.wait_for_selector(".cnetkit-viewer canvas.ck-above", timeout=PATIENCE)
        found.append(time.perf_counter() - begun)
        visit.page.evaluate(MOVES, [canvas, cell.query_selector("[aria-label=Play]")])
        found.append(time.perf_counter() - begun)
    finally:
        visit.context.close()
        jupyter.close()
    return found


def main() -> None:
    """Prints the medians, and the longest."""
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for lesson in LESSONS:
            found = []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory() as folder:
                    found.append(one_round(browser, lesson, Path(folder)))
            medians = [f"{median(part):.1f} s" for part in zip(*found, strict=True)]
            rows.append((lesson, *medians, f"{max(one[-1] for one in found):.1f} s"))
        browser.close()
    table("lesson opened in JupyterLab", ("", *PARTS, "at worst"), rows)


if __name__ == "__main__":
    main()
