"""The questions of the lesson on port mapping, and the exercises that make a port reachable."""

from __future__ import annotations

from functools import partial

from cnetkit.learn import Address, Choice, Exercise, Idea, Observation, Text
from cnetkit.learn.looking import after, at, changed, journey, journeys, last, nodes
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

RULE, ENTRY, SERVER = "a second rule, for the answers", "the connection's entry", "web itself: it knows the host's port"
DOCK, WEB, NOBODY = "dock", "web", "nobody: it waits until its time is up"
FIRST, SECOND, TURNS = "web, whose rule is first", "client, whose rule is newer", "both in turn"
INSIDE, UP = "from port to port of the bridge", "up into dock, where a rule leads it to web"
PROXY = "to a program on dock, which opens a connection of its own to web"
COUNTS = ("1", "3", "6")


def to_port(trace: Trace, port: int) -> list[Journey]:
    """The first packets of connections to a port of dock."""
    return [trip for trip in journeys(trace, "SYN") if trip.packet.ends.destination_port == port]


def opening(trace: Trace) -> Journey:
    """The first packet of the first connection."""
    return journey(trace, "SYN")


def target(trace: Trace) -> Observation:
    """The destination that web sees."""
    trip = opening(trace)
    destination = f"{after(trip, 'ip.dst')}:{after(trip, 'tcp.dstport')}"
    return at(destination, trip, changed(trip, "ip.dst"))


def source(trace: Trace) -> Observation:
    """The source that web sees."""
    trip = opening(trace)
    return at(after(trip, "ip.src") or trip.packet.ends.source, trip, changed(trip, "ip.src"))


def seen(trace: Trace) -> Observation:
    """The source that web sees, by whatever connection reaches it."""
    trip = next(trip for trip in reversed(journeys(trace, "SYN")) if nodes(trip)[-1] == "web")
    return at(after(trip, "ip.src") or trip.packet.ends.source, trip, trip.hops[-1])


def back(trace: Trace) -> Observation:
    """What changes the answer back."""
    trip = journey(trace, "SYN, ACK")
    hop = changed(trip, "ip.src")
    quoted = [evidence.kind for evidence in hop.evidence] if hop else []
    translated = hop and any("NAT" in evidence.quote for evidence in hop.evidence)
    return at(RULE if translated else ENTRY if "conntrack" in quoted else SERVER, trip, hop)


def beside(trace: Trace) -> Observation:
    """The way that the packet of client takes."""
    trip = opening(trace)
    if nodes(trip)[-1] == "dock":
        return at(PROXY, trip, trip.hops[-1])
    return at(UP if "docker0" in [hop.interface for hop in trip.hops] else INSIDE, trip, changed(trip, "ip.dst"))


def refuses(trace: Trace) -> Observation:
    """The node that refuses a port that is not published."""
    refusal = next((trip for trip in journeys(trace) if "RST" in trip.packet.kind), None)
    if refusal is None:
        return at(NOBODY, opening(trace))
    return at(DOCK if refusal.hops[0].node == "dock" else WEB, refusal, refusal.hops[0])


def rules(trace: Trace) -> Observation:
    """The number of rules for a range of three ports."""
    ports = {f"--dport {port} " for port in (7001, 7002, 7003)}
    laid = [trip for trip in trace.recording.topologies[-1].rules if "-j DNAT" in trip.text]
    count = sum(any(port in trip.text for port in ports) for trip in laid)
    trip = next(iter(to_port(trace, 7002)), None) or opening(trace)
    return at(str(count), trip, changed(trip, "ip.dst"))


def clash(trace: Trace) -> Observation:
    """The container that gets the connections if two rules name the same port."""
    opened = to_port(trace, 8080) or [opening(trace)]
    reached = {nodes(trip)[-1] for trip in opened}
    return at(
        TURNS if len(reached) > 1 else FIRST if reached == {"web"} else SECOND, opened[0], changed(opened[0], "ip.dst")
    )


def remembered(trace: Trace) -> Observation:
    """The hop of the answer that quotes the connection's entry."""
    trip = journey(trace, "SYN, ACK")
    return at(
        "the kernel keeps an entry for the connection and translates its answers back", trip, changed(trip, "ip.src")
    )


def comes_to(trip: Journey) -> tuple[str, str]:
    """The node where a packet ends, and its destination port there."""
    return nodes(trip)[-1], last(trip, "tcp.dstport") or str(trip.packet.ends.destination_port)


