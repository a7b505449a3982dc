"""What the lesson on pods asks, and what mends a host that has forgotten the other's subnet."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Order, Seen, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, nodes
from cnetkit.trace import Trace

LO, ETH, HOST = "lo, inside of the pod", "eth0, and back by the bridge", "a cable between the two containers"
NOTHING, HOPS, SOURCE = "nothing at all", "MAC addresses and the time to live", "the source address"
SILENCE, REFUSED, GONE = "nothing: it times out", "a refusal from the pod", "a refusal from the host n1"


def local(trace: Trace) -> Seen:
    """Where a connection to localhost takes place."""
    one = journey(trace, "SYN", source="127.0.0.1")
    return at(LO if {hop.interface for hop in one.hops} == {"lo"} else ETH, one)


def source(trace: Trace) -> Seen:
    """Whose address arrives."""
    one = journey(trace, "SYN", source="10.244.1.2")
    hop = changed(one, "ip.src")
    return at(
        next((c.after for c in hop.changes if c.field == "ip.src"), "") if hop else one.packet.ends.source, one, hop
    )


def changes(trace: Trace) -> Seen:
    """What changes between pods."""
    one = journey(trace, "SYN", source="10.244.1.2")
    fields = {change.field for hop in one.hops for change in hop.changes}
    return at(SOURCE if "ip.src" in fields else HOPS if "ip.ttl" in fields else NOTHING, one, changed(one, "ip.ttl"))


def way(trace: Trace) -> Seen:
    """Which nodes it passes."""
    one = journey(trace, "SYN", source="10.244.1.2")
    return at(nodes(one), one)


def restart(trace: Trace) -> Seen:
    """What a client gets while the server's container is down."""
    refusals = journeys(trace, "RST, ACK")
    return at(REFUSED, refusals[0], refusals[0].hops[0]) if refusals else Seen(SILENCE)


def untranslated(trace: Trace) -> Seen:
    """Why addresses stay."""
    one = journey(trace, "SYN", source="10.244.1.2")
    return at("every host has a route to every host's pods", one, changed(one, "ip.ttl"))


def mended(trace: Trace) -> str:
    """Whether the server's answer reaches the client."""
    if arrived(trace, "SYN, ACK", "web", "client"):
        hidden = [after(one, "ip.src") for one in journeys(trace, "SYN") if changed(one, "ip.src")]
        return f"web answers, but sees {hidden[0]}: between pods no address is translated." if hidden else ""
    if not any(hop.node == "web" for one in journeys(trace, "SYN") for hop in one.hops):
        return "The request no longer arrives: something else is broken now. Look where it ends."
    answers = journeys(trace, "SYN, ACK")
    if any("ip.src" in {c.field for hop in one.hops for c in hop.changes} for one in answers):
        return (
            "The answer leaves under the host's address: n1 takes it for traffic to elsewhere. Which route is missing?"
        )
    return "web answers, and the answer does not reach client: `ip route get 10.244.1.2` on n1."


TASKS = (
    Choice(
        "local",
        "sidecar asks for http://127.0.0.1/, which server answers. By which interface does the packet go?",
        local,
        ("Both have the same network stack: compare `readlink /proc/self/ns/net`.",),
        "One stack, one lo.",
        {ETH: "127.0.0.1 never leaves a network stack.", HOST: "There is no cable: `ip link` shows lo and eth0."},
        (LO, ETH, HOST),
    ),
    Address(
        "source",
        "client, on the other host, asks 10.244.0.2. Which source address does the server see?",
        source,
        ("Kubernetes asks for this: pods see each other without translation.",),
        "A pod's own address, everywhere.",
        {
            "192.0.2.34": "That is n2's address: it stands on the outer packet only.",
            "10.244.1.1": "That is the bridge of n2: it forwards, and does not translate.",
        },
    ),
    Order(
        "way",
        "Which nodes does that packet pass, in order?",
        way,
        ("Two hosts, and what is between them.",),
        "client, its host, the router, the other host, the pod.",
        {("client", "n2", "n1", "web"): "The hosts have no cable to each other: what is between them?"},
    ),
    Choice(
        "changes",
        "What is changed on the inner packet on its way?",
        changes,
        ("It is routed, twice.",),
        "Each host routes it: new MAC addresses, and one less to live.",
        {NOTHING: "It is routed. What does a router lower?", SOURCE: "Compare the source at both ends."},
        (NOTHING, HOPS, SOURCE),
    ),
    Choice(
        "restart",
        "The container `server` is down for a moment, the pod is not. What does client get?",
        restart,
        ("Who holds the pod's address?",),
        "pause holds the stack: it is there, with nobody listening, and says so.",
        {
            SILENCE: "Something answers at 10.244.0.2: the pod's network stack is still there.",
            GONE: "The packet is delivered into the pod as before; look where the answer begins.",
        },
        (SILENCE, REFUSED, GONE),
    ),
    Text(
        "why",
        "Why need no address be translated between pods of different hosts?",
        untranslated,
        ("`ip route` on both hosts.",),
        "Each subnet is on one host, and each host has a route to all of them.",
        ideas=(
            Idea(r"rout|subnet|\bknows?\b|\bway\b|unique", "What has each host for each other host's pods?"),
            Idea(r"each|every|\ball\b|\bown\b|unique|differ|distinct|\bhosts?\b|node|\bone\b", "Say who has it."),
        ),
        contrary=(
            (r"masquerad|\bnat\b|translates", "Nothing is translated between pods: compare the source at both ends."),
        ),
    ),
    Exercise(
        "mend",
        "n1 has lost its route to 10.244.1.0/24. Mend it: client must get its answer, and web see client's own address.",
        mended,
        (
            "`ip route` on n2 shows how such a route looks.",
            "ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink",
        ),
        "n1 must send what is for 10.244.1.0/24 into flannel.1.",
    ),
)
