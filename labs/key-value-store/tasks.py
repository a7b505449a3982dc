"""Questions about an overlay whose state two engines keep in a store."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Observation
from cnetkit.learn.looking import arrived, at, journey, journeys
from cnetkit.trace import Trace

HOST, OWN, CONTAINER = "that of n2 itself", "one of its own, in which no program runs", "that of client"
ANSWERED, NAMELESS, LOST = (
    "web answers as before",
    "the name web is not found",
    "the name is found, but its frames are lost",
)
STARTED, REFUSED = "it starts, and web answers", "it does not start"
WRITTEN, HEARD, GUESSED = "an engine wrote it", "the bridge learned it from frames", "there is none: it is flooded"


def outer(trace: Trace) -> Observation:
    """The address on the outside of the packet that leaves n2."""
    trip = journey(trace, "SYN")
    hop = next(hop for hop in trip.hops if any(change.field == "encapsulation" for change in hop.changes))
    (change,) = (change for change in hop.changes if change.field == "encapsulation")
    return at(change.after.rpartition(" to ")[2], trip, hop)


def stack(trace: Trace) -> Observation:
    """The network stack in which the bridge and the tunnel stand."""
    trip = journey(trace, "SYN")
    hop = next(hop for hop in trip.hops if hop.interface.startswith("vxlan"))
    return at({"n2": HOST, "client": CONTAINER}.get(hop.node, OWN), trip, hop)


def entry(trace: Trace) -> Observation:
    """Where the tunnel's entry for web's MAC address comes from."""
    trip = journey(trace, "SYN")
    hop = next(hop for hop in trip.hops if any(change.field == "encapsulation" for change in hop.changes))
    quotes = [item.quote for item in hop.evidence if item.kind == "forwarding-entry"]
    if not quotes:
        return at(GUESSED, trip, hop)
    return at(WRITTEN if any("permanent" in quote for quote in quotes) else HEARD, trip, hop)


def survives(trace: Trace) -> Observation:
    """What becomes of client's request while the store is gone."""
    replies = arrived(trace, "SYN, ACK", "web", "client")
    if replies:
        return at(ANSWERED, replies[0])
    sent = [trip for trip in journeys(trace, "SYN") if trip.hops[0].node == "client"]
    return at(LOST, sent[0]) if sent else Observation(NAMELESS)


def joins(trace: Trace) -> Observation:
    """Whether a new container sends anything while the store is gone."""
    replies = arrived(trace, "SYN, ACK", "web", "late")
    return at(STARTED, replies[0]) if replies else Observation(REFUSED)


def found(trace: Trace) -> str:
    """What is wrong unless client gets its answer from db."""
    if arrived(trace, "SYN, ACK", "db", "client"):
        return ""
    sent = [trip for trip in journeys(trace, "SYN") if trip.hops[0].node == "client"]
    if not sent:
        return "client finds no address for the name db. Which networks is db on, and which of them does n2 have?"
    return f"client asks {sent[-1].packet.ends.destination} for db, and db does not answer from there. Whose address is it?"


def late(trace: Trace) -> str:
    """What is wrong unless late gets its answer from web."""
    if arrived(trace, "SYN, ACK", "web", "late"):
        return ""
    if not any(trip.hops[0].node == "late" for trip in trace.journeys):
        return "late sends nothing: it did not start. Does `docker network ls` on n2 have the network shared?"
    sent = [trip for trip in journeys(trace, "SYN") if trip.hops[0].node == "late"]
    if sent:
        return f"late asks {sent[-1].packet.ends.destination} for web, and web does not answer from there. Whose address is it?"
    return "late starts, but web does not answer it. Is its network shared the one that web is on? Look at its driver and scope."


TASKS = (
    Address(
        "outer",
        "client asks for web, on the other host. To which address is the packet that leaves n2?",
        outer,
        ("Look for the line where it is wrapped.",),
        "The outer packet is for the other host; web's address is inside.",
        {
            "10.0.9.2": "That is inside. What does the router read?",
            "192.0.2.33": "The router is on the way, not its end.",
        },
    ),
    Choice(
        "stack",
        "In which network stack of n2 does the bridge stand that joins client and the tunnel?",
        stack,
        ("`ls /run/docker/netns` on n2.",),
        "The engine keeps a network namespace for each overlay network, by a mount and without a process.",
        {HOST: "`ip link` on n2 shows no such bridge.", CONTAINER: "client has one end of a cable only."},
        (HOST, OWN, CONTAINER),
    ),
    Choice(
        "entry",
        "The tunnel needs to know which host has web's MAC address. Where does that entry come from?",
        entry,
        ("`bridge fdb show dev vxlan0` in that namespace: what does `permanent` mean?",),
        "The engine on n2 lays it as soon as the engine on n1 has told it where web is, before the first packet.",
        {
            HEARD: "A learned entry is not permanent.",
            GUESSED: "A flood would go to each host. Look at the evidence of the hop.",
        },
        (WRITTEN, HEARD, GUESSED),
    ),
    Choice(
        "survives",
        "The store is killed. client asks for http://web/ again. What happens?",
        survives,
        ("Which packets of the last request went to the store?",),
        "Each engine keeps what it has read, and the entries stay in the kernel: no packet of a request ever needs the store.",
        {
            NAMELESS: "client's own engine answers for the name, from its memory.",
            LOST: "The entries are permanent, and in the kernel of n2.",
        },
        (ANSWERED, NAMELESS, LOST),
    ),
    Choice(
        "joins",
        "The store is still gone. A new container, late, is to start on n2, on the network shared. What happens?",
        joins,
        ("Where does its engine look up the network shared?",),
        "A new container needs an address that no other has and a record for its name: its engine finds not even the network.",
        {STARTED: "The trace has no packet of late. What did the engine say?"},
        (STARTED, REFUSED),
    ),
    Exercise(
        "found",
        "client, on n2, must get its answer for http://db/ from db. db may get another network, or start again.",
        found,
        (
            "n2's engine knows networks whose scope is global, and its own.",
            "`docker network connect --help`, on n1.",
            "On n1: `docker network connect shared db`",
        ),
        "`docker network connect shared db` on n1 gives db an address on the network that both engines have, and its name there.",
    ),
    Exercise(
        "late",
        "late must start on n2, on the network shared that web is on, and get its answer from web.",
        late,
        (
            "Nothing is wrong with the engines. What do they miss?",
            "etcd keeps what was written in its data directory, /var/lib/etcd.",
            "On store: `etcd --enable-v2 --data-dir /var/lib/etcd ...`, the same command as before.",
        ),
        "With the same data directory etcd has all keys again, and the engines go on where they were.",
    ),
)
