"""The questions of the lesson on overlays, and the exercise that repairs a host without forwarding entries."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Observation, Order, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, nodes
from cnetkit.trace import Trace

ONLY, BOTH, NONE = "n2 alone", "n2 and n3", "no other host"
INNER, OUTER, TWO = "the inner one", "the outer one", "both"
INSIDE = r"(?:inner|inside|payload|overlay|10\.0\.9|containers?\b)"
SEES = r"address|\bonly\b|forward|\brout(?:es|ing|ed)\b|\bsee|\blook|\bread|between|\bhid|carried|header"
SIZES = ("1400", "1450", "1500", "1550")


def copies(trace: Trace) -> Observation:
    """The hosts that get the ARP request."""
    requests = [trip for trip in journeys(trace, protocol="arp") if trip.packet.ends.source == "10.0.9.1"]
    reached = {hop.node for trip in requests for hop in trip.hops} & {"n2", "n3"}
    last = requests[0] if requests else journey(trace, "echo request")
    return at(BOTH if len(reached) == 2 else ONLY if reached else NONE, last)


def outer(trace: Trace) -> Observation:
    """The destination of the outer packet."""
    trip = journey(trace, "echo request")
    return at(after(trip, "encapsulation").rpartition(" to ")[2], trip, changed(trip, "encapsulation"))


def ttl(trace: Trace) -> Observation:
    """The time to live that the router decreases."""
    trip = journey(trace, "echo request")
    fields = {change.field for hop in trip.hops if hop.node == "router" for change in hop.changes}
    which = TWO if {"ip.ttl", "outer.ip.ttl"} <= fields else OUTER if "outer.ip.ttl" in fields else INNER
    return at(which, trip, changed(trip, "outer.ip.ttl"))


def way(trace: Trace) -> Observation:
    """The nodes that the ping passes."""
    trip = journey(trace, "echo request")
    return at(nodes(trip), trip)


def room(trace: Trace) -> Observation:
    """The MTU of a."""
    links = trace.recording.topologies[-1].interfaces
    return Observation(str(next(link.mtu for link in links if (link.node, link.name) == ("a", "eth0"))))


def router(trace: Trace) -> Observation:
    """What the router reads."""
    trip = journey(trace, "echo request")
    return at("it reads the outer addresses only", trip, changed(trip, "outer.ip.ttl"))


def mended(trace: Trace) -> str:
    """What is wrong unless b answers, and c still answers."""
    if arrived(trace, "echo reply", "b", "a"):
        asked = any(trip.packet.ends.destination == "10.0.9.3" for trip in trace.journeys if trip.hops[0].node == "a")
        if asked and not arrived(trace, "echo reply", "c", "a"):
            return "b answers, but c no longer does. n1 must have entries for both n2 and n3."
        return ""
    replies = [trip for trip in journeys(trace, "echo reply") if trip.packet.ends.source == "10.0.9.2"]
    if replies and replies[0].hops[0].node != "b":
        return f"{replies[0].hops[0].node} answers instead of b: it has the address 10.0.9.2 now."
    places = [(hop.node, hop.interface, hop.direction) for trip in trace.journeys for hop in trip.hops]
    if ("b", "eth0", "in") in places:
        return "Frames reach b, but no answer reaches a. Does n2 have an entry for n1?"
    if ("n2", "eth0", "in") in places and ("n2", "vxlan0", "in") not in places:
        return "Packets reach n2, but nothing comes out of its tunnel. Do both ends have the same identifier and port?"
    return "Nothing from a reaches n2. Which hosts does `bridge fdb show dev vxlan0` list on n1?"


def direct(trace: Trace) -> str:
    """What is wrong unless b answers a, and nothing of a's is sent to everybody or to n3."""
    own = [trip for trip in trace.journeys if trip.hops[0].node == "a"]
    if any(trip.packet.protocol == "arp" and trip.packet.eth_dst == "ff:ff:ff:ff:ff:ff" for trip in own):
        return "a still asks everybody for b's MAC address. Which kind of neighbour entry survives a flush?"
    if not arrived(trace, "echo reply", "b", "a"):
        return "a asks nobody, but no answer of b arrives. Is the MAC address that a has now really b's?"
    if any(hop.node == "n3" for trip in own for hop in trip.hops):
        return "b answers, but n3 gets a copy of the ping too. Which entry tells n1 behind which host b is?"
    return ""


