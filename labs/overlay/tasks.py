"""What the lesson on overlays asks, and what mends a host that does not know where to send."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Order, Seen, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, nodes
from cnetkit.trace import Trace

ONLY, BOTH, NONE = "n2 alone", "n2 and n3", "no other host"
INNER, OUTER, TWO = "the inner one", "the outer one", "both"
INSIDE = r"(?:inner|inside|payload|overlay|10\.0\.9|containers?\b)"
SEES = r"address|\bonly\b|forward|rout|\bsee|\blook|\bread|between|\bhid|carr|header"
SIZES = ("1400", "1450", "1500", "1550")


def copies(trace: Trace) -> Seen:
    """Which hosts get the question."""
    asked = [one for one in journeys(trace, protocol="arp") if one.packet.ends.source == "10.0.9.1"]
    reached = {hop.node for one in asked for hop in one.hops} & {"n2", "n3"}
    last = asked[0] if asked else journey(trace, "echo request")
    return at(BOTH if len(reached) == 2 else ONLY if reached else NONE, last)


def outer(trace: Trace) -> Seen:
    """Where the outer packet goes."""
    one = journey(trace, "echo request")
    return at(after(one, "encapsulation").rpartition(" to ")[2], one, changed(one, "encapsulation"))


def ttl(trace: Trace) -> Seen:
    """Which time to live the router lowers."""
    one = journey(trace, "echo request")
    fields = {change.field for hop in one.hops if hop.node == "router" for change in hop.changes}
    which = TWO if {"ip.ttl", "outer.ip.ttl"} <= fields else OUTER if "outer.ip.ttl" in fields else INNER
    return at(which, one, changed(one, "outer.ip.ttl"))


def way(trace: Trace) -> Seen:
    """Which nodes the ping passes."""
    one = journey(trace, "echo request")
    return at(nodes(one), one)


def room(trace: Trace) -> Seen:
    """How large a packet of a may be."""
    links = trace.recording.topologies[-1].interfaces
    return Seen(str(next(link.mtu for link in links if (link.node, link.name) == ("a", "eth0"))))


def router(trace: Trace) -> Seen:
    """What the router goes by."""
    one = journey(trace, "echo request")
    return at("it reads the outer addresses only", one, changed(one, "outer.ip.ttl"))


def mended(trace: Trace) -> str:
    """Whether b answers."""
    if arrived(trace, "echo reply", "b", "a"):
        asked = any(one.packet.ends.destination == "10.0.9.3" for one in trace.journeys if one.hops[0].node == "a")
        if asked and not arrived(trace, "echo reply", "c", "a"):
            return "b answers, and c no longer does: n3 must stay in n1's list, beside n2."
        return ""
    others = [one for one in journeys(trace, "echo reply") if one.packet.ends.source == "10.0.9.2"]
    if others and others[0].hops[0].node != "b":
        return f"{others[0].hops[0].node} answers in b's place: 10.0.9.2 is among its addresses now."
    seen = [(hop.node, hop.interface, hop.direction) for one in trace.journeys for hop in one.hops]
    if ("b", "eth0", "in") in seen:
        return "b gets something and a gets no answer: does n2 know where n1 is?"
    if ("n2", "eth0", "in") in seen and ("n2", "vxlan0", "in") not in seen:
        return "n2 gets packets and takes none out of the tunnel: have both ends the same identifier and port?"
    return "Nothing from a reaches n2: `bridge fdb show dev vxlan0` on n1. Which hosts are in its list?"


TASKS = (
    Choice(
        "copies",
        "a asks who has 10.0.9.2. Which other hosts get a copy of the question?",
        copies,
        ("A broadcast goes to every port of the bridge; one of them is a tunnel.", "The list is in `bridge fdb show`."),
        "n1 has a list of all the other hosts for frames that it cannot place.",
        {ONLY: "n1 cannot know yet that b is on n2.", NONE: "Then nobody could ever answer."},
        (ONLY, BOTH, NONE),
    ),
    Address(
        "outer",
        "To which address does n1 send the ping for b?",
        outer,
        ("The router must know a way there.",),
        "It is wrapped into a packet from host to host.",
        {
            "10.0.9.2": "That is what stands inside. The router has no route to it.",
            "192.0.2.33": "That is the router's own address on the wire to n2.",
        },
    ),
    Order(
        "way",
        "Which nodes does it pass, in order?",
        way,
        ("Five of them.",),
        "a, its host, the router, the other host, b.",
        {
            ("a", "b"): "For a and b it looks so: one network. But there is a cable to a host at each end.",
            ("a", "n1", "n2", "b"): "n1 and n2 have no cable to each other.",
        },
    ),
    Choice(
        "ttl",
        "Which time to live does the router lower?",
        ttl,
        ("Which header does the router read?",),
        "The inner packet is only a payload to it.",
        {INNER: "The router does not look into UDP's payload.", TWO: "One of them it never reads."},
        (INNER, OUTER, TWO),
    ),
    Choice(
        "room",
        "The cables between hosts take packets of 1,500 bytes. How large may a packet of a be?",
        room,
        ("VXLAN adds headers: 14 + 8 + 8 + 20.",),
        "50 bytes are for the tunnel.",
        {
            "1500": "Wrapped it would have 1,550 bytes: too large for the cable.",
            "1550": "The tunnel takes room, it gives none.",
        },
        SIZES,
    ),
    Text(
        "why",
        "Why does the router need no route to 10.0.9.0/24?",
        router,
        ("Which addresses does it see?",),
        "It forwards between hosts, whose addresses it knows.",
        ideas=(
            Idea(
                r"outer|\bhosts?\b|tunnel|wrap|encapsul|underlay|outside|192\.0\.2|\bn[12]\b",
                "Say which addresses it sees, or where the others are.",
                denied=INSIDE,
            ),
            Idea(SEES, "Say what it does with those, or not.", denied=SEES),
        ),
        contrary=((rf"(?:reads?|sees?|looks? (?:at|into)) the {INSIDE}", "What is inside it never reads."),),
    ),
    Exercise(
        "mend",
        "n1 has lost its entries for n2. Make a's ping to b work again, and keep the one to c.",
        mended,
        (
            "`bridge fdb show dev vxlan0` on n1, and on n3 to compare.",
            "`bridge fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.0.2.34 self permanent`",
        ),
        "A frame for nobody known must get a copy to n2; or a must know b's MAC address, and n1 where that is.",
    ),
)
