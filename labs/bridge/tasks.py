"""What the lesson on veth and bridge asks, and what mends its broken bridge."""

from __future__ import annotations

from cnetkit.learn import Choice, Exercise, Idea, Order, Seen, Text
from cnetkit.learn.looking import arrived, at, journey, journeys, nodes
from cnetkit.trace import Trace

ASKS, PINGS, NOTHING = "a question for a MAC address, by ARP", "the ping itself", "nothing: it knows no route"
ONE, OTHERS, BRIDGE = "c1 alone", "c1, c2 and dock itself", "dock alone: it answers for c1"
YES, NO = "yes", "no"


def first(trace: Trace) -> Seen:
    """Which packet leaves c0 first."""
    one = next(one for one in trace.journeys if one.hops[0].node == "c0")
    return at(ASKS if one.packet.protocol == "arp" else PINGS, one, one.hops[0])


def hears(trace: Trace) -> Seen:
    """Who gets a copy of the question."""
    one = journey(trace, protocol="arp", source="172.17.0.2")
    copy = next((hop for hop in one.hops if hop.node == "c2"), None)
    return at(OTHERS if copy else ONE, one, copy)


def bystander(trace: Trace) -> Seen:
    """Whether c2 sees the ping."""
    one = journey(trace, "echo request")
    hop = next((hop for hop in one.hops if hop.node == "dock" and hop.direction == "out"), None)
    return at(YES if "c2" in nodes(one) else NO, one, hop)


def way(trace: Trace) -> Seen:
    """Which nodes the ping passes."""
    one = journey(trace, "echo request")
    return at(nodes(one), one)


def again(trace: Trace) -> Seen:
    """Whether c0 asks a second time."""
    asked = [one for one in journeys(trace, protocol="arp") if one.hops[0].node == "c0"]
    return at(YES, asked[0]) if asked else at(NO, journey(trace, "echo request"))


def learned(trace: Trace) -> Seen:
    """The forwarding entry that is quoted."""
    one = journey(trace, "echo request")
    hop = next(hop for hop in one.hops if hop.node == "dock" and hop.direction == "out")
    return at("the bridge has learned behind which port c1 is", one, hop)


def mended(trace: Trace) -> str:
    """Whether c1 answers."""
    if arrived(trace, "echo reply", "c1", "c0"):
        return ""
    if answers := journeys(trace, "echo reply"):
        other = answers[0].hops[0].node
        if other != "c1":
            return (
                f"{other} answers in c1's place: 172.17.0.3 is among its addresses now, and c1 is as cut off as before."
            )
        return "c1 answers the ping, and the answer does not reach c0: follow it in the trace."
    asked = [hop for one in journeys(trace, protocol="arp") for hop in one.hops]
    if any(hop.node == "c1" and hop.direction == "in" for hop in asked):
        return "c1 hears the question, but its answer does not come back: is its port up, and a port of docker0?"
    if any(hop.node == "c2" for hop in asked):
        return "The question reaches c2 and not c1: which ports has the bridge? `bridge link` shows them."
    return "Not even c2 hears the question any more: look whether docker0 is up and has its ports."


TASKS = (
    Choice(
        "first",
        "c0 pings c1 for the first time. What leaves c0 first?",
        first,
        ("c0 knows an IP address. What does a frame need?", "`ip neighbour` in c0 is still empty."),
        "A frame needs a MAC address, and only c1 can tell it.",
        {
            PINGS: "An Ethernet header has no room for an IP address: c0 must find the MAC address first.",
            NOTHING: "172.17.0.0/16 is on its own interface: that is a route.",
        },
        (PINGS, ASKS, NOTHING),
    ),
    Choice(
        "hears",
        "Who gets a copy of that first frame?",
        hears,
        (
            "Which destination MAC address has a question to nobody in particular?",
            "A broadcast leaves by every other port.",
        ),
        "A broadcast is copied to every other port, and to the host itself.",
        {
            ONE: "The bridge does not know yet where c1 is, and the frame is addressed to everybody.",
            BRIDGE: "A bridge passes frames on and answers for nobody.",
        },
        (ONE, OTHERS, BRIDGE),
    ),
    Choice(
        "bystander",
        "Does c2 see the ping that follows?",
        bystander,
        ("The bridge has seen a frame of c1 meanwhile: the answer.", "`bridge fdb show br docker0` on dock."),
        "From the answer the bridge has learned behind which port c1 is.",
        {YES: "That is what a hub does. The bridge has seen the answer of c1 come in by one port."},
        (YES, NO),
    ),
    Order(
        "way",
        "Which nodes does the ping pass, in order?",
        way,
        ("It begins at c0 and ends at c1.", "The bridge stands in dock."),
        "Out of c0, through the bridge of dock, into c1.",
        {("c0", "c1"): "The cable of c0 does not end in c1: its other end is a port of the bridge."},
    ),
    Choice(
        "again",
        "A second ping right after: does c0 ask again?",
        again,
        ("`ip neighbour` in c0.",),
        "What was found out is kept for some time in the neighbour table.",
        {YES: "It keeps what it has found out, as `ip neighbour` shows."},
        (YES, NO),
    ),
    Text(
        "why",
        "In your own words: why does c2 see nothing of the second ping?",
        learned,
        ("What has the bridge, and where did it get it from?",),
        "From the answer the bridge has learned behind which port c1 is, and sends it there alone.",
        ideas=(
            Idea(r"learn|\bkn[eo]w|remember|table|fdb|forward|entr[yi]|already", "Say what the bridge has by now."),
            Idea(r"port|cable|interface|veth|where|\bc1\b|mac\b", "Say what it knows of c1."),
        ),
        contrary=(
            (r"c2 (?:has |had )?(?:learn|kn[eo]w|ignor|drop|refus)", "c2 decides nothing here: nothing comes to it."),
        ),
    ),
    Exercise(
        "mend",
        "A cable was pulled out of the bridge: c1 cannot be reached. Mend it on dock.",
        mended,
        ("`bridge link` lists the bridge's ports.", "`ip link set VETH master docker0`"),
        "The host's end of c1's cable must be a port of docker0 again.",
    ),
)
