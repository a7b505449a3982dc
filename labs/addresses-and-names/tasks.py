"""The questions of the lesson on addresses and names, and the exercises with the engine's own commands."""

from __future__ import annotations

from cnetkit.learn import Address, Choice, Exercise, Observation
from cnetkit.learn.looking import arrived, at, journey, journeys, nodes
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace
from cnetkit.trace.journey import Journey

FILES = "172.18.0.80"
ENGINE, ROUTER, ITSELF = "the engine, inside till", "the DNS server on router", "shop"
TILLS, DOCKS, NOBODYS = "a rule in till", "a rule on dock", "nobody: the engine listens there on port 53"
OUT, WITHIN, NOWHERE = "to the DNS server on router", "to 127.0.0.11, in web", "nowhere: /etc/hosts has the name"
NONE, ASKED, ANSWERED = "none", "one, to the DNS server on router", "one, to 127.0.0.11"
BOTH, SINGLE = "two, of shop and of kiosk", "one, of shop or of kiosk in turn"
ASTRAY, THROUGH = "out on the bridge of trial, where no machine has the address", "to router, as before"
REFUSED = "nowhere: the engine does not make the network"


def questions(trace: Trace, name: str) -> list[Journey]:
    """The questions for the address of a name, without the answers, in the order in which they were sent."""
    return [trip for trip in trace.journeys if trip.says == f"DNS A {name}"]


def answers(trace: Trace, name: str) -> list[Journey]:
    """The answers to them."""
    return [trip for trip in trace.journeys if trip.says.startswith(f"DNS A {name}: ")]


def first(trips: list[Journey], name: str) -> Journey:
    """The first journey. CnetkitError if there is none."""
    if not trips:
        raise CnetkitError(f"this trace has no question for the name {name}: run the cell that asks it again")
    return trips[0]


def reused(trace: Trace) -> Observation:
    """The address at which kiosk is asked."""
    trip = journey(trace, "SYN")
    return at(trip.packet.ends.destination, trip)


def answering(trace: Trace) -> Observation:
    """The node in which the question for shop is answered."""
    trip = first(answers(trace, "shop"), "shop")
    kinds = {"till": ENGINE, "router": ROUTER}
    return at(kinds.get(trip.hops[0].node, ITSELF), trip, trip.hops[0])


def port(trace: Trace) -> Observation:
    """Who changes the port to which till sends its question."""
    trip = first(questions(trace, "shop"), "shop")
    rules = [(hop.node, hop) for hop in trip.hops for proof in hop.evidence if proof.kind == "nft-rule"]
    node, hop = rules[0] if rules else ("", trip.hops[-1])
    return at({"till": TILLS, "dock": DOCKS}.get(node, NOBODYS), trip, hop)


def forwarded(trace: Trace) -> Observation:
    """The source address of the question that reaches router."""
    name = "files.office.example"
    trip = first([trip for trip in questions(trace, name) if trip.hops[-1].node == "router"], name)
    return at(trip.packet.ends.source, trip)


def default(trace: Trace) -> Observation:
    """Where a question of a container on the default bridge goes."""
    trips = [trip for trip in trace.journeys if trip.says.startswith("DNS A shop")]
    if not trips:
        return Observation(NOWHERE)
    return at(OUT if "router" in nodes(trips[0]) else WITHIN, trips[0])


def linked(trace: Trace) -> Observation:
    """Which server a container with a link asks for the name."""
    trips = [trip for trip in trace.journeys if trip.says.startswith("DNS ")]
    if not trips:
        trip = journey(trace, "SYN")
        return at(NONE, trip, trip.hops[0])
    return at(ASKED if "router" in nodes(trips[0]) else ANSWERED, trips[0])


def alias(trace: Trace) -> Observation:
    """How many addresses the answer for store has."""
    trip = first(answers(trace, "store"), "store")
    return at(BOTH if ", " in trip.says else SINGLE, trip, trip.hops[0])


def clash(trace: Trace) -> Observation:
    """Where dock looks for the office's server."""
    sent = [trip for trip in journeys(trace, "SYN") if trip.packet.ends.destination == FILES]
    if sent:
        return at(THROUGH, sent[0])
    asking = [trip for trip in journeys(trace, protocol="arp") if trip.packet.ends.destination == FILES]
    trip = next((trip for trip in asking if trip.hops[0].node == "dock"), None)
    return at(ASTRAY, trip, trip.hops[0]) if trip else Observation(ASTRAY)


def named(trace: Trace) -> str:
    """What is wrong unless till, asking for http://front/, gets its answer from web."""
    if arrived(trace, "SYN, ACK", "web", "till"):
        return ""
    replies = answers(trace, "front")
    if not replies:
        return "This trace has no answer for the name front: run the cell that asks for it again."
    found = replies[-1].says.partition(": ")[2]
    if found == "NXDOMAIN":
        return "No server knows the name front yet. Which of web's networks is till on, and by which name does it know web there?"
    return f"The name front leads to {found}, and the answer comes from somewhere else than web, or there is none."


def reachable(trace: Trace) -> str:
    """What is wrong unless both dock and guest get an answer from the office."""
    served = [name for name in ("dock", "guest") if arrived(trace, "SYN, ACK", "office", name)]
    if len(served) == 2:
        return ""
    if not served:
        return f"Neither dock nor guest reaches {FILES}. `ip route get {FILES}` on dock says which way it takes."
    if served == ["dock"]:
        return "dock reaches the office again, guest does not. Does guest run, and what is its own subnet?"
    return f"guest reaches the office, dock does not. `ip route get {FILES}` on dock says which way it takes."


