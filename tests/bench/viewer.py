"""The viewer's frame rate while it is scrubbed: 200 nodes and about 10,000 frames, in Chromium without a graphics
card.

    python -m tests.bench.viewer

Each animation frame advances the slider, through the whole trace in four seconds; compared with the same page at rest,
which is the browser's own maximum. To reach: 30 frames per second while scrubbing, 5 MB as HTML.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.bench.measure import ROOT, ROUNDS, median, table
from tests.browser.large import large

SECONDS = 4
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CLOCK = """
([seconds, scrub]) => new Promise((done) => {
  const slider = document.querySelector(".ck-slider");
  const last = Number(slider.max);
  let frames = 0, begin, before, longest = 0;
  const tick = (now) => {
    begin ??= now;
    longest = Math.max(longest, now - (before ?? now));
    before = now;
    if (now - begin >= seconds * 1000) return done([frames / (now - begin) * 1000, longest]);
    frames += 1;
    if (scrub) {
      slider.value = Math.round(last * (now - begin) / (seconds * 1000));
      slider.dispatchEvent(new Event("input"));
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})
"""


def rate(page: Page, scrub: bool) -> list[float]:
    """Frames a second, and the longest pause between two in milliseconds."""
    found: list[float] = page.evaluate(CLOCK, [SECONDS, scrub])
    return found


def main() -> None:
    """Prints the medians."""
    trace = large()
    with tempfile.TemporaryDirectory(dir=ROOT) as folder, sync_playwright() as playwright:
        file = Path(folder) / "large.html"
        trace.to_html(file)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(file.as_uri())
        page.wait_for_selector(".ck-item")
        page.wait_for_timeout(1000)
        rows = []
        for name, scrub in (("left alone", False), ("scrubbed", True)):
            found = [rate(page, scrub) for _ in range(ROUNDS)]
            rows.append(
                (name, f"{median([one[0] for one in found]):.0f}", f"{median([one[1] for one in found]):.0f} ms")
            )
        size = file.stat().st_size / 1e6
        browser.close()
    frames, nodes = len(trace.recording.frames), len(trace.recording.topologies[0].nodes)
    table(f"viewer: {nodes} nodes, {frames:,} frames, {size:.1f} MB as HTML", ("", "frames/s", "longest pause"), rows)


if __name__ == "__main__":
    main()
