"""The questions of the lesson on services, and the exercise that repairs a service that fails every other time."""

from __future__ import annotations

from itertools import pairwise

from cnetkit.learn import Choice, Exercise, Idea, Observation, Text
from cnetkit.learn.looking import after, at, changed, journey, journeys
from cnetkit.trace import Trace

NODES = ("client", "n1", "router", "n2")
DNS, ARP, SYN = "a question for a name, to 10.96.0.10", "a connection to web-1", "a connection to 10.96.0.2"
ALL, TURNS, CHANCE = "one pod gets all of them", "they take turns", "by chance, about half each"
OUTSIDE, HOST, SERVICE = "that of outside", "one of n1", "the service's, 10.96.0.2"
SILENCE, REFUSED, WEB1 = "nothing: it times out", "a refusal, at once", "an answer of web-1 all the same"
CLIENT = "10.244.0.3"
LEFT = r"the (?:rest|other|two|remain)|what|those|that|2/3"
SHARE = (
    r"(?:a|one|its) third\b(?! (?:rule|pod|one|gets|takes))|third (?:of|each|for)\b|thirds|1/3|33|1/n|equal|"
    r"same (?:chance|share|part|number|prob)|(?:get|take|have)s? the same\b|the same (?:for|as)\b"
)


def asked(trace: Trace) -> Observation:
    """What leaves the client first, apart from ARP."""
    trip = next(
        trip for trip in trace.journeys if trip.hops[0].node == "client" and trip.packet.protocol in ("udp", "tcp")
    )
    return at(DNS if trip.packet.protocol == "udp" else SYN, trip, trip.hops[0])


def where(trace: Trace) -> Observation:
    """The node that changes the destination."""
    trip = journey(trace, "SYN", source=CLIENT)
    hop = changed(trip, "ip.dst")
    return at(hop.node if hop else "", trip, hop)


def spread(trace: Trace) -> Observation:
    """How connections are spread over the pods."""
    pods = [after(trip, "ip.dst") for trip in journeys(trace, "SYN", source=CLIENT)]
    turns = all(a != b for a, b in pairwise(pods))
    trip = journey(trace, "SYN", source=CLIENT)
    return at(ALL if len(set(pods)) == 1 else TURNS if turns else CHANCE, trip, changed(trip, "ip.dst"))


def masked(trace: Trace) -> Observation:
    """The source that a pod sees for a request from outside."""
    trip = journey(trace, "SYN", source="198.51.100.2")
    hop = changed(trip, "ip.src")
    return at(HOST if hop else OUTSIDE, trip, hop)


def empty(trace: Trace) -> Observation:
    """What comes back if no pod is left."""
    back = [trip for trip in trace.journeys if trip.packet.protocol == "icmp" or "RST" in trip.packet.kind]
    return at(REFUSED, back[0], back[0].hops[0]) if back else Observation(SILENCE)


def chooses(trace: Trace) -> Observation:
    """How a fair choice among three pods works."""
    trip = journey(trace, "SYN", source=CLIENT)
    return at(
        "the first rule matches one time in three, the second one in two of the rest", trip, changed(trip, "ip.dst")
    )


def mended(trace: Trace) -> str:
    """What is wrong unless every connection is answered."""
    opened = journeys(trace, "SYN", source=CLIENT)
    if not opened:
        return "This trace has no requests: run the cell that sends them again."
    answers = [trip for trip in journeys(trace, "SYN, ACK") if trip.outcome.where.startswith("client/")]
    answered = {trip.packet.destination for trip in answers}
    silent = [trip for trip in opened if trip.packet.source not in answered]  # a SYN that was sent again has one answer
    if len(answers) >= len(opened) or not silent:
        return ""
    lost = [trip for trip in silent if not changed(trip, "ip.dst")]
    if lost:
        return f"{len(lost)} of {len(opened)} packets keep the destination 10.96.0.2, which no node has. What should change it?"
    return "Every packet gets a pod's address now, but not every pod answers."


def drained(trace: Trace) -> str:
    """What is wrong unless every connection gets to web-2, and is answered."""
    opened = journeys(trace, "SYN", source=CLIENT)
    if wrong := mended(trace):
        return wrong
    others = [trip for trip in opened if after(trip, "ip.dst") != "10.244.1.2"]
    return f"Every request is answered, but {len(others)} of {len(opened)} still went to web-1." if others else ""


