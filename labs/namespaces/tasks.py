"""What the lesson on namespaces asks, and what gives a container made by hand a name and a wire.

Processes tell what they see by the page that they ask right for: `/KIND-VALUE`. So the answers stand in the capture.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cnetkit.learn import Choice, Exercise, Idea, Seen, Text
from cnetkit.learn.exercise import setting
from cnetkit.learn.looking import at, journeys, nodes
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

KINDS = ("mount", "uts", "ipc", "pid", "user", "cgroup", "time", "net")
LEFT, BOX = "left", "box"
NONE, ONE = "none", "one"
FIRST, SAME, ZERO = "1", "the number that left's shell sees, too", "0"
ROOT, NOBODY, SELF = "0, root", "65534, nobody", "the number that you have outside"
WIRES = r"interface|rout|cable|wire|link|\blo\b|loopback|eth0|network|address|connect"
GET = re.compile(rb"GET /([\w.-]*)")


def pages(trace: Trace) -> dict[str, Journey]:
    """The pages that right was asked for, each with the packet that asked."""
    found: dict[str, Journey] = {}
    for one in journeys(trace, protocol="tcp"):
        asked = GET.search(trace.recording.frames.bytes_of(one.frames[0]))
        if asked and "right" in nodes(one):
            found.setdefault(asked[1].decode(), one)
    return found


def told(trace: Trace, what: str) -> tuple[str, Journey]:
    """What a process has told: the VALUE of `/what-VALUE`, and the packet. CnetkitError where it told nothing."""
    for page, one in pages(trace).items():
        kind, _, value = page.partition("-")
        if kind == what:
            return value, one
    raise CnetkitError(f"in this trace nobody asks for a page /{what}-...: run the cell that does")


def name(trace: Trace) -> Seen:
    """What left is called after somebody in it has taken another name."""
    value, one = told(trace, "after")
    return at(value, one, one.hops[0])


def files(trace: Trace) -> Seen:
    """How many files left sees of those that were made in another mount namespace."""
    value, one = told(trace, "after")
    return at(NONE if value == "0" else ONE, one, one.hops[0])


def number(trace: Trace) -> Seen:
    """Which number a process sees for itself."""
    value, one = told(trace, "pid")
    return at(FIRST if value == "1" else ZERO if value == "0" else SAME, one, one.hops[0])


def user(trace: Trace) -> Seen:
    """Who a process is in a user namespace without a map."""
    value, one = told(trace, "user")
    return at(ROOT if value == "0" else NOBODY if value == "65534" else SELF, one, one.hops[0])


def cut(trace: Trace) -> Seen:
    """Which kind's process right does not hear of."""
    found = pages(trace)
    missing = [kind for kind in KINDS if kind not in found] or ["none"]
    last = next(reversed(found.values()), None)
    return at(missing[-1], last, last.hops[0]) if last else Seen("none")


def alone(trace: Trace) -> Seen:
    """That nothing came of it."""
    return Seen("its network namespace has a loopback interface that is down, and nothing else", cut(trace).journey)


class Teller(NamedTuple):
    """What a process tells of itself by /tmp/tell: its name and number, and the numbers of its UTS and PID namespace."""

    name: str
    number: str
    uts: str
    pid: str


def tellers(trace: Trace) -> tuple[Teller | None, Teller]:
    """The process of the exercise, where right has heard of it, and left itself. CnetkitError where left told nothing."""
    after = told(trace, "after")[0].rsplit("-", 3)
    found = [page.rsplit("-", 3) for page in pages(trace) if not page.startswith("after-")]
    return next((Teller(*one) for one in found if len(one) == 4), None), Teller(*(["", "", "", "", *after][-4:]))


def tried(trace: Trace) -> object:
    """What was changed about the process of the exercise: its name, whether its number is 1, and its namespaces."""
    process, left = tellers(trace)
    return process and (process.name, process.number == "1", process.uts == left.uts, process.pid == left.pid)


def named(trace: Trace) -> str:
    """Whether a process called box, with the number 1, has told so from namespaces of its own, and left is left."""
    process, left = tellers(trace)
    if process is None:
        return (
            "right was asked for nothing: see what the command says. Without --fork nobody is born into a new PID namespace; "
            "and the network namespace must stay as it is."
        )
    if left.name != "left":
        return f"left itself is called {left.name} now: give the name inside of a new UTS namespace only."
    if process.name != "box" and process.number != "1":
        return (
            f"It is called {process.name} and has the number {process.number}: two namespaces are still those of left."
        )
    if process.name != "box":
        return f"It has the number 1, and is called {process.name}: in which namespace does the name stand?"
    if process.number != "1":
        return (
            f"It is called box, and has the number {process.number}: the first child in a new PID namespace has 1, so "
            "unshare needs --fork, and the one that tells must be that child."
        )
    same = [
        kind for kind, one, other in (("UTS", process.uts, left.uts), ("PID", process.pid, left.pid)) if one == other
    ]
    return (
        f"It says box and 1, and is still in left's {' and '.join(same)} namespace: what it says was changed."
        if same
        else ""
    )


