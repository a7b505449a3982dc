"""The questions of the lesson on veth and bridge, and the exercise that repairs a broken bridge."""

from __future__ import annotations

from cnetkit.learn import Choice, Exercise, Idea, Observation, Order, Text
from cnetkit.learn.looking import arrived, at, journey, journeys, nodes
from cnetkit.trace import Trace

ASKS, PINGS, NOTHING = "a question for a MAC address, by ARP", "the ping itself", "nothing: it knows no route"
ONE, OTHERS, BRIDGE = "c1 alone", "c1, c2 and dock itself", "dock alone: it answers for c1"
YES, NO = "yes", "no"


def first(trace: Trace) -> Observation:
    """Which packet leaves c0 first."""
    trip = next(trip for trip in trace.journeys if trip.hops[0].node == "c0")
    return at(ASKS if trip.packet.protocol == "arp" else PINGS, trip, trip.hops[0])


def hears(trace: Trace) -> Observation:
    """Who gets a copy of the ARP request."""
    trip = journey(trace, protocol="arp", source="172.17.0.2")
    copy = next((hop for hop in trip.hops if hop.node == "c2"), None)
    return at(OTHERS if copy else ONE, trip, copy)


def bystander(trace: Trace) -> Observation:
    """Whether c2 sees the ping."""
    trip = journey(trace, "echo request")
    hop = next((hop for hop in trip.hops if hop.node == "dock" and hop.direction == "out"), None)
    return at(YES if "c2" in nodes(trip) else NO, trip, hop)


def way(trace: Trace) -> Observation:
    """Which nodes the ping passes."""
    trip = journey(trace, "echo request")
    return at(nodes(trip), trip)


def again(trace: Trace) -> Observation:
    """Whether c0 sends a second ARP request."""
    requests = [trip for trip in journeys(trace, protocol="arp") if trip.hops[0].node == "c0"]
    return at(YES, requests[0]) if requests else at(NO, journey(trace, "echo request"))


def learned(trace: Trace) -> Observation:
    """The hop that quotes the forwarding entry."""
    trip = journey(trace, "echo request")
    hop = next(hop for hop in trip.hops if hop.node == "dock" and hop.direction == "out")
    return at("the bridge has learned which port leads to c1", trip, hop)


def mended(trace: Trace) -> str:
    """Whether c1 answers."""
    if arrived(trace, "echo reply", "c1", "c0"):
        return ""
    if answers := journeys(trace, "echo reply"):
        sender = answers[0].hops[0].node
        if sender != "c1":
            return f"{sender} answers instead of c1: it has the address 172.17.0.3 now, and c1 is still cut off."
        return "c1 answers the ping, but the answer does not reach c0. Follow it in the trace."
    hops = [hop for trip in journeys(trace, protocol="arp") for hop in trip.hops]
    if any(hop.node == "c1" and hop.direction == "in" for hop in hops):
        return "c1 receives the ARP request, but its reply does not come back. Is its port up, and a port of docker0?"
    if any(hop.node == "c2" for hop in hops):
        return "The ARP request reaches c2 but not c1. Which ports does the bridge have? `bridge link` shows them."
    return "Not even c2 receives the ARP request. Is docker0 up, and does it have its ports?"


TASKS = (
    Choice(
        "first",
        "c0 pings c1 for the first time. What leaves c0 first?",
        first,
        ("c0 knows an IP address. Which address does a frame need?", "`ip neighbour` in c0 is still empty."),
        "A frame needs a MAC address, and c1 is the one that can tell it.",
        {
            PINGS: "An Ethernet header holds MAC addresses, not IP addresses, so c0 must find the MAC address first.",
            NOTHING: "c0 has a route: 172.17.0.0/16 is directly connected to its interface.",
        },
        (PINGS, ASKS, NOTHING),
    ),
    Choice(
        "hears",
        "Who gets a copy of that first frame?",
        hears,
        (
            "Which destination MAC address does a request to everybody have?",
            "A bridge sends a broadcast out of every other port.",
        ),
        "A bridge copies a broadcast to every other port and to the host itself.",
        {
            ONE: "The frame is addressed to everybody, and the bridge does not know yet where c1 is.",
            BRIDGE: "A bridge forwards frames. It does not answer for a container.",
        },
        (ONE, OTHERS, BRIDGE),
    ),
    Choice(
        "bystander",
        "Does c2 see the ping that follows?",
        bystander,
        ("By now the bridge has received a frame from c1: its ARP reply.", "`bridge fdb show br docker0` on dock."),
        "The bridge has learned from the ARP reply which port leads to c1, and sends the ping only there.",
        {YES: "A hub would do that. The bridge saw the reply of c1 come in through one port and remembers it."},
        (YES, NO),
    ),
    Order(
        "way",
        "Which nodes does the ping pass, in order?",
        way,
        ("It begins at c0 and ends at c1.", "The bridge is in dock."),
        "The ping leaves c0, crosses the bridge in dock, and enters c1.",
        {("c0", "c1"): "The other end of the cable of c0 is a port of the bridge in dock, not c1."},
    ),
    Choice(
        "again",
        "c0 sends a second ping right afterwards. Does it send an ARP request again?",
        again,
        ("`ip neighbour` in c0.",),
        "The neighbour table keeps the MAC address for some time.",
        {YES: "It still has the MAC address: `ip neighbour` shows it."},
        (YES, NO),
    ),
    Text(
        "why",
        "In your own words: why does c2 not see the second ping?",
        learned,
        ("What does the bridge have now, and where does it come from?",),
        "The bridge has learned from the answer which port leads to c1, and sends the ping to that port alone.",
        ideas=(
            Idea(
                r"learn|\bkn[eo]w|remember|table|fdb|entr[yi]|\bstor|\bnotice|\bfound|\bseen|\bsaw|\bmaps?\b",
                "Add what the bridge has by now.",
            ),
            Idea(
                r"\b(?:the|one|single|right|a) port\b|port of c1|ports? (?:\w+ ){0,2}c1|c1's|cable|interface|veth|where|\bc1\b|"
                r"\bmac\b|destination|receiver|\bplace\b",
                "Add what it knows about c1.",
            ),
        ),
        contrary=(
            (
                r"c2 (?:has |had )?(?:learn|kn[eo]w|ignor|drop|refus)|(?:port|cable|mac|address|interface|veth) of c2",
                "c2 decides nothing: the frame never reaches it.",
            ),
            (r"\bip\b", "A bridge reads MAC addresses only."),
            (r"\brout(?:e|ed|ing)\b|\brouter", "The ping is not routed: both are on one network."),
        ),
        others=r"c0|c1|c2|ping|second ping",
        topics=("addresses", "bridges", "everybody"),
    ),
    Exercise(
        "mend",
        "A cable was pulled out of the bridge, and c1 cannot be reached. Repair it on dock.",
        mended,
        ("`bridge link` lists the bridge's ports.", "`ip link set VETH master docker0`"),
        "The host's end of c1's cable must be a port of docker0 again.",
    ),
)
