"""`%%node` runs a cell in a node; errors are one sentence."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from cnetkit.lab import Lab


@pytest.fixture
def shell():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "cnetkit")
    return shell


def test_the_lines_of_a_cell_run_in_the_node_in_one_shell(shell, dock, capsys):
    shell.user_ns["lab"] = dock.lab
    shell.run_cell_magic("node", "web", "name=$(hostname)\necho I am $name\nls /no-such-place\nexit 3\n")
    written = capsys.readouterr()
    assert written.out == "I am web\n"
    assert "No such file" in written.err
    assert written.err.endswith("[ended with status 3]\n")


def test_containers_of_a_pod_can_be_named_and_the_newest_lab_is_used(shell, dock, capsys):
    with Lab("pods") as lab:
        first, second = lab.host("dock"), lab.host("n2")
        lab.connect(second, first, "192.0.2.0/24")
        lab.pod_network([first, second]).pod("web", first).container("app")
        shell.user_ns.update(old=dock.lab, lab=lab)
        shell.run_cell_magic("node", "web/app", "echo mine > /tmp/x; cat /tmp/x")
        shell.run_cell_magic("node", "dock", "ls /sys/class/net | grep -v veth")
        shell.run_cell_magic("node", "outside", "hostname")
        assert capsys.readouterr().out.split() == ["mine", "cni0", "eth0", "flannel.1", "lo", "outside"]
        shell.run_cell_magic("node", "web/other", "true")
        assert "there is no node 'web/other'" in capsys.readouterr().err


def test_errors_of_the_library_are_one_sentence_without_a_traceback(shell, capsys):
    shell.run_cell("from cnetkit import Lab; Lab('x' * 64)")
    written = capsys.readouterr()
    assert "63 at most" in written.out + written.err
    assert "Traceback" not in written.out + written.err
    assert "check_name" not in written.out + written.err


def test_a_missing_node_is_reported_in_one_sentence(shell, capsys):
    shell.run_cell_magic("node", "web", "true")
    assert capsys.readouterr().err == "there is no node 'web' in an open lab of this notebook; there are: none\n"