def wired(trace: Trace) -> str:
    """Whether the container reaches right by a cable of its own, and how far it comes."""
    page = pages(trace).get("wired")
    if page:
        if page.hops[0].node == "right":
            return "right hears the container by left's own cable, which left has lost: lay a new one."
        if page.hops[0].direction == "out" and page.packet.ends.source == "10.0.0.2":
            return "left itself asks: the container is in left's network namespace, and has no cable of its own."
        return ""
    asked = journeys(trace, "SYN")
    if any("right" in nodes(one) for one in asked):
        source = next(one.packet.ends.source for one in asked)
        return f"right hears the container and has no way back to {source}: hide it, or give right a route."
    if asked:
        return "left hears the container and does not pass it on: look at net.ipv4.ip_forward, and at its routes."
    if any(
        hop.node == "left" and hop.interface != "eth0" for one in journeys(trace, protocol="arp") for hop in one.hops
    ):
        return "The container asks for its gateway's MAC address: has left's end of the cable that address?"
    return "Nothing of the container comes to left: has its end an address, is it up, has it a route to 10.0.0.1?"


def cabled(trace: Trace) -> object:
    """What an attempt at the cable changes."""
    return setting(trace), "wired" in pages(trace)


TASKS = (
    Choice(
        "name",
        "A process in left takes a new UTS namespace and calls itself box. What is left called afterwards?",
        name,
        ("UTS is the namespace of the host name. Whose is changed?",),
        "The name was changed in the new namespace; left has kept its own.",
        {BOX: "It changed its own copy: that is what the namespace is for."},
        (LEFT, BOX),
    ),
    Choice(
        "files",
        "In a new mount namespace a process mounts an empty disk over /mnt and makes a file there. How many does left see?",
        files,
        ("What does a mount namespace hold: the files, or the list of what is mounted where?",),
        "The mount is in the other list. left sees its own /mnt.",
        {ONE: "The file is on a disk that left has not mounted."},
        (NONE, ONE),
    ),
    Choice(
        "number",
        "In a new PID namespace a shell asks for its own number. What does it get?",
        number,
        ("Which number has the first process of a machine?",),
        "It is the first one there, as init is on a machine. Outside it has another number, too.",
        {
            SAME: "It has that number as well, seen from left. It cannot see it itself.",
            ZERO: "Numbers begin with 1; 0 is what it sees of a parent outside.",
        },
        (FIRST, SAME, ZERO),
    ),
    Choice(
        "user",
        "In a new user namespace, with nothing written into its map, a process asks who it is. What does it get?",
        user,
        ("What can the kernel say of a number that is not in the map?", "`cat /proc/self/uid_map`"),
        "A number that is not in the map is shown as 65534. With a map, it is what the map says.",
        {
            ROOT: "It would be with `--map-root-user`, which writes a map.",
            SELF: "That number is not in the map, and the map is all that counts inside.",
        },
        (ROOT, NOBODY, SELF),
    ),
    Choice(
        "cut",
        "For each kind, a process leaves that namespace and asks right for a page. Which one does right not hear of?",
        cut,
        ("Where do interfaces and routes belong?",),
        "Interfaces and routes belong to the network namespace. A new one has none.",
        {
            "mount": "It sees other files; the network is as it was.",
            "user": "It is nobody, and nobody may send packets, too.",
            "pid": "It has another number; the network is as it was.",
        },
        KINDS,
    ),
    Text(
        "why",
        "In your own words: why did that one not come through?",
        alone,
        ("`unshare --net ip -brief address`",),
        "A new network namespace has only a loopback interface, which is down.",
        ideas=(
            Idea(WIRES, "Say what it had no more.", denied=WIRES),
            Idea(
                r"\bonly\b|empty|\bdown\b|\bown\b|\bnew\b|missing|\balone\b|\bgone\b|another|cut off",
                "Say how much of it there is.",
                denied=WIRES,
            ),
        ),
        contrary=(
            (r"refus|block|firewall|forbid|permission", "Nobody forbids it anything: right was sent nothing at all."),
        ),
    ),
    Exercise(
        "box",
        "Make the process be called box and have the number 1, while left stays left and right is still asked. Change how it is "
        "started, and not what it tells.",
        named,
        (
            "Two kinds of namespace are needed; `unshare` takes several at once.",
            "`unshare --uts --pid --fork sh -c '...'`, with `hostname box;` before `. /tmp/tell` inside.",
        ),
        "UTS for the name, PID for the number, and --fork, because only a child is born into the new PID namespace.",
        touched=tried,
    ),
    Exercise(
        "wire",
        "Give the container a cable, so that it can ask right for the page /wired.",
        wired,
        (
            "`P=$(pgrep -x sleep); ip link add veth0 type veth peer name eth0 netns $P` lays a cable into it.",
            "Both ends need an address of one network, 172.20.0.1/24 here and 172.20.0.2/24 there, and must be up; the container "
            "needs a default route. `nsenter --target $P --net ip ...` runs a command inside.",
            "`iptables -t nat -A POSTROUTING -s 172.20.0.0/24 -o eth0 -j MASQUERADE` hides it from right, which has no way back.",
        ),
        "A veth pair, two addresses, a route, and MASQUERADE: that is what Docker does for each container.",
        touched=cabled,
    ),
)
