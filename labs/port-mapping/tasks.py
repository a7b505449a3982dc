"""What the lesson on port mapping asks, and what makes a port reachable."""

from __future__ import annotations

from functools import partial

from cnetkit.learn import Address, Choice, Exercise, Idea, Seen, Text
from cnetkit.learn.looking import after, at, changed, journey, journeys, last, nodes
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

RULE, ENTRY, SERVER = "a second rule, for the answers", "the connection's entry", "web itself: it knows the host's port"
DOCK, WEB, NOBODY = "dock", "web", "nobody: it waits until its time is up"
FIRST, SECOND, TURNS = "web, whose rule is first", "client, whose rule is newer", "both in turn"
INSIDE, UP = "from port to port of the bridge", "up into dock and down again"
COUNTS = ("1", "3", "6")


def to_port(trace: Trace, port: int) -> list[Journey]:
    """The first packets of connections to a port of dock."""
    return [one for one in journeys(trace, "SYN") if one.packet.ends.destination_port == port]


def opening(trace: Trace) -> Journey:
    """The first packet of the first connection."""
    return journey(trace, "SYN")


def target(trace: Trace) -> Seen:
    """Which destination web sees."""
    one = opening(trace)
    seen = f"{after(one, 'ip.dst')}:{after(one, 'tcp.dstport')}"
    return at(seen, one, changed(one, "ip.dst"))


def source(trace: Trace) -> Seen:
    """Which source web sees."""
    one = opening(trace)
    return at(after(one, "ip.src") or one.packet.ends.source, one, changed(one, "ip.src"))


def back(trace: Trace) -> Seen:
    """What changes the answer back."""
    one = journey(trace, "SYN, ACK")
    hop = changed(one, "ip.src")
    quoted = [each.kind for each in hop.evidence] if hop else []
    translated = hop and any("NAT" in each.quote for each in hop.evidence)
    return at(RULE if translated else ENTRY if "conntrack" in quoted else SERVER, one, hop)


def beside(trace: Trace) -> Seen:
    """Which way the packet of client takes."""
    one = opening(trace)
    return at(UP if "docker0" in [hop.interface for hop in one.hops] else INSIDE, one, changed(one, "ip.dst"))


def refuses(trace: Trace) -> Seen:
    """Who refuses a port that nobody has published."""
    refusal = next((one for one in journeys(trace) if "RST" in one.packet.kind), None)
    if refusal is None:
        return at(NOBODY, opening(trace))
    return at(DOCK if refusal.hops[0].node == "dock" else WEB, refusal, refusal.hops[0])


def rules(trace: Trace) -> Seen:
    """How many rules there are for the three ports of a range."""
    ports = {f"--dport {port} " for port in (7001, 7002, 7003)}
    laid = [one for one in trace.recording.topologies[-1].rules if "-j DNAT" in one.text]
    count = sum(any(port in one.text for port in ports) for one in laid)
    one = next(iter(to_port(trace, 7002)), None) or opening(trace)
    return at(str(count), one, changed(one, "ip.dst"))


def clash(trace: Trace) -> Seen:
    """Who gets connections where two rules name the same port."""
    found = to_port(trace, 8080) or [opening(trace)]
    reached = {nodes(one)[-1] for one in found}
    return at(
        TURNS if len(reached) > 1 else FIRST if reached == {"web"} else SECOND, found[0], changed(found[0], "ip.dst")
    )


def remembered(trace: Trace) -> Seen:
    """The connection's entry at the answer."""
    one = journey(trace, "SYN, ACK")
    return at("the kernel remembers the connection and changes its answers back", one, changed(one, "ip.src"))


def comes_to(one: Journey) -> tuple[str, str]:
    """The node at which a packet ends, and the port that it asks for there."""
    return nodes(one)[-1], last(one, "tcp.dstport") or str(one.packet.ends.destination_port)


