"""What the lesson on the way out of the host asks, and what mends it when nobody masquerades."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Idea, Seen, Text
from cnetkit.learn.looking import after, arrived, at, changed, journey, journeys
from cnetkit.trace import Trace

NODES = ("c0", "dock", "router", "server")
RULE, ENTRY, ROUTE = "a rule of the nat table", "the connection's entry", "a route of the router"
COUNTS = ("not at all", "once", "twice", "three times")


def source(trace: Trace) -> Seen:
    """The source that the server sees."""
    one = journey(trace, "SYN", source="172.17.0.2")
    return at(after(one, "ip.src") or one.packet.ends.source, one, changed(one, "ip.src"))


def who(trace: Trace) -> Seen:
    """Who changes the source."""
    one = journey(trace, "SYN", source="172.17.0.2")
    hop = changed(one, "ip.src")
    return at(hop.node if hop else "server", one, hop)


def lowered(trace: Trace) -> Seen:
    """How often the time to live is lowered."""
    one = journey(trace, "SYN", source="172.17.0.2")
    hops = [hop for hop in one.hops if any(change.field == "ip.ttl" for change in hop.changes)]
    return at(COUNTS[len(hops)], one, hops[-1] if hops else None)


def back(trace: Trace) -> Seen:
    """What the way back is explained by."""
    one = journey(trace, "SYN, ACK")
    hop = changed(one, "ip.dst")
    rules = hop is not None and any("NAT" in each.quote or "MASQ" in each.quote for each in hop.evidence)
    return at(RULE if rules else ENTRY, one, hop)


def apart(trace: Trace) -> Seen:
    """The answers to two containers."""
    one = journeys(trace, "SYN, ACK")[-1]
    return at("each connection has an entry, with the ports in it", one, changed(one, "ip.dst"))


def mended(trace: Trace) -> str:
    """Whether an answer arrives."""
    if arrived(trace, "echo reply", "server", "c0"):
        return ""
    if others := [one.hops[0].node for one in journeys(trace, "echo reply") if one.hops[0].node != "server"]:
        return f"{others[0]} answers itself: 198.51.100.2 is among its addresses now. The server hears nothing of the ping."
    seen = [hop for one in journeys(trace, "echo request") for hop in one.hops]
    if not any(hop.node == "router" for hop in seen):
        return "The ping does not even leave dock: does it still forward (`sysctl net.ipv4.ip_forward`)?"
    if any(hop.node == "server" for hop in seen):
        return "The server gets the ping and answers. Follow the answer: who does not know where 172.17.0.2 is?"
    return "The ping leaves dock and ends at the router: look there."


TASKS = (
    Address(
        "source",
        "c0 asks the server for a page. Which source address does the server see?",
        source,
        ("172.17.0.2 is a private address. Could the server answer it?", "`ip route` in server and in router."),
        "The host puts its own address in place of the container's.",
        {
            "172.17.0.2": "Then the answer would go to 172.17.0.2, and the router has no way there.",
            "172.17.0.1": "That is the bridge's address: as private as the container's.",
            "192.0.2.1": "That is the router's address. It forwards, and changes no address.",
        },
    ),
    Choice(
        "who",
        "Who changes it?",
        who,
        ("It must be done before the packet leaves for where nobody knows 172.17.0.0/16.",),
        "Docker's host masquerades what leaves by another interface than the bridge.",
        {
            "router": "The router only forwards: compare what comes in with what goes out.",
            "c0": "c0 knows nothing of the host's address.",
            "server": "It is changed long before.",
        },
        NODES,
    ),
    Choice(
        "ttl",
        "How often is the packet's time to live lowered on its way?",
        lowered,
        ("Each machine that routes lowers it once. A bridge does not.",),
        "dock and router each route it once.",
        {
            "once": "There is one more machine that routes: dock itself.",
            "three times": "The bridge is no router: it leaves the packet as it is.",
        },
        COUNTS,
    ),
    Choice(
        "back",
        "The answer comes to 192.0.2.2. By what does dock know that it is for c0?",
        back,
        ("Which evidence is quoted where `ip.dst` changes?",),
        "The kernel keeps an entry for each connection.",
        {
            RULE: "Rules of the nat table are asked for a connection's first packet only.",
            ROUTE: "The router sends it to dock, and knows nothing of c0.",
        },
        (RULE, ENTRY, ROUTE),
    ),
    Text(
        "apart",
        "c1 asks the same server at the same port. By what does dock tell the two answers apart?",
        apart,
        ("Compare the two connection entries.",),
        "By the port that each connection began from.",
        ideas=(
            Idea(
                r"port|entry|entries|connection|conntrack|tuple",
                "Both go to 192.0.2.2 port something: what is different?",
            ),
        ),
        contrary=(
            (
                r"\bsame (?:source )?(?:port|entry|connection)|(?:ports?|entry|entries) (?:is|are) (?:the )?same",
                "If that were the same, nobody could tell them apart: compare where each connection began.",
            ),
        ),
    ),
    Exercise(
        "mend",
        "Somebody has flushed the host's POSTROUTING chain. Make c0's ping come back: anywhere, by any means.",
        mended,
        (
            "Follow the answer in the trace: how far does it come?",
            "Either the source is changed again, or the router learns a way to 172.17.0.0/16.",
        ),
        "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE, or a route on the router.",
    ),
)