def answers(trace: Trace, asked: list[Journey], kind: str) -> list[Journey]:
    """The answers of a kind to one of these packets that were delivered at outside."""
    ports = {str(trip.packet.ends.source_port) for trip in asked}
    back = [trip for trip in journeys(trace) if kind in trip.packet.kind and trip.outcome.where.startswith("outside/")]
    return [trip for trip in back if (last(trip, "tcp.dstport") or str(trip.packet.ends.destination_port)) in ports]


def reachable(trace: Trace, port: int, name: str, proxied: bool = True) -> str:
    """What is wrong unless a port of dock, and no other port, leads to a container's port 80 and outside gets its answer.

    `proxied`: a program on dock may stand in between.
    """
    asked = to_port(trace, port)
    if not asked:
        return f"This trace has no request for port {port}: run the cell that sends it."
    strangers = [trip for trip in journeys(trace, "SYN") if nodes(trip)[0] == "outside" and trip not in asked]
    every = {comes_to(trip) for trip in journeys(trace, "SYN") if trip not in strangers}
    reached = every if proxied else {comes_to(trip) for trip in asked}
    if (name, "80") in reached and answers(trace, asked, "SYN, ACK"):
        taken = [str(trip.packet.ends.destination_port) for trip in strangers if comes_to(trip)[0] == name]
        return (
            f"Port {port} leads to {name}, but now port {taken[0]} does too. Limit the rule to one port."
            if taken
            else ""
        )
    if (name, "80") in every - reached:
        return f"A program on dock answers and asks {name} itself, so {name} sees dock's address. No rule leads the packet there."
    return missed(trace, port, name, {(node, at) for node, at in reached if node in ("web", "client")})


def missed(trace: Trace, port: int, name: str, reached: set[tuple[str, str]]) -> str:
    """How far packets to a port get if they do not get where they should. `reached`: (container, port) pairs."""
    asked = to_port(trace, port)
    if (name, "80") in reached:
        return f"The packet reaches {name}, but outside gets no answer."
    if wrong := [at for node, at in sorted(reached) if node == name]:
        return f"The packet reaches {name} at port {wrong[0]} instead of 80."
    if reached:
        return f"The packet reaches {sorted(reached)[0][0]}. Which address does the rule name?"
    if answers(trace, asked, "SYN, ACK"):
        return f"dock answers itself, and the packet does not reach {name}."
    if any(trip.hops[0].node == "dock" for trip in answers(trace, asked, "RST")):
        return f"dock refuses it, because no rule of the chain DOCKER in the table nat translates port {port}."
    rule = next((item.quote for item in asked[0].hops[-1].evidence if "dnat" in item.quote.lower()), "no rule")
    return (
        f"“{rule}” translates it, and then the filter drops it. Does the rule lead to the server in {name}, and does the chain "
        "DOCKER of the table filter accept it before its DROP?"
    )


