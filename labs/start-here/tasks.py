"""The questions of the first lesson, and the exercises on neighbour entries and a lost address."""

from __future__ import annotations

from cnetkit.learn import Choice, Exercise, Idea, Observation, Order, Text
from cnetkit.learn.looking import arrived, at, journey, journeys, nodes
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

PING, ASKS, NOTHING = "the ping itself", "a question for a MAC address", "a frame to find out whether the wire works"
RIGHT, ALL, GATEWAY = "to right alone", "to everybody on the wire", "to a router, which passes it on"
YES, NO = "yes", "no"
STAYS, UNANSWERED, LOST = "it does not leave left", "it reaches right, which says nothing", "it is lost on the wire"
UNTAKEN = "right answers, but left drops the answer. Which MAC address does `ip neighbour` in right show for 10.0.0.2?"
BROADCAST = "arp and eth.dst == ff:ff:ff:ff:ff:ff"


def asked(trace: Trace) -> list[Journey]:
    """The ARP requests of left."""
    return [trip for trip in trace.select(BROADCAST).journeys if trip.hops[0].node == "left"]


def first(trace: Trace) -> Observation:
    """What leaves left first."""
    trip = next((trip for trip in trace.journeys if trip.hops[0].node == "left"), None) or journey(
        trace, "echo request"
    )
    return at(ASKS if trip.packet.protocol == "arp" else PING, trip, trip.hops[0])


def whom(trace: Trace) -> Observation:
    """The destination MAC address of the ARP request."""
    trip = next(iter(asked(trace)), None)
    return at(ALL, trip, trip.hops[0]) if trip else at(RIGHT, journey(trace, protocol="arp"))


def way(trace: Trace) -> Observation:
    """The interfaces that the ping passes."""
    trip = journey(trace, "echo request")
    return at(tuple(f"{hop.node}/{hop.interface}" for hop in trip.hops), trip)


def again(trace: Trace) -> Observation:
    """Whether left sends a second ARP request."""
    trip = next(iter(asked(trace)), None)
    return at(YES, trip) if trip else at(NO, journey(trace, "echo request"))


def far(trace: Trace) -> Observation:
    """How far a packet gets if right has lost its address."""
    trip = next((trip for trip in trace.journeys if trip.hops[0].node == "left"), None)
    if trip is None:
        return Observation(STAYS)
    return at(UNANSWERED if "right" in nodes(trip) else LOST, trip)


def kept(trace: Trace) -> Observation:
    """Why no ARP request was needed."""
    trip = journey(trace, "echo request")
    return at("left has kept the MAC address in its neighbour table", trip, trip.hops[0])


def misled(trace: Trace) -> str:
    """What is wrong if the ping is answered, but not from right to left."""
    answers = journeys(trace, "echo reply")
    if any(trip.hops[0].node == "left" for trip in answers):
        return "left answers itself: it has the address 10.0.0.1 now, and the ping does not reach right."
    return UNTAKEN if answers else ""


def quiet(trace: Trace) -> str:
    """What is wrong unless the ping is answered and left sends no ARP request."""
    questions = asked(trace)
    if arrived(trace, "echo reply", "right", "left"):
        return (
            "The ping is answered, but left still sends an ARP request. Which kind of entry does a flush leave?"
            if questions
            else ""
        )
    if wrong := misled(trace):
        return wrong
    if questions:
        return "left sends an ARP request and gets no reply. Does right still have its address?"
    if any("right" in nodes(trip) for trip in journeys(trace, "echo request")):
        return "The ping arrives, but right drops it: its destination is not the MAC address that `ip link` in right shows."
    return "No ping reaches right. Look at `ip neighbour` and `ip link` in left."


def mended(trace: Trace) -> str:
    """What is wrong unless right answers."""
    if arrived(trace, "echo reply", "right", "left"):
        return ""
    if wrong := misled(trace):
        return wrong
    if any("right" in nodes(trip) for trip in journeys(trace, "echo request")):
        return "The ping reaches right, but no answer comes back. Does right have a route to 10.0.0.2? Try `ip route` there."
    if any("right" in nodes(trip) for trip in asked(trace)):
        return "right receives the ARP request and does not reply. Does it have the address 10.0.0.1?"
    return "No packet of left arrives at right. Are both ends of the wire up?"


