"""Starting is cheap: slow packages are imported only by who needs them."""

import subprocess
import sys

import pytest

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
