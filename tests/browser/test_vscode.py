"""VS Code's treatment of a notebook's outputs: it hears every key that reaches the window, and names its theme.

Its own way of drawing widgets was tried by hand: docs/viewer.md.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.test_jupyterlab import PAINTED

HEARS = "() => { window.heard = []; window.addEventListener('keydown', ({ key }) => window.heard.push(key)); }"


def test_keys_of_the_viewer_are_no_commands_of_the_notebook_and_others_still_are(visit, published):
    page = visit.open(published)
    page.evaluate(HEARS)
    page.locator(".ck-tree").focus()
    for key in ("a", "m", "m", "d", "d", ".", "ArrowDown", "Enter", "Space"):  # there: new cells, to Markdown, gone
        page.keyboard.press(key)
    for key in ("Control+s", "Escape", "F1", "Tab"):
        page.keyboard.press(key)
    expect(page.locator(".ck-position")).not_to_have_text("3 / 5")
    assert page.evaluate("() => window.heard") == ["Control", "s", "Escape", "F1", "Tab"]


@pytest.mark.parametrize("kind", ["light", "dark", "high-contrast", "high-contrast-light"])
def test_the_viewer_follows_its_theme_not_the_system(visits, published, kind):
    light = kind.endswith("light")
    visit = visits(color_scheme="dark" if light else "light")
    page = visit.open(published)
    page.evaluate("(kind) => { document.body.dataset.vscodeThemeKind = kind; }", f"vscode-{kind}")
    colour = [255, 255, 255] if light else [20, 24, 30]
    expect(page.locator(".cnetkit-viewer")).to_have_css("background-color", f"rgb({', '.join(map(str, colour))})")
    page.wait_for_function(PAINTED, arg=colour)
