"""Lessons in JupyterLab as a learner works through them, by keyboard: answers, a mistake, its explanation, a repair,
marks."""

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import TimeoutError as Overdue

from tests.browser.conftest import PATIENCE
from tests.browser.test_jupyterlab import opened

ACTIVE = ".jp-Notebook .jp-Cell.jp-mod-active"
PROMPT = ".jp-InputPrompt"
BEGUN = "([cell, prompt, before]) => cell.querySelector(prompt).textContent.trim() !== before.trim()"
ENDED = r"([cell, prompt]) => /\[\d+\]/.test(cell.querySelector(prompt).textContent)"
STANDS = "([cell, position]) => cell.querySelector('.ck-position')?.textContent === position"


class Learner:
    """Works with the keyboard: reads, runs and rewrites the active cell."""

    def __init__(self, page) -> None:
        self.page = page
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.keyboard.press("Escape")

    @property
    def source(self) -> str:
        """The source of the active cell; empty if it is text."""
        cell = self.page.locator(ACTIVE)
        return (
            "\n".join(cell.locator(".cm-line").all_inner_texts())
            if "jp-CodeCell" in cell.get_attribute("class")
            else ""
        )

    def run(self):
        """Runs the active cell and goes on to the next; returns the cell, whose output has arrived by then.

        A request to a kernel that is not quite ready is lost silently: then it is sent again.
        """
        cell, code = self.page.locator(ACTIVE).element_handle(), bool(self.source)
        before = cell.query_selector(PROMPT).inner_text() if code else ""
        for _ in range(10):
            self.page.keyboard.press("Control+Enter")
            if not code or self._ran(cell, before):
                break
        self.page.keyboard.press("ArrowDown")
        return cell

    def _ran(self, cell, before: str) -> bool:
        """Whether the cell started within some seconds; waits for its end then."""
        try:
            self.page.wait_for_function(BEGUN, arg=[cell, PROMPT, before], timeout=5000)
        except Overdue:
            return False
        self.page.wait_for_function(ENDED, arg=[cell, PROMPT], timeout=PATIENCE)
        return True

    def run_to(self, words: str) -> None:
        """Runs cells until the active one contains these words."""
        for _ in range(60):
            if words in self.source:
                return
            self.run()
        raise AssertionError(f"no cell with {words!r}")

    def back_to(self, words: str) -> None:
        """Goes up to the cell with these words, without running anything."""
        self.page.keyboard.press("Escape")
        for _ in range(60):
            if words in self.source:
                return
            self.page.keyboard.press("ArrowUp")
        raise AssertionError(f"no cell with {words!r} above")

    def down_to(self, words: str) -> None:
        """Goes down to it, without running anything."""
        for _ in range(60):
            if words in self.source:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no cell with {words!r} below")

    def command(self) -> None:
        """Gives the keyboard back to the notebook after a click into an output."""
        self.page.locator(f"{ACTIVE} {PROMPT}").first.click()
        self.page.keyboard.press("Escape")

    def write(self, text: str):
        """Rewrites the active cell and runs it."""
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        return self.run()


def said(cell) -> str:
    """The text of a check."""
    return cell.wait_for_selector("[role=status]:not(.ck-spoken)", timeout=PATIENCE).inner_text()


def stands(learner: Learner, cell, position: str) -> None:
    """The viewer below a cell arrives at this hop."""
    learner.page.wait_for_function(STANDS, arg=[cell, position], timeout=PATIENCE)


def answered(learner: Learner, name: str, answer: str, trace: str = "trace") -> str:
    """Goes back to a question, answers it, and has it marked again."""
    learner.back_to(f'lesson.ask("{name}"')
    learner.write(f'lesson.ask("{name}", "{answer}")')
    learner.down_to(f'lesson.check("{name}", {trace})')
    return said(learner.run())


def mended(learner: Learner, node: str, command: str, name: str, trace: str) -> str:
    """Goes back to the cell below an exercise, writes a repair into it, and has it marked."""
    learner.back_to(f'lesson.ask("{name}"')
    learner.down_to(f"%%node {node}")
    learner.write(f"%%node {node}\n{command}")
    learner.down_to(f'lesson.check("{name}", {trace})')
    return said(learner.run())


