"""The course as web pages, made once, and read as files in a browser without a network."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from cnetkit import course
from cnetkit.learn import Address, Choice, Lesson, Observation, Order
from cnetkit.learn.in_page import marking
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace import Trace
from tests.browser.conftest import ROOT

LESSONS = [row for row in course.LESSONS if row.lab]
FIRST = "00-start-here.html"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """(the folder, what the command printed), as `cnetkit site` makes it."""
    folder = tmp_path_factory.mktemp("site") / "pages"
    command = [sys.executable, "-m", "cnetkit", "site", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


@pytest.fixture(scope="session")
def site(made):
    return made[0]


class Links(HTMLParser):
    """Where a page leads, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.places, self.loaded = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.places.add(attributes.get("id"))
        if tag == "a" and attributes.get("href"):
            self.targets.append(attributes["href"])
        if tag in ("script", "img", "iframe") and attributes.get("src"):
            self.loaded.append(attributes["src"])
        if tag == "link" and attributes.get("href"):
            self.loaded.append(attributes["href"])


SHADES = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 30)"}


def shade(page):
    return page.evaluate("() => getComputedStyle(document.querySelector('.cnetkit-viewer')).backgroundColor")


def question(page, name):
    return page.locator(f".cnetkit-question[data-question={name}]")


def test_each_lesson_has_a_page_and_its_progress_was_told(made):
    folder, printed = made
    pages = sorted(path.name[:2] for path in folder.glob("[0-9]*.html"))
    assert pages == [row.number for row in LESSONS]
    assert all(f"{path.stem}: run in" in printed for path in folder.glob("[0-9]*.html"))
    assert f"{len(LESSONS)} lessons are in {folder}" in printed


def test_each_question_of_the_course_can_be_answered_in_its_page(site):
    from cnetkit import catalog

    for row in LESSONS:
        (path,) = site.glob(f"{row.number}-*.html")
        text = path.read_text(encoding="utf-8")
        for task in catalog.tasks(row.lab):
            asked = text.count(f'<form class="cnetkit-question" data-question="{task.name}"')
            marked = text.count(f'<div class="cnetkit-answer" data-question="{task.name}"')
            assert (asked, marked) == ((0, 0) if hasattr(task, "grade") else (1, 1)), (row.number, task.name)


def test_all_links_inside_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}
    for path, links in pages.items():
        for target in links.targets + links.loaded:
            parts = urlsplit(target)
            if parts.scheme in ("http", "https"):
                assert target not in links.loaded
                continue
            assert not parts.scheme, target
            leads = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert leads.is_file(), (path.name, target)
            if parts.fragment and leads in pages:
                assert parts.fragment in pages[leads].places, (path.name, target)


def test_no_path_of_this_machine_is_in_it(site):
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".txt"):
            text = path.read_text(encoding="utf-8")
            assert not any(place in text for place in (str(ROOT), str(site.parent), sys.prefix, ".cnetkit-site-"))


def test_the_first_page_moves_a_packet_and_asks_nothing_of_the_network(visit, site):
    page = visit.open(site / "index.html")
    expect(page.locator(".cnetkit-viewer h3").first).to_have_text("port-mapping")
    before = page.locator(".ck-position").inner_text()
    page.get_by_role("button", name="Next hop").click()
    expect(page.locator(".ck-position")).not_to_have_text(before)
    page.wait_for_load_state("networkidle")
    assert visit.asked == []
    assert visit.errors == []


@pytest.mark.parametrize("number", [row.number for row in LESSONS])
def test_every_picture_of_a_lesson_is_drawn_without_an_error(visit, site, number):
    (path,) = site.glob(f"{number}-*.html")
    visit.page.goto(path.as_uri())
    pictures = visit.page.locator(".cnetkit-picture")
    assert pictures.count() > 0
    for at in range(pictures.count()):
        pictures.nth(at).scroll_into_view_if_needed()
        expect(pictures.nth(at).locator(".cnetkit-viewer")).to_be_visible()
        expect(pictures.nth(at).locator(".cnetkit-still")).to_be_hidden()
    assert visit.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert visit.errors == []
    assert visit.asked == []


def answered(page, site, option):
    """The form of the first lesson's first question, after this option was checked."""
    page.goto((site / FIRST).as_uri())
    form = question(page, "first")
    form.get_by_label(option).check()
    form.get_by_role("button", name="Check").click()
    return form


def test_a_wrong_answer_is_marked_by_the_capture_and_shows_its_hop(visit, site):
    page = visit.page
    form = answered(page, site, "the ping itself")
    expect(form.locator(".cnetkit-result")).to_contain_text("✗ Incorrect. A frame begins with the MAC address")
    expect(page.locator(".cnetkit-answer[data-question=first] .cnetkit-result")).to_contain_text("✗ Incorrect.")
    form.get_by_role("button", name="Show this hop").click()
    expect(page.locator(".ck-hop", has_text="ARP who has 10.0.0.1?")).to_be_in_viewport()


