"""The questions of the lesson on namespaces, and the exercises that give a hand-made container a name and a cable.

A process reports what it sees by the page that it requests from right, `/KIND-VALUE`. So the answers are in the capture.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cnetkit.learn import Choice, Exercise, Idea, Observation, Text
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
WIRES = r"interface|rout|cable|wire|link|\blo\b|loopback|eth0|network|address|connect|\bveth|\bnic\b|device"
GET = re.compile(rb"GET /([\w.-]*)")


def pages(trace: Trace) -> dict[str, Journey]:
    """The pages that were requested from right, each with the packet of its request."""
    requests: dict[str, Journey] = {}
    for trip in journeys(trace, protocol="tcp"):
        request = GET.search(trace.recording.frames.bytes_of(trip.frames[0]))
        if request and "right" in nodes(trip):
            requests.setdefault(request[1].decode(), trip)
    return requests


def reported(trace: Trace, what: str) -> tuple[str, Journey]:
    """What a process has reported: the VALUE of `/what-VALUE`, and the packet. CnetkitError if it has reported nothing."""
    for page, trip in pages(trace).items():
        kind, _, value = page.partition("-")
        if kind == what:
            return value, trip
    raise CnetkitError(f"this trace has no request for a page /{what}-...: run the cell that sends it")


def name(trace: Trace) -> Observation:
    """The host name of left after a process in it has set another one."""
    value, trip = reported(trace, "after")
    return at(value, trip, trip.hops[0])


def files(trace: Trace) -> Observation:
    """How many files left sees of those that were created in another mount namespace."""
    value, trip = reported(trace, "after")
    return at(NONE if value == "0" else ONE, trip, trip.hops[0])


def number(trace: Trace) -> Observation:
    """The PID that a process sees for itself."""
    value, trip = reported(trace, "pid")
    return at(FIRST if value == "1" else ZERO if value == "0" else SAME, trip, trip.hops[0])


def user(trace: Trace) -> Observation:
    """The UID of a process in a user namespace without a map."""
    value, trip = reported(trace, "user")
    return at(ROOT if value == "0" else NOBODY if value == "65534" else SELF, trip, trip.hops[0])


def cut(trace: Trace) -> Observation:
    """The kind of namespace whose process does not reach right."""
    requests = pages(trace)
    missing = [kind for kind in KINDS if kind not in requests] or ["none"]
    last = next(reversed(requests.values()), None)
    return at(missing[-1], last, last.hops[0]) if last else Observation("none")


def alone(trace: Trace) -> Observation:
    """Why its packets do not arrive."""
    return Observation(
        "its network namespace has a loopback interface that is down, and nothing else", cut(trace).journey
    )


class Report(NamedTuple):
    """What a process reports with /tmp/tell: host name, PID, and the inode numbers of its UTS and PID namespaces."""

    name: str
    number: str
    uts: str
    pid: str


def reports(trace: Trace) -> tuple[Report | None, Report]:
    """The report of the exercise's process, if it reached right, and that of left. CnetkitError if left has reported nothing."""
    after = reported(trace, "after")[0].rsplit("-", 3)
    fields = [page.rsplit("-", 3) for page in pages(trace) if not page.startswith("after-")]
    return next((Report(*field) for field in fields if len(field) == 4), None), Report(*(["", "", "", "", *after][-4:]))


def tried(trace: Trace) -> object:
    """What an attempt changes: the process's host name, whether its PID is 1, and its namespaces."""
    process, left = reports(trace)
    return process and (process.name, process.number == "1", process.uts == left.uts, process.pid == left.pid)


def named(trace: Trace) -> str:
    """What is wrong unless a process with host name box and PID 1 reports from its own namespaces, and left keeps its name."""
    process, left = reports(trace)
    if process is None:
        return (
            "right received no request: look at the output of the command. Without --fork no process starts in the new PID "
            "namespace, and the network namespace must stay as it is."
        )
    if left.name != "left":
        return f"The host name of left itself is {left.name} now. Set the name inside a new UTS namespace."
    if process.name != "box" and process.number != "1":
        return f"Its host name is {process.name} and its PID {process.number}: it is still in two namespaces of left."
    if process.name != "box":
        return f"Its PID is 1, but its host name is {process.name}. Which namespace holds the host name?"
    if process.number != "1":
        return (
            f"Its host name is box, but its PID is {process.number}. The first child in a new PID namespace has PID 1: unshare "
            "needs --fork, and the report must come from that child."
        )
    same = [
        kind for kind, own, outer in (("UTS", process.uts, left.uts), ("PID", process.pid, left.pid)) if own == outer
    ]
    return (
        f"It reports box and 1, but it is still in the {' and '.join(same)} namespace of left: only the report was changed."
        if same
        else ""
    )


def wired(trace: Trace) -> str:
    """What is wrong unless the container reaches right through a cable of its own."""
    page = pages(trace).get("wired")
    if page:
        if page.hops[0].node == "right":
            return "The container uses the cable of left, which left has lost. Give it a new cable."
        if page.hops[0].direction == "out" and page.packet.ends.source == "10.0.0.2":
            return "The request comes from left itself: the container has no cable of its own, it is in left's network namespace."
        return ""
    requests = journeys(trace, "SYN")
    if any("right" in nodes(trip) for trip in requests):
        source = next(trip.packet.ends.source for trip in requests)
        return f"The request reaches right, which has no route back to {source}. Masquerade it, or give right a route."
    if requests:
        return "The request reaches left, which does not forward it. Check net.ipv4.ip_forward and its routes."
    if any(
        hop.node == "left" and hop.interface != "eth0" for trip in journeys(trace, protocol="arp") for hop in trip.hops
    ):
        return "The container sends ARP requests for its gateway. Does the end of the cable in left have the gateway's address?"
    return (
        "No packet of the container reaches left. Does its end have an address, is it up, is there a route to 10.0.0.1?"
    )