def test_the_first_lesson(visit, jupyter):
    opened(visit.page, jupyter.lesson("00"))
    learner = Learner(visit.page)
    learner.run_to('lesson.ask("first"')
    learner.write('lesson.ask("first", "a")')
    learner.run_to("with lab.trace() as trace")
    learner.run().wait_for_selector(".cnetkit-viewer canvas", timeout=PATIENCE)
    visit.picture("course-00-traced")
    learner.run_to('lesson.check("first"')
    wrong = learner.run()
    assert "incorrect" in said(wrong)
    assert "left does not know that yet. Look at left/eth0 (out)" in said(wrong)
    wrong.wait_for_selector(".cnetkit-viewer canvas", timeout=PATIENCE)
    stands(learner, wrong, "1 / 2")
    wrong.scroll_into_view_if_needed()
    visit.picture("course-00-wrong")
    assert "✓ correct" in answered(learner, "first", "b")
    learner.run_to('lesson.ask("mend"')
    learner.run()
    assert "Does it have the address 10.0.0.1?" in mended(
        learner, "right", "ip address add 10.0.0.9/24 dev eth0", "mend", "mended"
    )
    assert "✓ correct" in mended(learner, "right", "ip address add 10.0.0.1/24 dev eth0", "mend", "mended")
    learner.run_to("lesson.score")
    score = learner.run()
    assert "2 of 8 correct" in score.wait_for_selector(".jp-OutputArea-output", timeout=PATIENCE).inner_text()
    visit.picture("course-00-end")
    assert visit.page.locator(".Toastify__toast, .jp-Dialog").count() == 0  # only the lesson makes requests
    assert visit.asked == []


def test_the_lesson_on_port_mapping(visit, jupyter):
    opened(visit.page, jupyter.lesson("04"))
    learner = Learner(visit.page)
    learner.run_to('lesson.ask("target"')
    learner.write('lesson.ask("target", "172.17.0.2:8080")')
    learner.run_to('lesson.check("target"')
    wrong = learner.run()
    assert "nothing listens on port 8080 in web" in said(wrong)
    assert "ip.dst 203.0.113.1 → 172.17.0.2" in said(wrong)
    assert "-j DNAT --to-destination 172.17.0.2:80" in said(wrong)
    stands(learner, wrong, "3 / 5")
    wrong.scroll_into_view_if_needed()
    visit.picture("course-04-wrong")
    assert "✓ correct" in answered(learner, "target", "172.17.0.2:80")
    learner.run_to('lesson.ask("mend"')
    learner.run()
    rule = "iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination"
    assert "the filter drops it" in mended(learner, "dock", f"{rule} 172.17.0.2:8080", "mend", "mended")
    assert "✓ correct" in mended(learner, "dock", f"iptables -t nat -F DOCKER; {rule} 172.17.0.2:80", "mend", "mended")
    learner.run_to("lesson.score")
    score = learner.run()
    assert "2 of 11 correct" in score.wait_for_selector(".jp-OutputArea-output", timeout=PATIENCE).inner_text()
    assert visit.page.locator(".Toastify__toast, .jp-Dialog").count() == 0  # only the lesson makes requests
    assert visit.asked == []


def test_answers_are_clicked_or_typed_without_quotes_and_kept_when_the_cell_is_run_again(visit, jupyter):
    page = visit.page
    opened(page, jupyter.lesson("00"))
    learner = Learner(page)
    learner.run_to('lesson.ask("first"')
    cell = learner.run()
    cell.wait_for_selector("input[type=radio]", timeout=PATIENCE)
    page.get_by_text("a question for a MAC address").click()
    page.get_by_text("→ a question for a MAC address. It is marked").wait_for(timeout=PATIENCE)
    visit.picture("course-00-form")
    learner.command()
    learner.run_to('lesson.ask("way"')
    typed = learner.run()
    typed.wait_for_selector("input[type=text]", timeout=PATIENCE).fill("left/eth0, right/eth0")
    page.get_by_role("button", name="Keep this answer").click()
    page.get_by_text("→ left/eth0, right/eth0. It is marked").wait_for(timeout=PATIENCE)
    learner.command()
    learner.back_to('lesson.ask("first"')
    learner.run().wait_for_selector("input[type=radio]:checked", timeout=PATIENCE)
    learner.run_to('lesson.check("first"')
    assert "✓ correct" in said(learner.run())
    learner.run_to('lesson.check("way"')
    assert "✓ correct" in said(learner.run())


def test_axe_finds_nothing_wrong_in_the_questions_forms_and_what_they_say(visit, jupyter):
    page = visit.page
    opened(page, jupyter.lesson("00"))
    learner = Learner(page)
    learner.run_to('lesson.ask("first"')
    clicked = learner.run()
    clicked.wait_for_selector("input[type=radio]", timeout=PATIENCE).check()
    page.get_by_text("→ the ping itself. It is marked").wait_for(timeout=PATIENCE)
    learner.command()
    learner.run_to('lesson.ask("way"')
    typed = learner.run().wait_for_selector("input[type=text]", timeout=PATIENCE)
    typed.fill("left")
    page.get_by_role("button", name="Keep this answer").click()
    page.get_by_text("→ left. It is marked").wait_for(timeout=PATIENCE)
    learner.command()
    learner.run_to('lesson.check("whom"')
    learner.run_to('lesson.ask("why"')
    learner.run().wait_for_selector("textarea", timeout=PATIENCE)
    visit.picture("course-00-forms")
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({include: [['.cnetkit-question'], ['.jp-OutputArea [role=status]']]})")
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    checked = [node["html"] for one in found["passes"] for node in one["nodes"]]
    assert [
        kind for kind in ("<textarea", 'type="text"', 'type="radio"') if not any(kind in html for html in checked)
    ] == []