def test_right_answers_of_each_kind_are_marked_right(visit, site):
    page = visit.page
    form = answered(page, site, "a question for a MAC address")
    expect(form.locator(".cnetkit-result")).to_contain_text("✓ Correct.")
    way = question(page, "way")
    way.locator("input").fill("left/eth0, right/eth0")
    way.locator("input").press("Enter")
    expect(way.locator(".cnetkit-result")).to_contain_text("✓ Correct.")
    way.locator("input").fill("right/eth0, left/eth0")
    way.locator("input").press("Enter")
    expect(way.locator(".cnetkit-result")).to_contain_text("✗ Incorrect. That is the way of the answer.")
    why = question(page, "why")
    why.get_by_role("button", name="Compare").click()
    expect(why.locator(".cnetkit-result")).to_have_text("Answer first: then it can be marked.")
    why.locator("textarea").fill("it already knows the address")
    why.get_by_role("button", name="Compare").click()
    expect(why.locator(".cnetkit-result")).to_contain_text("≈ Compare. Compare your answer with this one:")
    page.goto((site / "04-port-mapping.html").as_uri())
    target = question(page, "target")
    for given, marked in (
        ("172.17.0.2:80", "✓ Correct."),
        ("172.17.0.2:8080", "✗ Incorrect. The address is right, but nothing listens on port 8080 in web."),
        ("<b>", "Type an address such as"),
        ("10.1.2.3", "✗ Incorrect. You answered 10.1.2.3. The capture shows 172.17.0.2:80."),
    ):
        target.locator("input").fill(given)
        target.locator("input").press("Enter")
        expect(target.locator(".cnetkit-result")).to_contain_text(marked)


QUESTIONS = {
    "choice": Choice(
        "q", "?", lambda trace: Observation("b"), because="So.", mistakes={"a": "No."}, options=("a", "b", "c")
    ),
    "address": Address("q", "?", lambda trace: Observation("10.0.0.1:80"), mistakes={"10.0.0.1:81": "Not 81."}),
    "order": Order(
        "q", "?", lambda trace: Observation(["a", "b", "c"]), because="So.", mistakes={("c", "b", "a"): "Back."}
    ),
}
GIVEN = {
    "choice": ["a", "b", "c"],
    "address": ["10.0.0.1:80", " 10.0.0.1:80 ", "10.0.0.1:81", "10.0.0.1", "10.9.9.9", "fe80::1"],
    "order": [
        "a, b, c",
        "a b c",
        "a → b → c",
        "c, b, a",
        "b, a, c",
        "a, b",
        "a, b, c, d",
        "a, x, c",
        "x",
        "x, b, c, d",
    ],
}


def test_the_pages_script_marks_as_a_lesson_does_in_the_same_words(visit, site):
    visit.page.goto((site / FIRST).as_uri())
    for kind, task in QUESTIONS.items():
        data = json.loads(json.dumps(marking(task, task.truth(None))))
        for given in GIVEN[kind]:
            lesson = Lesson("no lesson", [task])
            lesson.ask("q", given)
            result = lesson._marked(task, Trace(Recording(no_frames())))
            answer = task.options.index(given) if kind == "choice" else given
            marked = visit.page.evaluate("([data, given]) => window.cnetkit.mark(data, given)", [data, answer])
            assert marked[:2] == [result.outcome, result.words], (kind, given)


def test_search_finds_a_word_in_the_lessons_and_in_the_glossary(visit, site):
    page = visit.page
    page.goto((site / "index.html").as_uri())
    page.get_by_placeholder("Search").fill("masquerade")
    page.get_by_placeholder("Search").press("Enter")
    results = page.locator("#search-results li")
    expect(results.filter(has_text="Out of the host").first).to_be_visible()
    expect(results.filter(has_text="Glossary").first).to_be_visible()
    assert visit.errors == []
    assert visit.asked == []


@pytest.mark.parametrize(
    ("name", "scheme"), [("index.html", "light"), ("04-port-mapping.html", "light"), ("04-port-mapping.html", "dark")]
)
def test_axe_finds_nothing_wrong_in_either_scheme(visits, site, scheme, name):
    visit = visits(color_scheme=scheme)
    page = visit.page
    page.goto((site / name).as_uri())
    page.locator(".cnetkit-picture").first.scroll_into_view_if_needed()
    page.wait_for_selector(".cnetkit-viewer")
    assert shade(page) == SHADES[scheme]
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run().then((result) => result.violations)")
    assert [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in found] == []


def test_the_pages_own_switch_turns_the_viewer_too(visit, site):
    page = visit.open(site / "index.html")
    page.locator("button.theme-toggle:visible").click()
    page.wait_for_function("() => document.body.dataset.theme !== 'auto'")
    assert shade(page) == SHADES[page.evaluate("() => document.body.dataset.theme")]


def test_without_scripts_the_pictures_and_the_answers_are_there_to_read(visits, site):
    visit = visits(java_script_enabled=False)
    visit.page.goto((site / FIRST).as_uri())
    expect(visit.page.locator(".cnetkit-still").first).to_be_visible()
    answer = visit.page.locator(".cnetkit-answer[data-question=first]")
    answer.locator("summary").click()
    expect(answer).to_contain_text("a question for a MAC address")
    expect(visit.page.locator(".cnetkit-act").first).to_be_hidden()