def cabled(trace: Trace) -> object:
    """What an attempt changes: the network, or whether the page is requested."""
    return setting(trace), "wired" in pages(trace)


TASKS = (
    Choice(
        "name",
        "A process in left enters a new UTS namespace and sets the host name box. What is the host name of left afterwards?",
        name,
        ("The UTS namespace holds the host name. Which of the two namespaces is changed?",),
        "The name is set in the new namespace, and left keeps its own.",
        {BOX: "The process changed the name in its own namespace only: that is what the namespace is for."},
        (LEFT, BOX),
    ),
    Choice(
        "files",
        "In a new mount namespace a process mounts an empty disk at /mnt and creates a file there. How many does left see?",
        files,
        ("What does a mount namespace contain: files, or the list of mounts?",),
        "The mount is in the list of the new namespace only. left sees its own /mnt.",
        {ONE: "The file is on a file system that is not mounted in left."},
        (NONE, ONE),
    ),
    Choice(
        "number",
        "In a new PID namespace a shell asks for its own PID. What does it get?",
        number,
        ("Which PID does the first process of a machine have?",),
        "It is the first process there, as init is on a machine. Outside it has another PID as well.",
        {
            SAME: "Seen from left it has that PID. Inside its namespace it cannot see it.",
            ZERO: "PIDs begin with 1. A process sees 0 as its parent if the parent is outside its namespace.",
        },
        (FIRST, SAME, ZERO),
    ),
    Choice(
        "user",
        "In a new user namespace whose map is empty, a process asks for its UID. What does it get?",
        user,
        ("What does the kernel show for a UID that is not in the map?", "`cat /proc/self/uid_map`"),
        "A UID that is not in the map is shown as 65534. With a map, the map decides.",
        {
            ROOT: "That needs `--map-root-user`, which writes a map.",
            SELF: "That UID is not in the map, and inside only the map counts.",
        },
        (ROOT, NOBODY, SELF),
    ),
    Choice(
        "cut",
        "For each kind, a process leaves that namespace and requests a page from right. Which request does not arrive?",
        cut,
        ("Which namespace do interfaces and routes belong to?",),
        "Interfaces and routes belong to the network namespace, and a new one has none that lead anywhere.",
        {
            "mount": "It sees other mounts. The network is the same.",
            "user": "It runs as nobody, and nobody may send packets too.",
            "pid": "It has another PID. The network is the same.",
        },
        KINDS,
    ),
    Text(
        "why",
        "In your own words: why did that request not arrive?",
        alone,
        ("`unshare --net ip -brief address`",),
        "A new network namespace has only a loopback interface, which is down.",
        ideas=(
            Idea(
                rf"(?:\bonly|nothing but|\bjust|besides|except|other than|alone is) (?:\w+ ){{0,3}}(?:lo\b|loopback)|\bempty|"
                rf"\bisolated|\bcut off|(?:un|dis)connected|\b(?:stay|remain|left|is)\w* (?:\w+ )?(?:behind|in the old)|"
                rf"unreachable|\bmissing (?:{WIRES})|(?:{WIRES}) (?:is|are|was|were) missing|\b(?:is|it's) down\b|plug|"
                rf"(?:is|starts|comes) with nothing|\bown network (?:stack|namespace)|has to (?:create|add)|would need",
                "Add what it no longer had.",
                denied=WIRES,
            ),
            Idea(rf"{WIRES}|stack|namespace", "Add what was missing.", denied=rf"{WIRES}|stack"),
        ),
        contrary=(
            (
                r"\bright (?:has|had|lost|loses|lacks?|does|did|is|was|cannot|can't|never)\b|interface of right|\barriv",
                "right is as it was. Look at what the new namespace has.",
            ),
            (r"refus|block|firewall|forbid|permission", "Nothing forbids it: no packet was sent to right at all."),
            (
                r"\bsame (?:\w+ )?(?:interface|address|network)|conflict",
                "It shares nothing with left's network any more.",
            ),
        ),
        others=r"right|server|firewall",
        topics=("routes",),
    ),
    Exercise(
        "box",
        "Make the process report the host name box and the PID 1, while left keeps its name and right still gets the request. "
        "Change how the process is started, not what it reports.",
        named,
        (
            "You need two kinds of namespace. `unshare` takes several at once.",
            "`unshare --uts --pid --fork sh -c '...'`, with `hostname box;` before `. /tmp/tell` inside.",
        ),
        "UTS for the name, PID for the number, and --fork, because only a child process starts in the new PID namespace.",
        touched=tried,
    ),
    Exercise(
        "wire",
        "Give the container a cable, so that it can request the page /wired from right.",
        wired,
        (
            "`P=$(pgrep -x sleep); ip link add veth0 type veth peer name eth0 netns $P` lays a cable into the container.",
            "Both ends need an address in one network, 172.20.0.1/24 here and 172.20.0.2/24 there, and must be up. The container "
            "needs a default route. `nsenter --target $P --net ip ...` runs a command inside.",
            "`iptables -t nat -A POSTROUTING -s 172.20.0.0/24 -o eth0 -j MASQUERADE` hides it, for right has no route back.",
        ),
        "A veth pair, two addresses, a route and MASQUERADE: Docker does this for each container.",
        touched=cabled,
    ),
)
