"""What the lesson on services asks, and what mends a service that leads nowhere every other time."""

from __future__ import annotations

from itertools import pairwise

from cnetkit.learn import Choice, Exercise, Idea, Seen, Text
from cnetkit.learn.looking import after, at, changed, journey, journeys
from cnetkit.trace import Trace

NODES = ("client", "n1", "router", "n2")
DNS, ARP, SYN = "a question for a name, to 10.96.0.10", "a connection to web-1", "a connection to 10.96.0.2"
ALL, TURNS, CHANCE = "one pod gets all of them", "they take turns", "by chance, about half each"
OUTSIDE, HOST, SERVICE = "that of outside", "one of n1", "the service's, 10.96.0.2"
SILENCE, REFUSED, WEB1 = "nothing: it times out", "a refusal, at once", "an answer of web-1 all the same"
CLIENT = "10.244.0.3"


def asked(trace: Trace) -> Seen:
    """What leaves the client first, but for ARP."""
    one = next(one for one in trace.journeys if one.hops[0].node == "client" and one.packet.protocol in ("udp", "tcp"))
    return at(DNS if one.packet.protocol == "udp" else SYN, one, one.hops[0])


def where(trace: Trace) -> Seen:
    """Who changes the destination."""
    one = journey(trace, "SYN", source=CLIENT)
    hop = changed(one, "ip.dst")
    return at(hop.node if hop else "", one, hop)


def spread(trace: Trace) -> Seen:
    """How connections are spread."""
    pods = [after(one, "ip.dst") for one in journeys(trace, "SYN", source=CLIENT)]
    turns = all(a != b for a, b in pairwise(pods))
    one = journey(trace, "SYN", source=CLIENT)
    return at(ALL if len(set(pods)) == 1 else TURNS if turns else CHANCE, one, changed(one, "ip.dst"))


def masked(trace: Trace) -> Seen:
    """Which source a pod sees of somebody outside."""
    one = journey(trace, "SYN", source="198.51.100.2")
    hop = changed(one, "ip.src")
    return at(HOST if hop else OUTSIDE, one, hop)


def empty(trace: Trace) -> Seen:
    """What comes back where no pod is left."""
    back = [one for one in trace.journeys if one.packet.protocol == "icmp" or "RST" in one.packet.kind]
    return at(REFUSED, back[0], back[0].hops[0]) if back else Seen(SILENCE)


def chooses(trace: Trace) -> Seen:
    """How three pods are chosen from fairly."""
    one = journey(trace, "SYN", source=CLIENT)
    return at(
        "the first rule matches one time in three, the second one in two of the rest", one, changed(one, "ip.dst")
    )


def mended(trace: Trace) -> str:
    """Whether every connection is answered."""
    opened = journeys(trace, "SYN", source=CLIENT)
    if not opened:
        return "Nobody asked: run the cell with the requests again."
    answers = [one for one in journeys(trace, "SYN, ACK") if one.outcome.where.startswith("client/")]
    answered = {one.packet.destination for one in answers}
    silent = [one for one in opened if one.packet.source not in answered]  # a SYN that was sent again has one answer
    if len(answers) >= len(opened) or not silent:
        return ""
    lost = [one for one in silent if not changed(one, "ip.dst")]
    if lost:
        return f"{len(lost)} of {len(opened)} packets keep 10.96.0.2 as their destination, where nobody is: who should change it?"
    return "Every packet gets a pod's address now, but not every pod answers."


TASKS = (
    Choice(
        "asked",
        "client asks for http://web/. Which packet leaves it first?",
        asked,
        ("What is `web`? An address?", "`cat /etc/resolv.conf` in client."),
        "A name must be found first: the DNS is a service too.",
        {
            SYN: "How should it know that web is 10.96.0.2?",
            ARP: "It does not know which pods there are, and never will.",
        },
        (SYN, DNS, ARP),
    ),
    Choice(
        "where",
        "Which node puts a pod's address in place of 10.96.0.2?",
        where,
        ("Every host has all rules.", "Where does the packet pass a netfilter hook first?"),
        "The client's own host, before it routes.",
        {
            "client": "client has no rules at all: `nft list ruleset` there.",
            "router": "The router knows of no service.",
            "n2": "The packet is changed before anybody has to know on which host the pod is.",
        },
        NODES,
    ),
    Choice(
        "spread",
        "16 connections and two pods. Who gets how many?",
        spread,
        ("Which probability has the first KUBE-SEP rule?",),
        "Each connection is decided by itself, by chance.",
        {ALL: "The rule matches one time in two.", TURNS: "Nothing counts: each new connection throws a die."},
        (ALL, TURNS, CHANCE),
    ),
    Choice(
        "masked",
        "outside asks n1 at port 30080. Which source address does the pod see?",
        masked,
        ("The pod may be on n2. By which way would its answer go to outside?",),
        "The answer must come back by the host that translated.",
        {
            OUTSIDE: "Then a pod on n2 would answer outside directly, from an address that outside never asked.",
            SERVICE: "No interface has that address, and nothing is sent from it.",
        },
        (OUTSIDE, HOST, SERVICE),
    ),
    Choice(
        "empty",
        "No pod is left behind the service. What does client get?",
        empty,
        ("KUBE-SERVICES of the filter table.",),
        "A rule refuses for the service: better than to wait.",
        {SILENCE: "kube-proxy lays a rule for just this case.", WEB1: "web-1 is no longer behind it."},
        (SILENCE, REFUSED, WEB1),
    ),
    Text(
        "fair",
        "Three pods: the rules match with probability 0.33, 0.5 and always. Why is that fair?",
        chooses,
        ("How many packets reach the second rule at all?",),
        "A third, half of the other two thirds, and what is left: a third each.",
        ideas=(
            Idea(
                r"third|rest|remain|left|other|2/3|already|\bonly\b|reach|second",
                "Say which packets come to the second rule.",
            ),
            Idea(
                r"third|\btwo\b|2/3|1/3|half|equal|same|each|33|even\b",
                "Say how many of them that is, or what each pod gets.",
            ),
        ),
        contrary=((r"unfair|unequal", "It is fair: reckon how many packets each rule gets to see."),),
    ),
    Exercise(
        "mend",
        "On n1 one chain KUBE-SEP-... was emptied. Make every request of client succeed.",
        mended,
        (
            "`iptables -t nat -S | grep KUBE-SEP` on n1: which chain has no DNAT?",
            "Lay its rule again, take the pod out of the service, or let kube-proxy lay everything anew.",
        ),
        "The chain must translate again, or nothing may lead into it.",
    ),
)
