"""Network namespaces are created, opened by path and told from other kinds of namespaces. In a user namespace of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.notebooks import ROOT

CODE = """
import os
from cnetkit.kernel import netns

before = netns.inode(netns.current())
fd = netns.create()
assert netns.inode(fd) == netns.inode(netns.current()) != before
assert os.readlink("/proc/self/ns/net") == f"net:[{netns.inode(fd)}]"
path = f"/proc/{os.getpid()}/ns/net"
again = netns.adopt(path)
assert netns.inode(again) == netns.inode(fd)
for path in ("/proc/self/ns/user", "/etc/passwd"):
    try:
        netns.adopt(path)
    except OSError:
        continue
    raise AssertionError(path)
netns.create()
netns.join(again)
assert netns.inode(netns.current()) == netns.inode(fd)
print("done")
"""


def test_namespaces_are_created_opened_and_entered():
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "done\n", done.stderr