TASKS = (
    Address(
        "target",
        "outside sends to 203.0.113.1, port 8080. Which destination does web see? Answer as 'address:port'.",
        target,
        ("Which destination address must a packet have so that web accepts it?", "web listens on port 80."),
        "A rule on dock replaces its own address and port with those of web.",
        {
            "203.0.113.1:8080": "web does not have that address and would drop the packet.",
            "172.17.0.2:8080": "The address is right, but nothing listens on port 8080 in web.",
            "203.0.113.1:80": "The port is right, but that is the address of dock.",
        },
    ),
    Address(
        "source",
        "Which source address does web see?",
        source,
        ("The rule says `--to-destination` and nothing else.",),
        "The source stays the same, so web sees who sends the request.",
        {
            "172.17.0.1": "That is docker0. dock changes only the destination.",
            "203.0.113.1": "dock forwards the packet and sends no request of its own.",
        },
    ),
    Choice(
        "back",
        "The answer leaves web from 172.17.0.2, port 80. What changes that back to 203.0.113.1, port 8080?",
        back,
        ("Look at the hop of the answer where ip.src changes. What is quoted there?", "`conntrack -L` on dock."),
        "The kernel keeps an entry with both tuples of the connection, and uses it for every further packet.",
        {RULE: "No rule applies to an answer. Look at what is quoted.", SERVER: "web does not know port 8080."},
        (RULE, ENTRY, SERVER),
    ),
    Text(
        "why",
        "In your own words: why does dock need no rule for the answers?",
        remembered,
        ("What does dock keep about a connection?",),
        "The connection's entry holds both directions.",
        ideas=(
            Idea(
                r"remember|\bke[ep]|\bkn[eo]w|entr[yi]|track|\btable|\bstate|\bstor|\brevers|\brecord|\bsave|\bnote[ds]?\b|"
                r"recogni[sz]e|\bundo",
                "Add what dock has by then.",
            ),
            Idea(
                r"connection|\bflow|conntrack|direction|both (?:\w+ ){0,2}(?:tuple|address)|\bpair|translat|mapping|"
                r"original|what (?:it|was)|\bnat\b|backward|changed",
                "Add what it is about.",
            ),
        ),
        contrary=(
            (r"\bweb (?:\w+ )?(?:remembers|knows|keeps)", "dock keeps the entry. web does not know port 8080."),
            (
                r"(?:second|another|reverse|other|masquerade|snat) rule|rule for (?:the )?answers?|"
                r"nat table|(?:same|one) rule (?:\w+ ){0,2}(?:match|appl|work)|by the same rule|"
                r"(?:keep|remember|store|know)s? (?:the|a) (?:rule|port)|symmetric|works in both|matches the answer",
                "No rule applies to an answer. Look at what is quoted where it is changed.",
            ),
            (
                r"(?:not|n't|never) (?:\w+ )?(?:changed|translated|used)\b",
                "Compare the source of the answer at both ends.",
            ),
        ),
        others=r"web|outside|client|server|router|bridge|packet|container|tcp header",
        topics=("connections", "translation"),
    ),
    Choice(
        "beside",
        "client, on the same bridge, also sends a request to 203.0.113.1:8080. Which way does its packet take to web?",
        beside,
        ("The packet comes in by docker0. Does the DNAT rule apply to it?", "Who listens on port 8080 of dock?"),
        "The rule does not apply to what comes in by docker0, so the packet stays addressed to dock. docker-proxy listens there.",
        {
            INSIDE: "That is the way without docker-proxy. Here no rule changes the destination.",
            UP: "It goes up into dock, but the rule says `! -i docker0`.",
        },
        (INSIDE, UP, PROXY),
    ),
    Address(
        "itself",
        "web sends a request to its own published port, 203.0.113.1:8080. Which source address does the server in web see?",
        seen,
        ("Which node opens the connection that reaches the server?", "`ip route get 172.17.0.2` on dock."),
        "docker-proxy opens that connection, and the kernel gives it dock's address on docker0.",
        {
            "172.17.0.2": "The connection of web ends at docker-proxy, which opens another one.",
            "203.0.113.1": "That is the destination of the request. dock reaches web through docker0 and uses its address there.",
        },
    ),
    Choice(
        "refuses",
        "Port 9090 is not published. outside sends a request to it. Who refuses?",
        refuses,
        ("No rule changes the destination. Whose address does the packet keep?",),
        "The packet stays addressed to dock, and no server listens there.",
        {
            WEB: "No rule leads there.",
            NOBODY: "That happens if a firewall drops the packet. Here dock refuses at once.",
        },
        (DOCK, WEB, NOBODY),
    ),
    Choice(
        "rules",
        "`-p 7001-7003:80-82` publishes a range of three ports. How many DNAT rules does that need?",
        rules,
        ("`iptables -t nat -S DOCKER` on dock.",),
        "Docker lays one rule for each port.",
        {"1": "iptables could use one rule, but Docker lays one for each port.", "6": "Answers need no rule."},
        COUNTS,
    ),
    Choice(
        "clash",
        "By hand you append a rule that also leads port 8080 to client. Who gets the next connections?",
        clash,
        ("The kernel reads a chain from the top.",),
        "The first matching rule ends the search. The kernel allows both rules; it is Docker that refuses a port that is taken.",
        {
            SECOND: "An appended rule stands at the end, and the chain is read from the top.",
            TURNS: "That would need a rule with a probability, as in Kubernetes.",
        },
        (FIRST, SECOND, TURNS),
    ),
    Exercise(
        "mend",
        "The chain DOCKER of the table nat is empty. Make port 8080, and no other port, lead packets of outside to port 80 of "
        "web again, without docker-proxy in between.",
        partial(reachable, port=8080, name="web", proxied=False),
        (
            "`iptables -t nat -S` on dock. Which of the rules above is missing?",
            "`iptables -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80`",
        ),
        "One rule is enough, because the rule of the filter is still there.",
    ),
    Exercise(
        "publish",
        "Publish port 9090 of dock to port 80 of client by hand. Change nothing for other ports.",
        partial(reachable, port=9090, name="client"),
        (
            "You need two rules: one translates the destination, the other accepts the packet in the filter.",
            "`iptables -t nat -A DOCKER -p tcp --dport 9090 -j DNAT --to-destination 172.17.0.3:80`",
            "The chain of the filter ends with a DROP, so insert: "
            "`iptables -I DOCKER -d 172.17.0.3 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT`",
        ),
        "Docker lays the same two rules for `-p 9090:80`, the first with `! -i docker0`, and starts a docker-proxy.",
    ),
)
