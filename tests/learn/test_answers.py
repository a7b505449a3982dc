"""Free-text answers to the questions of the lessons: right answers in many words, wrong ones by denial or by the opposite."""

import pytest

from cnetkit import catalog
from cnetkit.learn import Observation, Text

ANSWERS = {
    ("start-here", "why"): (
        ["It has kept the MAC address in its neighbour table", "left already knows where 10.0.0.1 is",
         "It need not ask, it remembers right's address", "the ARP cache holds the mac of right",
         "Because it doesn't have to: right's MAC is stored", "it already has the link address",
         "it already has a neighbour entry", "because the ARP cache still has the answer"],
        ["it does not know the MAC address", "It has forgotten right's address", "never kept any address", "luck",
         "it knows", "because right didn't answer",
         "the MAC address is in the neighbour table of right", "right knows the address of left"],
    ),
    ("namespaces", "why"): (
        ["it has no interface but lo", "its network namespace is empty", "There is only a loopback interface, and it is down",
         "no route", "the new namespace lost the cable", "it doesn't have eth0 any more"],
        ["it has an interface", "right refused the connection of the new interface", "no luck", "the network was not down",
         "a firewall blocks the new namespace's network",
         "right has no route to the interface"],
    ),
    ("bridge", "why"): (
        ["It has learned the port of c1", "the bridge knows where c1 is", "The bridge doesn't flood it: it knows the port",
         "dock's forwarding table has c1's MAC by now", "The first was flooded, now it remembers the cable"],
        ["the bridge does not know the port of c1", "It never learned where c1 is", "no idea", "it learned",
         "c2 ignores it since the table has its port"],
    ),
    ("out-of-the-host", "apart"): (
        ["by their ports", "each connection has an entry of its own", "conntrack", "not by address, by port"],
        ["magic", "not by the ports", "by the address", "both have the same port", "the ports are the same"],
    ),
    ("port-mapping", "why"): (
        ["it remembers the connection", "dock keeps an entry for both directions", "conntrack knows the flow",
         "There is no rule asked, the connection tracking table has it",
         "The NAT is stateful, so the reverse mapping is applied automatically"],
        ["dock does not remember the connection", "it forgets the connection", "web remembers the connection", "magic",
         "a second rule in the table changes the packets", "it remembers"],
    ),
    ("overlay", "why"): (
        ["It sees the hosts' addresses only", "it never looks inside", "The router does not see the inner addresses",
         "packets are wrapped, it forwards between n1 and n2", "It only reads the outer header"],
        ["it does not see the outer addresses", "it sees the inner address, not the outer one", "because", "the host",
         "the router reads the inner header", "It looks at the container addresses"],
    ),
    ("pod", "why"): (
        ["each host has a route", "every node knows the way to all subnets", "There is no NAT because each host has a route",
         "Pod addresses are unique in all of the cluster",
         "pod addresses are routed, not translated, so no NAT"],
        ["no host has a route", "the hosts do not know a way", "every host translates all routes", "because", "by the way",
         "they are not translated", "each node masquerades its subnet"],
    ),
    ("service", "fair"): (
        ["only two of three reach the second rule", "a third, half of the rest, what is left: a third each",
         "The second sees 2/3, half of that is a third", "every pod gets 33%"],
        ["luck", "only some", "it is unfair to the other third", "never a third, and not equal", "not every pod gets the same"],
    ),
}  # fmt: skip
CASES = [
    (*question, answer, right) for question, both in ANSWERS.items() for right in (0, 1) for answer in both[1 - right]
]


def text(lab, name):
    return next(task for task in catalog.tasks(lab) if task.name == name)


def test_every_free_text_question_is_tested_here():
    questions = {
        (lab, task.name) for lab in catalog.questioned() for task in catalog.tasks(lab) if isinstance(task, Text)
    }
    assert questions == ANSWERS.keys()


@pytest.mark.parametrize(("lab", "name", "answer", "right"), CASES)
def test_a_free_text_answer_is_marked_by_what_it_states(lab, name, answer, right):
    question = text(lab, name)
    assert question.right(question.read(answer), Observation("")) == bool(right)


def test_the_model_answers_are_marked_as_right():
    for lab, name in ANSWERS:
        question = text(lab, name)
        assert question.right(question.read(question.because), Observation("")), (lab, question.because)
