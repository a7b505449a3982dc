"""Questions about an overlay whose state two engines keep in a store."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Observation
from cnetkit.learn.looking import at, journey
from cnetkit.trace import Trace

HOST, OWN, CONTAINER = "that of n2 itself", "one of its own, in which no program runs", "that of client"
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
    """Where the forwarding entry for web's MAC address comes from."""
    trip = journey(trace, "SYN")
    hop = next(hop for hop in trip.hops if hop.interface.startswith("vxlan"))
    quotes = [item.quote for item in hop.evidence if item.kind == "forwarding-entry"]
    flooded = any("every port" in quote for quote in quotes)
    return at(GUESSED if flooded else WRITTEN if any("permanent" in quote for quote in quotes) else HEARD, trip, hop)


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
        "The engine lays it from what the store says, before the first packet.",
        {
            HEARD: "A learned entry is not permanent.",
            GUESSED: "A flood would go to each host. Look at the evidence of the hop.",
        },
        (WRITTEN, HEARD, GUESSED),
    ),
)
