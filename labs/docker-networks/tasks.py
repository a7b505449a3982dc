"""The questions of the lesson on Docker's networks, and the exercises with the engine's own commands."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Observation, Order
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, nodes
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

WEB, SHOP, DIRECT = "172.17.0.2", "172.18.0.2", "203.0.113.70"
DROPPED, THERE, SILENT = "dock drops it", "shop's neighbour answers", "it is sent on to outside"
LOCAL, OTHER = "the stack of dock itself", "a stack of its own, by a rule of dock"
NOWHERE = "nowhere: the port must be published first"
UNSENT = "nothing is sent: it has no route there"
MASKED, STOPPED = "it arrives with the address of dock", "a rule of dock drops it"
NEVER = "no answer: dock's own link does not lead to it"
ALWAYS, ROUTED = "it answers", "it answers, by way of outside"


def requests(trace: Trace, target: str = "", port: int = 0) -> list[Journey]:
    """The first packets of connections, to an address or a port if they are given."""
    trips = journeys(trace, "SYN")
    return [
        trip
        for trip in trips
        if target in ("", trip.packet.ends.destination) and port in (0, trip.packet.ends.destination_port)
    ]


def target(trace: Trace) -> Observation:
    """The destination that web sees."""
    trip = journey(trace, "SYN")
    return at(after(trip, "ip.dst") or trip.packet.ends.destination, trip, changed(trip, "ip.dst"))


def across(trace: Trace) -> Observation:
    """What becomes of a packet from one bridge to another."""
    trip = requests(trace, WEB)[0]
    kinds = {"dropped": DROPPED, "delivered": THERE}
    return at(kinds.get(trip.outcome.kind, SILENT), trip, trip.hops[-1])


def internal(trace: Trace) -> Observation:
    """What becomes of a packet from an internal network to outside."""
    trips = requests(trace, "203.0.113.2")
    if not trips:
        return Observation(UNSENT)
    trip = trips[0]
    return at(STOPPED if trip.outcome.kind == "dropped" else MASKED, trip, trip.hops[-1])


def shared(trace: Trace) -> Observation:
    """The network stack in which a program with the host's network answers."""
    trip = requests(trace, port=8081)[0]
    if trip.outcome.kind != "delivered":
        return at(NOWHERE, trip, trip.hops[-1])
    return at(LOCAL if trip.hops[-1].node == "dock" else OTHER, trip, trip.hops[-1])


def way(trace: Trace) -> Observation:
    """The nodes that a packet to the macvlan container passes."""
    trip = requests(trace, DIRECT)[0]
    return at(nodes(trip), trip, trip.hops[-1])


def own(trace: Trace) -> Observation:
    """Whether the host reaches a macvlan container on its own link."""
    trips = requests(trace, DIRECT)
    answered = journeys(trace, "SYN, ACK")
    if answered:
        return at(ROUTED if "outside" in nodes(answered[0]) else ALWAYS, answered[0], answered[0].hops[0])
    asked = trips or journeys(trace)
    return at(NEVER, asked[0], asked[0].hops[-1]) if asked else Observation(NEVER)


def connected(trace: Trace) -> str:
    """What is wrong unless till gets an answer from web at its address on docker0."""
    if arrived(trace, "SYN, ACK", "web", "till"):
        return ""
    asked = requests(trace)
    if not asked:
        return "This trace has no request: run the cell that sends it again."
    trip = asked[-1]
    if trip.outcome.kind == "dropped":
        return (
            f"The request still ends at {trip.outcome.where}: {trip.outcome.reason}. On which network is web, and on which "
            "is till?"
        )
    return f"web does not answer till; the request was last seen at {trip.hops[-1].node}. Is web running?"


