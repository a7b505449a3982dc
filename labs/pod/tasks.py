"""The questions of the lesson on pods, and the exercise that repairs a host without a route to the other's pods."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Observation, Order, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, nodes
from cnetkit.trace import Trace

LO, ETH, HOST = "lo, inside of the pod", "eth0, and back by the bridge", "a cable between the two containers"
NOTHING, HOPS, SOURCE = "nothing at all", "MAC addresses and the time to live", "the source address"
SILENCE, REFUSED, GONE = "nothing: it times out", "a refusal from the pod", "a refusal from the host n1"
WHO = (
    r"each|every|\ball\b|\bown\b|unique|differ|distinct|\bhosts?\b|\bnodes?\b|\bn[12]\b|\bone\b|\bpods?\b|cluster|both"
)


def local(trace: Trace) -> Observation:
    """The interface that a connection to localhost uses."""
    trip = journey(trace, "SYN", source="127.0.0.1")
    return at(LO if {hop.interface for hop in trip.hops} == {"lo"} else ETH, trip)


def source(trace: Trace) -> Observation:
    """The source address that arrives."""
    trip = journey(trace, "SYN", source="10.244.1.2")
    hop = changed(trip, "ip.src")
    return at(
        next((c.after for c in hop.changes if c.field == "ip.src"), "") if hop else trip.packet.ends.source,
        trip,
        hop,
    )


def changes(trace: Trace) -> Observation:
    """What changes on the way between pods."""
    trip = journey(trace, "SYN", source="10.244.1.2")
    fields = {change.field for hop in trip.hops for change in hop.changes}
    return at(SOURCE if "ip.src" in fields else HOPS if "ip.ttl" in fields else NOTHING, trip, changed(trip, "ip.ttl"))


def way(trace: Trace) -> Observation:
    """The nodes that it passes."""
    trip = journey(trace, "SYN", source="10.244.1.2")
    return at(nodes(trip), trip)


def restart(trace: Trace) -> Observation:
    """What a client gets while the server's container is down."""
    refusals = journeys(trace, "RST, ACK")
    return at(REFUSED, refusals[0], refusals[0].hops[0]) if refusals else Observation(SILENCE)


def untranslated(trace: Trace) -> Observation:
    """Why addresses do not change."""
    trip = journey(trace, "SYN", source="10.244.1.2")
    return at("every host has a route to every host's pods", trip, changed(trip, "ip.ttl"))


def mended(trace: Trace) -> str:
    """What is wrong unless the server's answer reaches the client."""
    if arrived(trace, "SYN, ACK", "web", "client"):
        hidden = [after(trip, "ip.src") for trip in journeys(trace, "SYN") if changed(trip, "ip.src")]
        return (
            f"web answers, but it sees the source {hidden[0]}. Between pods no address is translated." if hidden else ""
        )
    if not any(hop.node == "web" for trip in journeys(trace, "SYN") for hop in trip.hops):
        return "The request no longer arrives, so something else is broken now. Look where it ends."
    answers = journeys(trace, "SYN, ACK")
    if any("ip.src" in {c.field for hop in trip.hops for c in hop.changes} for trip in answers):
        return (
            "The answer leaves with the host's address: to n1 it is traffic out of the network. Which route is missing?"
        )
    return "web answers, but the answer does not reach client. Try `ip route get 10.244.1.2` on n1."


def forwards(trace: Trace) -> str:
    """What is wrong unless web's answer reaches client again."""
    if arrived(trace, "SYN, ACK", "web", "client"):
        return ""
    requests = journeys(trace, "SYN")
    if not requests:
        return "This trace has no request: run the cell that sends it again."
    if any(hop.node == "web" for trip in requests for hop in trip.hops):
        return "web gets the request now, but its answer does not reach client. Look where the answer ends."
    ended = requests[0].outcome
    why = f" ({ended.reason})" if ended.reason else ""
    return f"The request ends at {ended.where}{why}. What must a host be told, so that it passes on what is not for itself?"


