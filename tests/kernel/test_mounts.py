"""The mounts of a sandbox, in containers whose /sys is as Docker makes it. The containers are namespaces of this test."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.notebooks import ROOT

CONTAINER = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c"]
READ_ONLY = "mount -o remount,bind,ro /sys; "
MASKED = READ_ONLY + "mount -t tmpfs -o ro masked /sys/firmware; "
IN_A_LAB = """
from cnetkit.lab import Lab
with Lab("mounts") as lab:
    print(lab.host("dock").run("ls /sys/class/net; touch /sys/kernel/x").output)
"""


def inside(made: str, *command: str) -> str:
    whole = [*CONTAINER, made + 'exec "$@"', "sh", sys.executable, *command]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("made", ["", READ_ONLY])
def test_a_node_sees_its_own_interfaces_where_sys_is_whole_though_it_be_read_only(made):
    assert json.loads(inside(made, "-m", "cnetkit.kernel.probe"))["features"]["mount-sysfs"] == ""
    assert inside(made, "-c", IN_A_LAB).split() == ["lo"]


def test_where_parts_of_sys_are_masked_the_probe_says_that_it_is_refused():
    assert json.loads(inside(MASKED, "-m", "cnetkit.kernel.probe"))["features"]["mount-sysfs"].startswith("EPERM")
