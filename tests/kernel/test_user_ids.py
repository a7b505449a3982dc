"""A lab has the range of user and group ids that the administrator gave its user, else one of each, and says so."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys

import pytest

from cnetkit.doctor import examine

ASK = """
import json, sys
from cnetkit import Lab
with Lab("ids") as lab:
    host = lab.host("one")
    commands = sys.argv[1:]
    print(json.dumps([lab.limits, *(host.run(command).output for command in commands)]))
"""
MAPS = "cat /proc/self/uid_map /proc/self/gid_map"
CHANGE = "touch /run/file && chown 33:34 /run/file; stat -c %u:%g /run/file"
DROP = "setpriv --reuid 1337 --regid 1338 --clear-groups sh -c 'echo $(id -u):$(id -g)'"
OWNED = "iptables -A OUTPUT -m owner --uid-owner 1337 -j DROP && iptables -S OUTPUT"

HIDE = """
mount -t tmpfs tmpfs /mnt && printf "$0" > /mnt/ids || exit 1
for file in subuid subgid; do mount --bind /mnt/ids /etc/$file || exit 1; done
exec "$@"
"""


def ask(*commands: str, ranges: str | None, nested: str = "") -> list:
    """What these commands print in a host. `ranges`: the text of /etc/subuid and /etc/subgid, which is seen only here, by root
    or in a user namespace made by the options `nested`."""
    argv = [sys.executable, "-c", ASK, *commands]
    if ranges is not None:
        argv = ["unshare", *nested.split(), "--mount", "sh", "-c", HIDE, ranges, *argv]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def given() -> tuple[str | None, list[int]]:
    """A range that this user has: root gets one for the test, others have one of their own."""
    if os.geteuid() == 0:
        return "nobody:7:7\\nroot:5:x\\nroot:300000:1000\\nroot:200000:65536\\n", [200000, 65536]
    name = pwd.getpwuid(os.geteuid()).pw_name
    said = subprocess.run(["getsubids", name], capture_output=True, text=True, check=True).stdout.split()
    return None, [int(number) for number in said[2:4]]


def test_a_users_range_is_mapped_from_one_on(given):
    ranges, (first, count) = given
    limits, maps = ask(MAPS, ranges=ranges)
    rows = [[int(word) for word in line.split()] for line in maps.splitlines()]
    assert rows == [[0, os.geteuid(), 1], [1, first, count], [0, os.getegid(), 1], [1, first, count]]
    assert [line for line in limits if "one user" in line] == []


def test_with_a_range_files_change_owners_and_programs_change_users(given):
    _, owner, dropped, rules = ask(CHANGE, DROP, OWNED, ranges=given[0])
    assert owner == "33:34\n"
    assert dropped == "1337:1338\n"
    assert "--uid-owner 1337" in rules


NONE, REFUSED = "/etc/subgid has no range for this user", "more ids were refused"


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        ("", NONE),
        ("other:100000:65536\\n", NONE),
        ("root:100000:0\\n", NONE),
        ("root:much:more\\nroot\\n", NONE),
        ("root:100000:65536\\n", REFUSED),
    ],
)
def test_without_a_range_there_is_one_user_and_the_lab_says_so(ranges, reason):
    limits, maps, dropped = ask(MAPS, DROP, ranges=ranges, nested="--user --map-root-user")
    assert [line.split() for line in maps.splitlines()] == [["0", "0", "1"], ["0", "0", "1"]]
    assert dropped == "0:0\n"
    assert f"programs have one user, 0, and files one owner: {reason}" in limits


def test_doctor_tells_what_one_user_costs_and_how_to_have_more():
    (told,) = [feature for feature in examine().features if feature.name == "user-ids"]
    assert told.works or ("install uidmap" in told.fix and "docker run --user" in told.fix)
    assert told.works == (not any("one user" in line for line in ask(ranges=None)[0]))
