"""A netlink socket whose receive buffer overflows counts that, and returns what it has. In a network namespace of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.notebooks import ROOT

CODE = """
import subprocess
from cnetkit.kernel.netlink.socket import Netlink
netlink = Netlink()
netlink.join((1,), room=1 << 14)
for n in range(60):
    subprocess.run(["ip", "link", "set", "lo", "up" if n % 2 == 0 else "down"], check=True)
first = netlink.read()
print(len(first), netlink.overruns)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
print(len(netlink.read()), netlink.overruns)
"""


def test_messages_before_an_overrun_are_read_and_the_overrun_is_counted_once():
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    (kept, overruns), (later, again) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert 0 < kept < 60
    assert overruns == again == 1
    assert later >= 1