TASKS = (
    Choice(
        "first",
        "left has not sent anything to right yet. It now pings 10.0.0.1. What leaves left first?",
        first,
        ("left knows an IP address. Which address does each frame on a wire begin with?",),
        "A frame needs a MAC address, and only right can tell which one.",
        {
            PING: "A frame begins with the MAC address of its receiver, and left does not know that yet.",
            NOTHING: "A wire is not tested first. A frame is sent, and is lost if nothing receives it.",
        },
        (PING, ASKS, NOTHING),
    ),
    Choice(
        "whom",
        "To which MAC address does left send that first frame?",
        whom,
        ("left does not know right's MAC address yet.", "ff:ff:ff:ff:ff:ff is an address too."),
        "It goes to ff:ff:ff:ff:ff:ff, the broadcast address, which every interface accepts.",
        {RIGHT: "For that left would need the address that it is asking for.", GATEWAY: "There is no router here."},
        (RIGHT, ALL, GATEWAY),
    ),
    Order(
        "way",
        "Which interfaces does the ping pass, in order? Answer as 'node/interface, node/interface'.",
        way,
        ("Each end of the wire is an interface called eth0.",),
        "The ping goes out of one end of the wire and into the other.",
        {
            ("right/eth0", "left/eth0"): "That is the way of the answer.",
            ("left/eth0",): "A wire has two ends. A frame that enters at one comes out at the other.",
        },
    ),
    Choice(
        "again",
        "left pings once more. Does it send an ARP request again?",
        again,
        ("`ip neighbour` in left.",),
        "The neighbour table keeps the MAC address for some time.",
        {YES: "The neighbour table keeps the MAC address for a while: `ip neighbour` shows it."},
        (YES, NO),
    ),
    Text(
        "why",
        "In your own words: why did left send no ARP request the second time?",
        kept,
        ("Where does left keep the reply?",),
        "The neighbour table already had an entry for 10.0.0.1.",
        ideas=(
            Idea(
                r"\bkn[eo]w|\bke[ep]|remember|learn|table|cache|entr[yi]|\bstor|\bsaved?\b|neighbou?r|exchang|resolv|lists|"
                r"found out|\bha[sd] (?:already |still |now |got )*(?:the|its|this|that|an?|mac|right's)\b|\bgot\b|told",
                "Add what left has by now.",
            ),
            Idea(
                r"\bmac\b|(?<!ip )address|10\.0\.0\.1|\bright's|(?:of|for|about) right|\blink|\bhardware|neighbou?r|\barp\b|"
                r"(?:kn[eo]ws?|lists?|remember\w*) (?:where )?right",
                "Add what it knows about right.",
            ),
        ),
        contrary=(
            (
                r"(?:table|cache|memory) (?:of|in|on|at) right|\bright(?:'s)? (?:\w+ ){0,2}(?:table|cache|memory|entry)|\bshare",
                "It is left that keeps something, and left's own table: `ip neighbour` in left.",
            ),
            (
                r"flushed|emptied|cleared|deleted|expired|\bfull\b",
                "The entry was still there: `ip neighbour` shows it.",
            ),
            (
                r"(?:not|n't|never) leaves?\b|answered (?:by|from)",
                "Look at the frames of the second ping: it leaves left.",
            ),
        ),
        others=r"right|wire|cable|link|kernel of right",
        topics=("addresses", "everybody", "time"),
    ),
    Exercise(
        "quiet",
        "Make left ping right without an ARP request, even after `ip neighbour flush dev eth0`.",
        quiet,
        (
            "A flush removes learned entries and leaves permanent ones.",
            "`ip neighbour replace 10.0.0.1 lladdr MAC dev eth0 nud permanent`, with the MAC address of right.",
        ),
        "A permanent entry stays, so no ARP request is needed. Docker's overlay and flannel set such entries for you.",
    ),
    Choice(
        "far",
        "right loses its IP address, and the wire is intact. How far does the next packet of left get?",
        far,
        ("Who would have to reply to the ARP request?",),
        "The ARP request arrives, but right no longer has the address that it asks for.",
        {
            STAYS: "left has no way to know that right lost its address, so it sends.",
            LOST: "A wire carries every frame, whatever addresses there are.",
        },
        (STAYS, UNANSWERED, LOST),
    ),
    Exercise(
        "mend",
        "right has lost its address. Make it answer left's ping to 10.0.0.1 again.",
        mended,
        ("`ip address` in right.", "`ip address add 10.0.0.1/24 dev eth0`, in right."),
        "right must have 10.0.0.1 again, and a route to 10.0.0.0/24.",
    ),
)