TASKS = (
    Choice(
        "asked",
        "client requests http://web/. Which packet leaves it first?",
        asked,
        ("Is `web` an address?", "`cat /etc/resolv.conf` in client."),
        "The name must be resolved first, and the DNS server is a service too.",
        {
            SYN: "It does not know yet that web is 10.96.0.2.",
            ARP: "It never learns which pods there are.",
        },
        (SYN, DNS, ARP),
    ),
    Choice(
        "where",
        "Which node replaces 10.96.0.2 with the address of a pod?",
        where,
        ("Every host has all rules.", "Where does the packet pass a netfilter hook first?"),
        "The client's own host does it, before it routes the packet.",
        {
            "client": "client has no rules: try `nft list ruleset` there.",
            "router": "The router knows no services.",
            "n2": "The packet is changed before it is routed to the pod's host.",
        },
        NODES,
    ),
    Choice(
        "spread",
        "There are 16 connections and two pods. How many does each pod get?",
        spread,
        ("Which probability does the first KUBE-SEP rule have?",),
        "Each connection gets a pod at random, whatever the others got.",
        {
            ALL: "The rule matches with probability one half.",
            TURNS: "Nothing is counted. Each new connection gets a random pod.",
        },
        (ALL, TURNS, CHANCE),
    ),
    Choice(
        "masked",
        "outside sends a request to n1, port 30080. Which source address does the pod see?",
        masked,
        ("The pod may be on n2. Which way would its answer take to outside?",),
        "The answer must come back through the host that translated the request.",
        {
            OUTSIDE: "Then a pod on n2 would answer outside directly, from an address that outside did not send to.",
            SERVICE: "No interface has that address, so nothing is sent from it.",
        },
        (OUTSIDE, HOST, SERVICE),
    ),
    Choice(
        "empty",
        "The service has no pod left. What does client get?",
        empty,
        ("Look at KUBE-SERVICES in the table filter.",),
        "A rule rejects the connection, so that the client need not wait.",
        {SILENCE: "kube-proxy lays a rule for this case.", WEB1: "web-1 is no longer behind the service."},
        (SILENCE, REFUSED, WEB1),
    ),
    Text(
        "fair",
        "With three pods the rules match with probability 0.33, with 0.5, and always. Why is that fair?",
        chooses,
        ("How many packets reach the second rule?",),
        "The first takes a third, the second half of the other two thirds, the last what is left: a third each.",
        ideas=(
            Idea(
                r"\brest\b|remain|(?:is|are|what is|what's) left|\bother two|two others?|two thirds|2/3|0?\.67|\b6[67]|"
                r"past the first|\breach|only (?:sees|gets|applies|those|half of)|conditional|1/\(|fewer|"
                rf"(?:each|every|all)(?: (?!rule|connection|packet|request)\w+){{0,6}} (?:{SHARE})|"
                rf"(?:{SHARE}) (?:\w+ ){{0,3}}each\b|\bequal (?:chance|prob|share)",
                "Add which packets reach the second rule.",
            ),
            Idea(
                rf"{SHARE}|\b(?:two|2) (?:of|are|remain|left|other|three)|\bhalf (?:\w+ ){{0,2}}(?:of )?(?:{LEFT}|this)|"
                r"\beven(?:ly)?\b(?! if)",
                "Add how many packets that is, or what each pod gets.",
            ),
        ),
        contrary=(
            (r"unfair|unequal|not fair|n't fair", "It is fair. Count how many packets reach each rule."),
            (
                r"half of (?:all|everything|the (?:connections|requests|packets))|\b50 ?%|100 ?%|\bmost\b|gets everything|"
                r"^\s*(?:the )?second (?:pod |one )?(?:gets |takes |has )?(?:a |one )?"
                rf"half(?! (?:of (?:{LEFT})|a third))",
                "The second rule sees only what the first has left over, so half of that is less than half of all.",
            ),
        ),
        topics=("chance", "connections"),
    ),
    Exercise(
        "mend",
        "On n1 a chain KUBE-SEP-... is empty. Make every request of client succeed.",
        mended,
        (
            "`iptables -t nat -S | grep KUBE-SEP` on n1. Which chain has no DNAT rule?",
            "Add its rule again, take the pod out of the service, or let kube-proxy lay all its rules again.",
            "`iptables -t nat -A CHAIN -p tcp -j DNAT --to-destination 10.244.1.2:80` on n1 with the name of the empty chain, or "
            '`cluster.use("nftables")` in a cell of Python.',
        ),
        "The chain must translate again, or no rule may lead into it.",
    ),
    Exercise(
        "drain",
        "web-1 is to be replaced. Send all new requests of client to web-2, and let none of them fail.",
        drained,
        (
            "Whoever takes the pod out of the service need not touch a rule.",
            "`web.remove(web_1)` in a cell of Python; kube-proxy then lays its rules anew.",
        ),
        "A pod that is not an endpoint gets no new connections. Kubernetes does this when a pod is not ready.",
    ),
)
