"""Starting is cheap: slow packages are imported only by who needs them."""

import subprocess
import sys

import pytest

from tests.test_documentation import ROOT

SLOW = {"scapy", "pandas", "pyroute2", "numpy", "IPython", "anywidget", "pyvis"}


def imported(*arguments):
    code = (
        "import runpy, sys\n"
        f"sys.argv = {['cnetkit', *arguments]!r}\n"
        "try:\n    runpy.run_module('cnetkit', run_name='__main__', alter_sys=True)\n"
        "except SystemExit:\n    pass\n"
        "print('modules', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["list"], ["doctor"], ["run", "--help"]])
def test_commands_that_show_no_packets_import_no_slow_package(arguments):
    assert not imported(*arguments) & SLOW


def test_importing_the_library_imports_no_slow_package():
    code = "import cnetkit, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not set(done.stdout.split()) & SLOW


def test_the_library_never_imports_the_command_line():
    code = "import cnetkit.lab, cnetkit.trace, cnetkit.view, sys; sys.exit('cnetkit.cli' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_a_packet_is_shown_before_anything_is_taken_apart():
    code = """
import sys, cnetkit
from cnetkit.view import display
shown = []
display.viewers, display.publish = lambda: True, shown.append
trace = cnetkit.load("tests/data/truth/portmap.pcapng").select("flow == 1")
trace._ipython_display_()
display.show_hop(trace.journeys[0], trace.journeys[0].hops[0])
assert len(shown) == 4 and "scapy" not in sys.modules
shown[1]._layers(trace.journeys[0].frames[0])
assert "scapy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True)