TASKS = (
    Choice(
        "local",
        "sidecar requests http://127.0.0.1/, and server answers. Which interface does the packet use?",
        local,
        ("Both are in the same network namespace: compare `readlink /proc/self/ns/net`.",),
        "The containers of a pod share one network stack, and so one lo.",
        {
            ETH: "127.0.0.1 never leaves a network stack.",
            HOST: "There is no such cable: `ip link` shows lo and eth0 only.",
        },
        (LO, ETH, HOST),
    ),
    Address(
        "source",
        "client, on the other host, sends a request to 10.244.0.2. Which source address does the server see?",
        source,
        ("Kubernetes requires that pods reach each other without translation.",),
        "The server sees the pod's own address, because nothing is translated between pods.",
        {
            "192.0.2.34": "That is the address of n2. Only the outer packet has it.",
            "10.244.1.1": "That is the bridge of n2. n2 forwards and does not translate.",
        },
    ),
    Order(
        "way",
        "Which nodes does that packet pass, in order?",
        way,
        ("There are two hosts, and something between them.",),
        "It passes client, its host, the router, the other host, and the pod.",
        {("client", "n2", "n1", "web"): "There is no cable between the hosts. What is between them?"},
    ),
    Choice(
        "changes",
        "What changes in the inner packet on its way?",
        changes,
        ("It is routed twice.",),
        "Each host routes it: the packet gets new MAC addresses, and its time to live decreases by one.",
        {NOTHING: "It is routed. What does a router decrease?", SOURCE: "Compare the source at both ends."},
        (NOTHING, HOPS, SOURCE),
    ),
    Choice(
        "restart",
        "The container `server` is down for a moment, but the pod is not. What does client get?",
        restart,
        ("Who holds the pod's address?",),
        "pause keeps the network stack alive. Nothing listens there, so the stack refuses the connection.",
        {
            SILENCE: "The pod's network stack still exists, so something answers at 10.244.0.2.",
            GONE: "The packet reaches the pod as before. Look where the answer begins.",
        },
        (SILENCE, REFUSED, GONE),
    ),
    Text(
        "why",
        "Why does no address need translation between pods of different hosts?",
        untranslated,
        ("`ip route` on both hosts.",),
        "Each subnet is on one host, and each host has a route to all of them.",
        ideas=(
            Idea(
                r"\brout(?:e|es|ed|able|ing)\b|own subnet|subnet of its own|\bunique|everywhere|"
                r"knows? (?:\w+ ){0,4}(?:way|where|which|subnet|route)|(?:not|n't) (?:overlap|repeat)|"
                r"reached directly|reachable from|encapsulat|packet is carried|carries the|unchanged",
                "Add what each host has for the pods of the other hosts.",
                denied=r"overlap|repeat|same (?:\w+ )?address",
            ),
            Idea(WHO, "Add which nodes have it.", denied=WHO),
        ),
        contrary=(
            (
                r"masquerad|\bnat\b|translates|\brules?\b",
                "Nothing is translated between pods. Compare the source at both ends.",
            ),
            (
                r"\bsame (?:\w+ )?(?:subnet|address)|(?:subnets?|address(?:es)?) (?:\w+ ){0,4}same|\bshares?\b|"
                r"address(?:es)? of (?:its|their|the) (?:hosts?|nodes?)",
                "Each pod has an address of its own. Compare the addresses of web and client.",
            ),
            (r"internet|\bpublic|on the same host", "Both are pods of one cluster, on two hosts."),
        ),
        others=r"router|pause|pause container|dns|kube-proxy|service|bridge|pods? (?:have|has|know)",
        topics=("routes", "everybody"),
    ),
    Exercise(
        "mend",
        "n1 has lost its route to 10.244.1.0/24. Repair it: client must get its answer, and web must see client's own address.",
        mended,
        (
            "`ip route` on n2 shows such a route.",
            "`ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink`",
        ),
        "n1 must route packets to 10.244.1.0/24 into flannel.1.",
    ),
    Exercise(
        "forward",
        "n1 no longer passes packets on to its pods. Make client get its answer again.",
        forwards,
        (
            "A host with pods is a router. `sysctl net.ipv4.ip_forward` on n1.",
            "`sysctl -w net.ipv4.ip_forward=1`",
        ),
        "Without forwarding a host drops what is not for itself, and each pod has an address that is not the host's.",
    ),
)
