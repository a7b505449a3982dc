"""The viewer in Jupyter Notebook 7: the same widget in another application, with its own menus, scrolled outputs and
keys."""

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE
from tests.browser.test_jupyterlab import TRACED, opened, run, saved, shut_down


def test_a_trace_draws_keys_step_it_and_a_reopened_notebook_has_its_static_picture(visit, jupyter):
    page = visit.page
    jupyter.notebook("classic", TRACED)
    address = f"{jupyter.address}/notebooks/classic.ipynb?token={jupyter.token}"
    opened(page, address)
    expect(page).to_have_title("classic")
    run(page, 0)
    viewer = page.locator(".cnetkit-viewer")
    viewer.locator("canvas").first.wait_for(timeout=PATIENCE)
    expect(page.locator(".cnetkit-still")).to_be_hidden()
    whole = page.locator(".jp-Cell-outputArea").evaluate("(area) => area.scrollHeight <= area.clientHeight + 1")
    assert whole
    page.locator(".ck-tree").focus()
    for key in ("Home", ".", ".", "m", "m", "d", "d", "b"):  # there: to Markdown, gone, a new cell
        page.keyboard.press(key)
    expect(page.locator(".ck-position")).to_have_text("3 / 5")
    assert page.locator(".jp-Cell").count() == page.locator(".jp-CodeCell").count() == 1
    visit.picture("notebook")
    page.keyboard.press("Control+s")
    saved(page, jupyter.folder / "classic.ipynb")
    shut_down(page, jupyter)
    page.goto(address)
    expect(page.locator(".cnetkit-still svg.ck").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("model not found")).to_have_count(0)
    visit.picture("notebook-reopened")
    assert visit.asked == []