TASKS = (
    Choice(
        "copies",
        "a sends an ARP request for 10.0.9.2. Which other hosts get a copy?",
        copies,
        (
            "A broadcast goes to every port of the bridge, and one of the ports is a tunnel.",
            "`bridge fdb show` lists where the tunnel sends it.",
        ),
        "n1 floods frames without an entry of their own to all other hosts, and a broadcast is such a frame.",
        {ONLY: "n1 does not know yet that b is on n2.", NONE: "Then b could never answer."},
        (ONLY, BOTH, NONE),
    ),
    Address(
        "outer",
        "To which address does n1 send the outer packet of the ping for b?",
        outer,
        ("The router must have a route to it.",),
        "The ping travels inside a packet from host to host, here from n1 to n2.",
        {
            "10.0.9.2": "That is the inner destination. The router has no route to it.",
            "192.0.2.33": "That is the router's own address on the wire to n2.",
        },
    ),
    Order(
        "way",
        "Which nodes does the ping pass, in order?",
        way,
        ("There are five.",),
        "It passes a, its host, the router, the other host, and b.",
        {
            ("a", "b"): "To a and b it looks like one network. But each is connected to a host.",
            ("a", "n1", "n2", "b"): "There is no cable between n1 and n2.",
        },
    ),
    Choice(
        "ttl",
        "Which time to live does the router decrease?",
        ttl,
        ("Which header does the router read?",),
        "The router reads the outer header. The inner packet is payload to it.",
        {INNER: "The router does not read the payload of UDP.", TWO: "It reads only one of the two headers."},
        (INNER, OUTER, TWO),
    ),
    Choice(
        "room",
        "The cables between hosts carry packets of up to 1,500 bytes. How large may a packet of a be?",
        room,
        ("VXLAN adds headers: 14 + 8 + 8 + 20.",),
        "The tunnel's headers need 50 of the 1,500 bytes.",
        {
            "1500": "With the tunnel's headers it would have 1,550 bytes, too large for the cable.",
            "1550": "The tunnel's headers take bytes away.",
        },
        SIZES,
    ),
    Text(
        "why",
        "Why does the router need no route to 10.0.9.0/24?",
        router,
        ("Which addresses does it read?",),
        "It forwards packets between hosts, and has routes to the hosts.",
        ideas=(
            Idea(
                r"\bouter|tunnel|\bwrap|encapsul|underlay|payload|\binside|\bhid(?:den|es?)\b|192\.0\.2|\budp\b|\bhosts?'"
                r" address|address(?:es)? (?:of|are those of) (?:the )?hosts|(?:between|to|from) (?:the )?hosts|"
                r"between n1|(?:addressed|packet|datagram) (?:to|for|from) n[12]",
                "Add which addresses it reads, or where the others are.",
                denied=INSIDE,
            ),
            Idea(SEES, "Add what it does with them.", denied=SEES),
        ),
        contrary=(
            (
                rf"(?:reads?|sees?|looks? (?:only )?(?:at|into)) the {INSIDE}|outer (?:\w+ ){{0,6}}(?:of (?:a|b)\b|containers?)",
                "It never reads what is inside the tunnel, and the outer packet has the hosts' addresses.",
            ),
            (
                r"router (?:\w+ )?(?:unpack|unwrap|decapsul|flood|learn|answer|cop(?:y|ies)|ignor)|routing (?:table|protocol)|"
                r"default route|route to 10\.0\.9|whatever",
                "The router knows the networks of the hosts alone: `ip route` there.",
            ),
            (
                r"(?:not|n't|never) pass|direct (?:tunnel|cable)|hosts are direct",
                "Look at the hops: the packet passes the router.",
            ),
        ),
        topics=("routes",),
    ),
    Exercise(
        "mend",
        "n1 has lost its entries for n2. Make a's ping to b work again, and keep the ping to c working.",
        mended,
        (
            "Compare `bridge fdb show dev vxlan0` on n1 and on n3.",
            "`bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self permanent`",
        ),
        "n1 must flood to n2 again, or a needs a neighbour entry for b and n1 a forwarding entry for b's MAC address.",
    ),
    Exercise(
        "direct",
        "Harder: make a reach b so that nothing is flooded, even after `ip neighbour flush dev eth0` in a: no ARP request to "
        "everybody, and no copy to n3.",
        direct,
        (
            "a must know b's MAC address, and n1 the host that it is behind: these are two tables.",
            "In a: `ip neighbour replace 10.0.9.2 lladdr 02:42:0a:00:09:02 dev eth0 nud permanent`",
            "In n1: `bridge fdb replace 02:42:0a:00:09:02 dev vxlan0 dst 192.0.2.34 self permanent`, and "
            "`bridge fdb replace 02:42:0a:00:09:02 dev vxlan0 master static`",
        ),
        "With an entry in both tables nothing is flooded. Docker's overlay and flannel lay such entries.",
    ),
)