def answers(trace: Trace, asked: list[Journey], kind: str) -> list[Journey]:
    """The answers of a kind that outside has taken to one of these packets."""
    ports = {str(one.packet.ends.source_port) for one in asked}
    back = [one for one in journeys(trace) if kind in one.packet.kind and one.outcome.where.startswith("outside/")]
    return [one for one in back if (last(one, "tcp.dstport") or str(one.packet.ends.destination_port)) in ports]


def reachable(trace: Trace, port: int, name: str) -> str:
    """What is still wrong with a port of dock that should lead to a container's port 80, and no other port with it; empty
    where outside gets its answer."""
    asked = to_port(trace, port)
    if not asked:
        return f"Nobody asked for port {port} in this trace: run the cell that does."
    strangers = [one for one in journeys(trace, "SYN") if nodes(one)[0] == "outside" and one not in asked]
    reached = {comes_to(one) for one in journeys(trace, "SYN") if one not in strangers}
    if (name, "80") in reached and answers(trace, asked, "SYN, ACK"):
        taken = [str(one.packet.ends.destination_port) for one in strangers if comes_to(one)[0] == name]
        return (
            f"Port {port} leads to {name}, and now port {taken[0]} does, too: say for which port the rule is."
            if taken
            else ""
        )
    return missed(trace, port, name, {(node, at) for node, at in reached if node in ("web", "client")})


def missed(trace: Trace, port: int, name: str, reached: set[tuple[str, str]]) -> str:
    """How far packets to a port have come, where they have not done what they should; `reached`: containers and ports."""
    asked = to_port(trace, port)
    if (name, "80") in reached:
        return f"{name} is reached, and outside hears nothing of it."
    if other := [at for node, at in sorted(reached) if node == name]:
        return f"{name} is reached, on port {other[0]} instead of 80."
    if reached:
        return f"The packet arrives at {sorted(reached)[0][0]}: which address stands in the rule?"
    if answers(trace, asked, "SYN, ACK"):
        return f"dock answers itself: {name} hears nothing of it."
    if any(one.hops[0].node == "dock" for one in answers(trace, asked, "RST")):
        return f"dock refuses it itself: no rule of the chain DOCKER in the table nat takes port {port} any further."
    rule = next((each.quote for each in asked[0].hops[-1].evidence if "dnat" in each.quote.lower()), "no rule")
    return (
        f"“{rule}” changes it, and then the filter drops it: does the rule lead to {name}'s server, and does the chain "
        "DOCKER of the filter let that pass?"
    )


