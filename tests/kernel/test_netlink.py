"""A netlink socket that has no room says so, and gives what it has. In a network namespace of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.notebooks import ROOT

CODE = """
import subprocess
from cnetkit.kernel.netlink.socket import Netlink
ear = Netlink()
ear.join((1,), room=1 << 14)
for n in range(60):
    subprocess.run(["ip", "link", "set", "lo", "up" if n % 2 == 0 else "down"], check=True)
first = ear.read()
print(len(first), ear.overruns)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
print(len(ear.read()), ear.overruns)
"""


def test_what_came_before_there_was_no_room_is_read_and_the_overrun_counted_once():
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    (kept, overruns), (later, again) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert 0 < kept < 60
    assert overruns == again == 1
    assert later >= 1
