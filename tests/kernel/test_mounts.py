"""The mounts of a sandbox inside containers whose /sys is like Docker's. The containers are namespaces made by the tests."""

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


def in_container(setup: str, *command: str) -> str:
    whole = [*CONTAINER, setup + 'exec "$@"', "sh", sys.executable, *command]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("setup", ["", READ_ONLY])
def test_a_node_sees_its_own_interfaces_even_if_the_outer_sys_is_read_only(setup):
    assert json.loads(in_container(setup, "-m", "cnetkit.kernel.probe"))["features"]["mount-sysfs"] == ""
    assert in_container(setup, "-c", IN_A_LAB).split() == ["lo"]


def test_the_probe_reports_that_a_masked_sys_prevents_mounting():
    assert json.loads(in_container(MASKED, "-m", "cnetkit.kernel.probe"))["features"]["mount-sysfs"].startswith("EPERM")
