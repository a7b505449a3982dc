"""The questions of the lesson on veth and bridge, and the exercises that repair a bridge and make a hub of it."""

from __future__ import annotations

from cnetkit.learn import Choice, Exercise, Idea, Observation, Order, Text
from cnetkit.learn.exercise import setting
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


def heard(trace: Trace) -> str:
    """What is wrong unless c2 gets a copy of every ping of c0 to c1, and c1 still answers."""
    pings = [trip for trip in journeys(trace, "echo request") if trip.hops[0].node == "c0"]
    answers = journeys(trace, "echo reply")
    if not any("c1" in nodes(trip) for trip in pings):
        return "The ping does not reach c1 any more. c2 shall hear it too, not alone."
    if len(arrived(trace, "echo reply", "c1", "c0")) < len(pings):
        return "c1 gets the ping, but c0 does not get each of its answers. Follow the answer in the trace."
    copies = [trip for trip in pings if "c2" in nodes(trip)]
    if len(copies) == len(pings):
        return ""
    if not copies:
        return "c2 hears no ping at all, not even the first one. Does the bridge send copies to its port (`bridge -d link`)?"
    if all("c2" in nodes(trip) for trip in answers):
        return "Now c2 hears the answers of c1. But the bridge still learns the port of c1, to which the pings go."
    return (
        "c2 hears the first ping and not the second: from the answer in between the bridge has learned the port of c1."
    )


def memory(trace: Trace) -> object:
    """The settings, and what dock's bridge has learned of c0 and c1."""
    topology = trace.recording.topologies[-1]
    known = {link.mac for link in topology.interfaces if (link.node, link.name) in (("c0", "eth0"), ("c1", "eth0"))}
    entries = (entry for entry in topology.forwarding if entry.node == "dock" and not entry.permanent)
    return setting(trace), tuple(sorted(entry.text for entry in entries if entry.text.split()[0] in known))


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
            (r"\bip\b|arp (?:table|cache)|neighbou?r", "A bridge has a table of its own, of MAC addresses and ports."),
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
    Exercise(
        "hub",
        "Harder: make a hub of the bridge. c2 shall hear every ping of c0 to c1, and c1 shall answer as before.",
        heard,
        (
            "The bridge floods what it has no entry for. When does it make an entry, and how long does it keep one?",
            "`ip -details link show docker0` shows `ageing_time`, `bridge -details link` whether a port has `learning on`.",
            "`ip link set docker0 type bridge ageing_time 0`",
        ),
        "A bridge that forgets at once, or that learns nothing from the port of c1, sends every frame for c1 to all ports.",
        memory,
    ),
)
