"""How things find their displays: lazily, and without anybody importing a view first."""

import subprocess
import sys
from pathlib import Path

import pytest

import cnetkit
from cnetkit import displays
from cnetkit.displays import Displays

ROOT = Path(__file__).parent.parent
TRUTH = ROOT / "tests" / "data" / "truth" / "portmap.pcapng"
ALONE = f"""
import sys
from cnetkit.recording.recording import load
from cnetkit.trace import explain
trace = explain(load({str(TRUTH)!r}))
trace.select("tcp"), trace.to_json(), trace.journeys[0].explain()
assert "cnetkit.view" not in sys.modules
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )


@pytest.mark.parametrize(
    "use",
    [
        "trace._repr_mimebundle_()['text/html'].index('<')",
        "trace.flows[0]._repr_mimebundle_()['text/html'].index('<')",
        "trace.journeys[0]._repr_mimebundle_()['text/html'].index('<')",
        "trace.compare(trace)._repr_mimebundle_()['text/html'].index('<')",
        "trace.to_html('/dev/null')",
        "trace.plot.packets()",
        "trace.show()",
    ],
)
def test_nothing_has_to_be_imported_before_a_trace_is_shown(use):
    run(ALONE + use)


def test_show_prints_what_the_command_line_prints():
    shown = run(f"import cnetkit; cnetkit.load({str(TRUTH)!r}).show()").stdout
    inspected = run(f"from cnetkit.cli import main; main(['inspect', {str(TRUTH)!r}])").stdout
    assert shown
    assert shown in inspected


def test_show_prints_every_packet_if_asked(capsys):
    trace = cnetkit.load(TRUTH).select("flow == 0")
    trace.show()
    few = capsys.readouterr().out
    trace.show(all=True)
    assert len(capsys.readouterr().out) > len(few)


@pytest.mark.parametrize("name", [name for name in vars(displays) if name.endswith(("_VIEWS", "_DISPLAYS"))])
def test_every_display_is_where_the_door_says(name):
    assert all(callable(display) for display in getattr(displays, name).values())


def test_a_display_can_be_replaced_and_removed():
    mine = Displays(text="builtins:repr", page="builtins:str")
    assert mine["text/plain"]("a") == "'a'"
    mine["page"] = len
    assert mine["page"]("abc") == 3
    del mine["page"]
    assert list(mine) == ["text/plain"]


def test_delivered_and_dropped_are_selections():
    trace = cnetkit.load(TRUTH)
    for part, kind in ((trace.delivered, "delivered"), (trace.dropped, "dropped")):
        assert part.selection == kind
        assert len(part.journeys) == trace.outcomes[kind]
        assert {journey.outcome.kind for journey in part.journeys[:20]} <= {kind}