TASKS = (
    Address(
        "reused",
        "shop, annex and till have 10.20.0.2, .3 and .4. annex is removed, and then kiosk starts, without `--ip`. Which address "
        "does kiosk get?",
        reused,
        ("The engine keeps a list of what is in use, and nothing else.",),
        "The engine gives the lowest address that is free, and does not remember who had it.",
        {
            "10.20.0.5": "That is the next one that was never used. Where does till send its request?",
            "10.20.0.1": "That is dock's own, on the bridge: the gateway of the containers.",
        },
    ),
    Choice(
        "answering",
        "till asks for http://shop/, and its /etc/resolv.conf has `nameserver 127.0.0.11`. Who answers the question for the name "
        "shop?",
        answering,
        ("127.0.0.0/8 is the loopback network of whoever sends.", "`ss -lnup` in till."),
        "The engine opens a socket inside till's network stack: question and answer pass till's lo, and nothing else.",
        {
            ROUTER: "Nothing leaves till. Look at the nodes of the answer.",
            ITSELF: "shop is asked only after its address is known.",
        },
        (ENGINE, ROUTER, ITSELF),
    ),
    Choice(
        "port",
        "till's programs send their questions to 127.0.0.11, port 53. Look at the first hop of the question: it has another "
        "destination port already. Who changed it?",
        port,
        ("`iptables -t nat -S` in till, and `ss -lnup`.",),
        "The engine lays rules into till's own network stack: port 53 stays free for a DNS server that runs in the container.",
        {
            DOCKS: "The packet never comes to dock's own stack.",
            NOBODYS: "`ss -lnup` in till: no socket has port 53.",
        },
        (TILLS, DOCKS, NOBODYS),
    ),
    Address(
        "forwarded",
        "till asks for files.office.example, a name that the engine does not know: so the DNS server on router is asked. Which "
        "source address does that question have?",
        forwarded,
        ("Who sends it: till, or the engine?",),
        "The engine asks as a program of dock, from dock's own stack, so no address is translated on the way.",
        {
            "10.20.0.4": "till asks 127.0.0.11 only. Who sends the second question?",
            "127.0.0.1": "That is the source of the first question, on till's lo.",
            "127.0.0.11": "That is where till asks. An address of 127.0.0.0/8 never leaves a machine.",
        },
    ),
    Choice(
        "default",
        "web is on the default bridge, and asks for http://shop/. Where does its question go?",
        default,
        ("`docker exec web cat /etc/resolv.conf`.",),
        "On the default bridge the engine copies the host's resolv.conf, so web asks router, which knows no containers.",
        {
            WITHIN: "Look at the nodes: does the question stay in web?",
            NOWHERE: "web has no link. How many questions has the trace?",
        },
        (OUT, WITHIN, NOWHERE),
    ),
    Choice(
        "linked",
        "once runs on the default bridge with `--link web`, and asks for http://web/. How many DNS questions does it send?",
        linked,
        ("A link writes into a file of the container.",),
        "The engine wrote web into the /etc/hosts of once, which is read before any server is asked.",
        {
            ASKED: "Look for packets to port 53: there are none.",
            ANSWERED: "The default bridge has no server at 127.0.0.11. Look for packets to it.",
        },
        (NONE, ASKED, ANSWERED),
    ),
    Choice(
        "alias",
        "shop and kiosk both have the network alias store. till asks for the address of store. How many addresses are in the "
        "answer?",
        alias,
        ("A DNS answer may have several records.",),
        "The answer has all of them, shuffled, and the program that asked takes the first that works.",
        {SINGLE: "Read the answer in the trace: it has a comma."},
        (BOTH, SINGLE),
    ),
    Choice(
        "clash",
        f"The office's server {FILES} lies behind router, dock's default gateway. You type `docker network create trial`, "
        "without a subnet. Where does dock's next request to that server go?",
        clash,
        ("172.17.0.0/16 is docker0's. Which subnet comes next?", f"`ip route get {FILES}` on dock."),
        "The engine took 172.18.0.0/16, since dock has no interface in it: a network behind a gateway is none that it sees.",
        {
            THROUGH: "The new bridge is a more exact route than the default route. Has router a frame of it?",
            REFUSED: "`docker network ls`: it is there.",
        },
        (ASTRAY, THROUGH, REFUSED),
    ),
    Exercise(
        "named",
        "till must get its answer for http://front/ from web. Use docker commands; web and till keep running.",
        named,
        (
            "A name belongs to a container on one network.",
            "`docker network connect --help`",
            "`docker network connect --alias front app web`",
        ),
        "`docker network connect --alias front app web` gives web an address on app, and the name there.",
    ),
    Exercise(
        "reachable",
        f"dock and a container guest, on a network trial, must both reach the office's server {FILES}.",
        reachable,
        (
            "A network's subnet cannot be changed: remove guest and the network, and make both anew.",
            "`docker network create --subnet 10.30.0.0/24 trial`",
            "`docker rm -f guest; docker network rm trial; docker network create --subnet 10.30.0.0/24 trial; "
            "docker run -d --name guest --network trial host sleep infinity`",
        ),
        "With a subnet that nobody else uses, dock's default route leads to the office again, and so does guest's.",
    ),
)
