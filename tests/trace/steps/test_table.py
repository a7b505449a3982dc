"""The ordered table of steps: it is complete, and the documentation lists the same steps."""

import re
from pathlib import Path

import pytest

from cnetkit.trace.evidence import KINDS
from cnetkit.trace.steps import NAMES, START, STEPS
from cnetkit.trace.steps.step import Wanted

ENGINE = (Path(__file__).parents[3] / "docs" / "engine.md").read_text()


def test_the_documentation_lists_every_step():
    rows = re.findall(
        r"^\| ([a-z, -]+) \| ", ENGINE.partition("| step | leads |")[2].partition("\n\n")[0], re.MULTILINE
    )
    assert {name for row in rows for name in row.split(", ")} == set(NAMES) - {""}


def test_the_start_of_a_journey_is_number_zero():
    assert STEPS[0] is START
    assert START.find(None).parent.size == 0


def test_every_kind_of_evidence_has_a_function():
    assert set(KINDS) == set(Wanted)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name or "start")
def test_a_step_has_a_sentence_that_names_the_place(step):
    assert "web/eth0" in step.sentence.format(here="web/eth0")
    assert "{" not in step.shown[1].format(here="web/eth0", there="dock/veth1")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name or "start")
def test_a_step_shown_by_frames_alone_has_words_for_it(step):
    assert bool(step.shown[1]) == bool({Wanted.FRAMES, Wanted.CABLE} & set(step.evidence))
