"""What free text speaks of. An answer that explains by something which has no part in what was asked is not marked as right."""

from __future__ import annotations

from cnetkit.learn import negation

TOPICS = {
    "addresses": r"\barp\b|neighbou?r|\bmac\b",
    "bridges": r"\bbridg|\bswitch|\bfdb\b|\bhairpin",
    "chance": r"\brandom|\bchance|\bprobab",
    "connections": r"\bconntrack|\btrack|\bconnections?\b",
    "everybody": r"\bflood|\bbroadcast|\beverybody|\bcop(?:y|ied|ies)\b",
    "filters": r"\bfirewall|\brefus|\bblock|\bdrop|\bforbid|\bpermi|\bpolic|\bfilter|\baccept|\ballow|\bencrypt",
    "load": r"\bload\b|\bbus[iy]|\bfewest|\bfaster\b|\bslow|\bbandwidth|\bmeasure",
    "names": r"\bdns\b|\bby names?\b|\bnames? (?:server|could)|\bresolver",
    "processes": r"\bprocess|\bpid\b|\broot\b|\bprox(?:y|ies)\b|\bsocket|\blisten|\bcgroup",
    "people": r"\badministrator|\bconfigured\b|\bby hand",
    "routes": r"\broute|\brouting|\bgateway",
    "time": r"\bwait|\bslow|\btoo l(?:ong|ate)|\bseconds\b|\btake(?:s)? turns|\bin turns?\b|\bttl\b|\bat a time",
    "translation": r"\b[ds]?nat\b|\bmasquerad|\btranslat|\breplac|\brewrit|\bproxy",
}
"""Each topic's words, as a regular expression."""


def strange(text: str, home: tuple[str, ...]) -> str:
    """The first words of a text, as `negation.read` gives it, that belong to none of the topics of `home`; empty if all do."""
    found = (negation.mentioned(words, text) for topic, words in TOPICS.items() if topic not in home)
    return next((words for words in found if words), "")
