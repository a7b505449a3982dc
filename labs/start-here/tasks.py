"""What the first lesson asks, and what mends a machine that has lost its address."""

from __future__ import annotations

from cnetkit.learn import Choice, Exercise, Idea, Order, Seen, Text
from cnetkit.learn.looking import arrived, at, journey, journeys, nodes
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

PING, ASKS, NOTHING = "the ping itself", "a question for a MAC address", "a frame to find out whether the wire works"
RIGHT, ALL, GATEWAY = "to right alone", "to everybody on the wire", "to a router, which passes it on"
YES, NO = "yes", "no"
STAYS, UNANSWERED, LOST = "it does not leave left", "it reaches right, which says nothing", "it is lost on the wire"
UNTAKEN = "right answers, and left does not take it: which MAC address for 10.0.0.2 has `ip neighbour` in right?"
BROADCAST = "arp and eth.dst == ff:ff:ff:ff:ff:ff"


def asked(trace: Trace) -> list[Journey]:
    """The questions of left to everybody."""
    return [one for one in trace.select(BROADCAST).journeys if one.hops[0].node == "left"]


def first(trace: Trace) -> Seen:
    """What leaves left first."""
    one = next((one for one in trace.journeys if one.hops[0].node == "left"), None) or journey(trace, "echo request")
    return at(ASKS if one.packet.protocol == "arp" else PING, one, one.hops[0])


def whom(trace: Trace) -> Seen:
    """To which MAC address the question goes."""
    one = next(iter(asked(trace)), None)
    return at(ALL, one, one.hops[0]) if one else at(RIGHT, journey(trace, protocol="arp"))


def way(trace: Trace) -> Seen:
    """Which interfaces the ping passes."""
    one = journey(trace, "echo request")
    return at(tuple(f"{hop.node}/{hop.interface}" for hop in one.hops), one)


def again(trace: Trace) -> Seen:
    """Whether left asks a second time."""
    one = next(iter(asked(trace)), None)
    return at(YES, one) if one else at(NO, journey(trace, "echo request"))


def far(trace: Trace) -> Seen:
    """How far a packet gets when right has lost its address."""
    one = next((one for one in trace.journeys if one.hops[0].node == "left"), None)
    if one is None:
        return Seen(STAYS)
    return at(UNANSWERED if "right" in nodes(one) else LOST, one)


def kept(trace: Trace) -> Seen:
    """That nothing was asked."""
    one = journey(trace, "echo request")
    return at("left has kept the MAC address in its neighbour table", one, one.hops[0])


def misled(trace: Trace) -> str:
    """What is wrong where the ping is answered, but not from right to left."""
    answers = journeys(trace, "echo reply")
    if any(one.hops[0].node == "left" for one in answers):
        return "left answers itself: 10.0.0.1 is among its own addresses now, and right hears nothing of the ping."
    return UNTAKEN if answers else ""


def quiet(trace: Trace) -> str:
    """Whether the ping is answered and left asks nothing."""
    questions = asked(trace)
    if arrived(trace, "echo reply", "right", "left"):
        return (
            "The ping is answered, but left still asks first: look for an entry that a flush leaves."
            if questions
            else ""
        )
    if wrong := misled(trace):
        return wrong
    if questions:
        return "left asks, and nobody answers: has right still its address?"
    if any("right" in nodes(one) for one in journeys(trace, "echo request")):
        return "The ping arrives and right passes it by: it bears another MAC address than `ip link` in right shows."
    return "No ping reaches right any more: look at `ip neighbour` and `ip link` in left."


def mended(trace: Trace) -> str:
    """Whether right answers."""
    if arrived(trace, "echo reply", "right", "left"):
        return ""
    if wrong := misled(trace):
        return wrong
    if any("right" in nodes(one) for one in journeys(trace, "echo request")):
        return "The ping reaches right and no answer comes back: has right a way to 10.0.0.2? `ip route` in right."
    if any("right" in nodes(one) for one in asked(trace)):
        return "right hears the question and says nothing: is 10.0.0.1 among its addresses?"
    return "Nothing of left arrives at right: are both ends of the wire up?"


TASKS = (
    Choice(
        "first",
        "left has never met right. It is told to ping 10.0.0.1. What leaves left first?",
        first,
        ("left knows an IP address. What else stands in front of every frame on a wire?",),
        "A frame needs a MAC address, and only right can tell it.",
        {
            PING: "A frame begins with the MAC address of its receiver, and left does not know that yet.",
            NOTHING: "Nobody tries a wire out: frames are sent, and lost where nobody listens.",
        },
        (PING, ASKS, NOTHING),
    ),
    Choice(
        "whom",
        "To whom does it send that first frame?",
        whom,
        ("left does not know right's MAC address yet.", "ff:ff:ff:ff:ff:ff is an address, too."),
        "To ff:ff:ff:ff:ff:ff, which everybody takes.",
        {RIGHT: "For that it would need the very address it is asking for.", GATEWAY: "There is no router here."},
        (RIGHT, ALL, GATEWAY),
    ),
    Order(
        "way",
        "Which interfaces does the ping pass, in order? Answer as 'node/interface, node/interface'.",
        way,
        ("Each end of the wire is an interface, called eth0.",),
        "Out of one end of the wire, into the other.",
        {
            ("right/eth0", "left/eth0"): "That is the way of the answer.",
            ("left/eth0",): "A wire has two ends: what goes in at one comes out at the other.",
        },
    ),
    Choice(
        "again",
        "left pings once more. Does it ask for the MAC address again?",
        again,
        ("`ip neighbour` in left.",),
        "It keeps what it was told in its neighbour table.",
        {YES: "It keeps what it was told for a while: `ip neighbour` shows it."},
        (YES, NO),
    ),
    Text(
        "why",
        "In your own words: why did left ask nothing the second time?",
        kept,
        ("Where does left keep what it was told?",),
        "The neighbour table had an entry for 10.0.0.1.",
        ideas=(
            Idea(
                r"\bkn[eo]w|\bke[ep]|remember|learn|table|cache|entr[yi]|stor|neighbou?r|already|\bha[sd]\b|\bgot\b|told",
                "Say what left has by now.",
            ),
            Idea(r"mac\b|address|10\.0\.0\.1|right|link", "Say what it knows of right."),
        ),
    ),
    Exercise(
        "quiet",
        "Make left ping right without asking anything, even after `ip neighbour flush dev eth0`.",
        quiet,
        (
            "A flush takes what was learned, and leaves what somebody has written.",
            "`ip neighbour replace 10.0.0.1 lladdr MAC dev eth0 nud permanent`, with the MAC address of right.",
        ),
        "An entry written by hand is kept, and nothing needs to be asked. Docker's overlay and flannel do that for you.",
    ),
    Choice(
        "far",
        "right loses its IP address; the wire is whole. How far does left's next packet get?",
        far,
        ("Who would have to answer the question for a MAC address?",),
        "The question arrives, and nobody there has the address that it asks for.",
        {
            STAYS: "How should left know? Nobody has told it anything.",
            LOST: "The wire carries frames whatever addresses there are.",
        },
        (STAYS, UNANSWERED, LOST),
    ),
    Exercise(
        "mend",
        "right has lost its address. Make it answer left's ping to 10.0.0.1 again.",
        mended,
        ("`ip address` in right.", "`ip address add 10.0.0.1/24 dev eth0`, in right."),
        "right must have 10.0.0.1 again, and a way back to 10.0.0.0/24.",
    ),
)