TASKS = (
    Address(
        "target",
        "outside sends to 203.0.113.1, port 8080. Which destination does web see? Answer as 'address:port'.",
        target,
        ("Whose address must a packet bear that web takes?", "web listens on port 80."),
        "A rule on dock writes web's address and port over its own.",
        {
            "203.0.113.1:8080": "That is no address of web: it would throw the packet away.",
            "172.17.0.2:8080": "The address is right; in web nobody listens on 8080.",
            "203.0.113.1:80": "The port is right; the address is dock's.",
        },
    ),
    Address(
        "source",
        "Which source address does web see?",
        source,
        ("The rule says `--to-destination`, nothing else.",),
        "The source is left as it was: web sees who asks.",
        {
            "172.17.0.1": "That is docker0. dock changes the destination only.",
            "203.0.113.1": "dock passes the packet on; it asks nothing itself.",
        },
    ),
    Choice(
        "back",
        "The answer leaves web from 172.17.0.2, port 80. What makes it 203.0.113.1, port 8080, again?",
        back,
        ("Look at the answer's hop where ip.src changes: what is quoted there?", "`conntrack -L` on dock."),
        "The kernel keeps each connection with both its forms, and uses it for every further packet.",
        {RULE: "No rule is asked for an answer: look at what is quoted.", SERVER: "web has never heard of port 8080."},
        (RULE, ENTRY, SERVER),
    ),
    Text(
        "why",
        "In your own words: why does dock need no rule for the answers?",
        remembered,
        ("What does dock keep of a connection?",),
        "The connection's entry holds both directions.",
        ideas=(
            Idea(r"remember|\bke[ep]|\bkn[eo]w|entr[yi]|track|table|\bstate\b|stor", "Say what dock has by then."),
            Idea(r"connection|flow|conntrack|packet|both|direction|pair|translat", "Say of what."),
        ),
        contrary=(
            (r"\bweb (?:\w+ )?(?:remembers|knows|keeps)", "Who remembers is dock: web has never heard of port 8080."),
            (
                r"(?:second|another|reverse|other|masquerade|snat) rule|rule for (?:the )?answers?",
                "No rule is asked for an answer: look at what is quoted where it is changed.",
            ),
        ),
    ),
    Choice(
        "beside",
        "client, on the same bridge, asks for 203.0.113.1:8080, too. Which way does its packet take to web?",
        beside,
        ("Where is the destination changed: before the bridge decides, or after?", "`bridge-nf-call-iptables` is 1."),
        "With br_netfilter the rules count inside the bridge: the packet turns round there.",
        {UP: "It would, without br_netfilter. Here the bridge asks the rules before it looks where the packet goes."},
        (INSIDE, UP),
    ),
    Address(
        "itself",
        "web asks for its own published port, 203.0.113.1:8080. Which source address does it see then?",
        source,
        (
            "Would a machine take a packet from its own address that comes in by a wire?",
            "`iptables -t nat -S POSTROUTING`",
        ),
        "A second rule hides web from itself, or it would answer without the way back over dock.",
        {
            "172.17.0.2": "web would answer itself over its own loopback, and the answer's address would not be changed back.",
            "203.0.113.1": "That is whom it asks. The rule is MASQUERADE on the way out of docker0.",
        },
    ),
    Choice(
        "refuses",
        "Port 9090 is published by nobody. outside asks for it. Who refuses?",
        refuses,
        ("No rule changes the destination: whose address does the packet keep?",),
        "It stays a packet to dock, and dock has no server there.",
        {
            WEB: "No rule takes it there.",
            NOBODY: "That is how it looks where a firewall drops it. dock is more polite.",
        },
        (DOCK, WEB, NOBODY),
    ),
    Choice(
        "rules",
        "`-p 7001-7003:80-82` publishes a range of three ports. How many DNAT rules does that make?",
        rules,
        ("`iptables -t nat -S DOCKER` on dock.",),
        "One a port: Docker knows no ranges in its rules.",
        {"1": "iptables could do it in one; Docker lays one a port.", "6": "Answers need no rule."},
        COUNTS,
    ),
    Choice(
        "clash",
        "By hand you append a rule that gives port 8080 to client, too. Who gets the next connections?",
        clash,
        ("A chain is read from the top.",),
        "The first rule that matches ends the search. The kernel minds no double port: it is Docker that refuses one.",
        {
            SECOND: "Appended means at the end, and the chain is read from the top.",
            TURNS: "That would need a rule with a chance in it, as Kubernetes has it.",
        },
        (FIRST, SECOND, TURNS),
    ),
    Exercise(
        "mend",
        "The chain DOCKER of the table nat has been emptied. Make port 8080 lead to web's port 80 again, and no other port.",
        partial(reachable, port=8080, name="web"),
        (
            "`iptables -t nat -S` on dock. Which line of above is missing?",
            "`iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80`",
        ),
        "One rule is enough: the filter's is still there.",
    ),
    Exercise(
        "publish",
        "Publish port 9090 of dock to client's port 80 by hand, and change nothing for other ports.",
        partial(reachable, port=9090, name="client"),
        (
            "Two rules: one changes the destination, one lets the packet pass the filter.",
            "`iptables -t nat -A DOCKER -p tcp --dport 9090 -j DNAT --to-destination 172.17.0.3:80`",
            "`iptables -A DOCKER -d 172.17.0.3 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT`",
        ),
        "These are the rules that `docker run -p 9090:80` lays.",
    ),
)
