"""The questions of the lesson on the way out of the host, and the exercises on the addresses that a host gives its containers."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Observation, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys, last
from cnetkit.trace import Trace

NODES = ("c0", "dock", "router", "server")
RULE, ENTRY, ROUTE = "a rule of the nat table", "the connection's entry", "a route of the router"
SHARED, OWN = "192.0.2.2", "192.0.2.3"
COUNTS = ("not at all", "once", "twice", "three times")
OTHER = r"\b(?:(?:an)?other|differ|new|chang|unique|own|free|fresh|unused|second|renumber|rewr[io]t|translat|replac|assign)\w*"


def source(trace: Trace) -> Observation:
    """The source address that the server sees."""
    trip = journey(trace, "SYN", source="172.17.0.2")
    return at(after(trip, "ip.src") or trip.packet.ends.source, trip, changed(trip, "ip.src"))


def who(trace: Trace) -> Observation:
    """The node that changes the source address."""
    trip = journey(trace, "SYN", source="172.17.0.2")
    hop = changed(trip, "ip.src")
    return at(hop.node if hop else "server", trip, hop)


def lowered(trace: Trace) -> Observation:
    """How often the time to live is decreased."""
    trip = journey(trace, "SYN", source="172.17.0.2")
    hops = [hop for hop in trip.hops if any(change.field == "ip.ttl" for change in hop.changes)]
    return at(COUNTS[len(hops)], trip, hops[-1] if hops else None)


def back(trace: Trace) -> Observation:
    """The evidence for the translation of the answer."""
    trip = journey(trace, "SYN, ACK")
    hop = changed(trip, "ip.dst")
    rules = hop is not None and any("NAT" in evidence.quote or "MASQ" in evidence.quote for evidence in hop.evidence)
    return at(RULE if rules else ENTRY, trip, hop)


def apart(trace: Trace) -> Observation:
    """How the answers to two containers are told apart."""
    trip = journeys(trace, "SYN, ACK")[-1]
    return at("each connection has its own entry, which contains the ports", trip, changed(trip, "ip.dst"))


def mended(trace: Trace) -> str:
    """What is wrong unless the answer arrives."""
    if arrived(trace, "echo reply", "server", "c0"):
        return ""
    ends = [trip.hops[-1] for trip in journeys(trace, "echo reply") if trip.outcome.kind == "dropped"]
    if any("PREROUTING -d 172.17.0.2/32" in one.quote for hop in ends for one in hop.evidence):
        return "The answer reaches dock, and a rule of the table raw drops it there: it is addressed to the container itself."
    senders = [trip.hops[0].node for trip in journeys(trace, "echo reply") if trip.hops[0].node != "server"]
    if senders:
        return (
            f"{senders[0]} answers itself: it has the address 198.51.100.2 now, and the ping does not reach the server."
        )
    hops = [hop for trip in journeys(trace, "echo request") for hop in trip.hops]
    if not any(hop.node == "router" for hop in hops):
        return "The ping does not leave dock. Does dock still forward (`sysctl net.ipv4.ip_forward`)?"
    if any(hop.node == "server" for hop in hops):
        return "The server receives the ping and answers. Follow the answer: which node has no route to 172.17.0.2?"
    return "The ping leaves dock and ends at the router. Look there."


def seen(trace: Trace, sender: str) -> str:
    """The source address with which the pings of a node reach server; empty if none does."""
    pings = [trip for trip in journeys(trace, "echo request") if trip.hops[0].node == sender]
    reached = [trip for trip in pings if any(hop.node == "server" for hop in trip.hops)]
    return last(reached[0], "ip.src") or reached[0].packet.ends.source if reached else ""


def known(trace: Trace) -> str:
    """What is wrong unless server sees c0 as 192.0.2.2 and c1 as 192.0.2.3, and both get their answers."""
    for name, wanted in (("c0", SHARED), ("c1", OWN)):
        source = seen(trace, name)
        if not source:
            return f"The ping of {name} does not reach the server. Look where it ends."
        if name == "c0" and source == OWN:
            return f"Now the server sees c0 as {OWN}, too. Which packets does your rule apply to?"
        if source == SHARED != wanted and any(OWN in rule.text for rule in trace.recording.topologies[-1].rules):
            return f"There is a rule with {OWN}, but the server still sees {SHARED}. Rules are tried in order: which is first?"
        if source != wanted:
            return f"The server sees {name} as {source}, and it shall see {wanted}."
        if not arrived(trace, "echo reply", "server", name):
            return (
                f"The server sees {name} as {wanted} and answers, but the answer does not reach {name}. "
                f"router asks who has {wanted}: who says so, and does it lead to dock?"
            )
    return ""


TASKS = (
    Address(
        "source",
        "c0 requests a page from the server. Which source address does the server see?",
        source,
        ("172.17.0.2 is a private address. Could the server answer to it?", "`ip route` in server and in router."),
        "dock replaces the container's address with its own.",
        {
            "172.17.0.2": "Then the answer would go to 172.17.0.2, and the router has no route to it.",
            "172.17.0.1": "That is the address of the bridge, which is as private as the container's.",
            "192.0.2.1": "That is the address of the router, which forwards and changes no address.",
        },
    ),
    Choice(
        "who",
        "Which node changes it?",
        who,
        ("It must happen before the packet reaches nodes that have no route to 172.17.0.0/16.",),
        "A Docker host masquerades packets that leave through another interface than the bridge.",
        {
            "router": "The router only forwards. Compare the packet before and after it.",
            "c0": "c0 sends with its own address and does not know that of its host.",
            "server": "It has been changed before it reaches the server.",
        },
        NODES,
    ),
    Choice(
        "ttl",
        "How often is the packet's time to live decreased on its way?",
        lowered,
        ("Each node that routes a packet decreases it by one. A bridge does not.",),
        "dock and router each route the packet once.",
        {
            "once": "One more node routes it: dock itself.",
            "three times": "The bridge does not route, so it leaves the time to live as it is.",
        },
        COUNTS,
    ),
    Choice(
        "back",
        "The answer is sent to 192.0.2.2. How does dock know that it is for c0?",
        back,
        ("Which evidence is quoted where `ip.dst` changes?",),
        "The kernel keeps an entry for each connection and translates its answers back.",
        {
            RULE: "Rules of the nat table apply to the first packet of a connection only.",
            ROUTE: "The router sends it to dock and does not know c0.",
        },
        (RULE, ENTRY, ROUTE),
    ),
    Text(
        "apart",
        "c1 requests the same page from the same port. How does dock tell the two answers apart?",
        apart,
        ("Compare the two connection entries.",),
        "By the source port of each connection.",
        ideas=(
            Idea(
                rf"{OTHER} (?:\w+ ){{0,3}}ports?\b|\bports? (?:\w+ ){{0,5}}{OTHER}|port translat|\bpat\b|"
                r"\bby (?:(?:the|their|its) )?(?:source |destination |outside |translated )?ports?\b|which (?:\w+ )?port|"
                r"\b(?:entry|entries|tuples?|conntrack|connection tracking)\b",
                "Both answers go to 192.0.2.2. Add what is different about them.",
                denied=r"same (?:\w+ )?port|ports? (?:\w+ ){0,3}same",
            ),
        ),
        contrary=(
            (
                r"\bsame (?:source )?(?:port|entry|connection)|(?:ports?|entry|entries) (?:is|are|stays?) (?:the )?same",
                "If that were the same, dock could not tell them apart. Compare the source of each connection.",
            ),
            (
                r"ports? of (?:c0|c1|both|the (?:bridge|server|container))|(?:bridge|server|container)'?s? ports?\b|\bport 80\b",
                "That port is the same for both, or has no part in it. Compare the source of each connection.",
            ),
            (r"\brules?\b", "No rule applies to an answer."),
        ),
        others=r"c0|c1|server|router|bridge|containers?",
        topics=("translation", "connections"),
    ),
    Exercise(
        "mend",
        "The POSTROUTING chain of dock has been flushed. Make c0's ping come back. Every way is right.",
        mended,
        (
            "Follow the answer in the trace. How far does it get?",
            "Masquerade the source again: the rule is above, in the output of `iptables -t nat -S POSTROUTING`.",
        ),
        "`iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE` on dock. A route on the router is not "
        "enough: Docker drops what is routed to a container's own address, in the table raw.",
    ),
    Exercise(
        "known",
        "Harder: server shall see c1 as 192.0.2.3, an address of its own, and c0 as 192.0.2.2 as before. "
        "Both shall get their answers.",
        known,
        (
            "Masquerading takes an address of the interface. SNAT takes the one that you name. Which rule comes first?",
            "`iptables -t nat -I POSTROUTING -s 172.17.0.3 -o eth0 -j SNAT --to-source 192.0.2.3`",
            "router must find 192.0.2.3: `ip address add 192.0.2.3/28 dev eth0`",
        ),
        "A rule for c1 alone, before the one that masquerades, and an address for which dock answers router's ARP request.",
    ),
)