def loopback(trace: Trace) -> str:
    """What is wrong unless port 8090 is open at the host's loopback and nowhere else."""
    if not requests(trace, port=8090):
        return "This trace has no request to port 8090: run the cell that sends both."
    answered = {trip.hops[-1].node for trip in journeys(trace, "SYN, ACK")}
    if "outside" in answered:
        return "outside gets in, too. `docker run -p` takes an address in front of the port."
    if "dock" not in answered:
        return "dock itself gets no answer at 127.0.0.1:8090. Does a container publish that port?"
    return ""


TASKS = (
    Address(
        "target",
        "outside sends a request to 203.0.113.1, port 8080. Which destination address does web see?",
        target,
        ("`docker inspect web` has an address. So has `docker port web`.",),
        "A rule of the engine changes the destination to web's own address on docker0.",
        {
            "203.0.113.1": "That is the host's. Look at ip.dst in the last hop.",
            "172.17.0.1": "That is docker0, the bridge itself.",
        },
    ),
    Choice(
        "shared",
        "plain runs with `--network host`, and listens on port 8081. Nothing is published. Where does a request to "
        "203.0.113.1:8081 end?",
        shared,
        ("`docker exec plain ip address`, and `ip address` on dock.",),
        "plain has no network stack of its own: it listens in that of dock.",
        {
            OTHER: "No address is changed on the way. Compare `ip address` in plain and on dock.",
            NOWHERE: "It is answered. A published port is a way into another stack, and there is none here.",
        },
        (LOCAL, OTHER, NOWHERE),
    ),
    Choice(
        "across",
        "till is on the network app. It sends a request to web's own address, 172.17.0.2, on docker0. What becomes of it?",
        across,
        ("dock has a route to both. Ask `iptables -t raw -S` on dock.",),
        "Docker 28 drops, before all else, what comes to a container's address from anywhere but its own bridge.",
        {
            THERE: "It does not arrive at web. Where is it seen last?",
            SILENT: "It is not for outside: dock has a route to 172.17.0.0/16.",
        },
        (DROPPED, THERE, SILENT),
    ),
    Choice(
        "internal",
        "vault is on a network made with `--internal`. It sends a request to outside. What becomes of it?",
        internal,
        ("`docker exec vault ip route`.",),
        "An internal network has no gateway: its containers have a route to each other, and to nothing else.",
        {
            MASKED: "It never leaves. How many frames has the trace?",
            STOPPED: "dock never sees it. How many frames has the trace?",
        },
        (UNSENT, MASKED, STOPPED),
    ),
    Order(
        "way",
        "direct has a macvlan on dock's link. Which nodes does a request from outside to 203.0.113.70 pass, in order?",
        way,
        ("A macvlan is a second MAC address on the link of its parent.",),
        "The frame comes in at dock's eth0, and from there straight into direct.",
        {("outside", "direct"): "direct has no cable of its own. Whose link does it share?"},
    ),
    Choice(
        "own",
        "dock itself asks direct, on its own link. What does it get?",
        own,
        ("The frame leaves at dock's eth0. Who gets what a link's own machine sends out?",),
        "A macvlan does not join its parent: what dock sends at eth0 goes to the wire, not into direct.",
        {
            ALWAYS: "Look for an answer in the trace: there is none.",
            ROUTED: "outside does not send frames back to the link that they came from.",
        },
        (NEVER, ALWAYS, ROUTED),
    ),
    Exercise(
        "join",
        "till must get an answer from web at 172.17.0.2. Use docker commands; web and till keep running.",
        connected,
        (
            "A container may be on several networks.",
            "`docker network connect --help`",
            "`docker network connect bridge till`",
        ),
        "`docker network connect bridge till` gives till a second interface, on the bridge of web: then nothing is routed.",
    ),
    Exercise(
        "private",
        "Start a container whose server can be asked at dock's own 127.0.0.1:8090, but not from outside.",
        loopback,
        (
            "`docker run -p` takes IP:PORT:PORT.",
            "`docker run -d --name secret -p 127.0.0.1:8090:80 host python3 -m http.server 80`",
        ),
        "`-p 127.0.0.1:8090:80` publishes the port at one address of the host only.",
    ),
)
