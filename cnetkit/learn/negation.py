"""What free text states and what it denies, clause by clause, by rules about words without grammar.

A word counts as denied if a negation stands at most REACH words before it in its clause ("has no": anywhere before it), or "no"
right after it ("knows nothing"). A clause ends at punctuation, at a conjunction, and at a pronoun, where a new sentence probably
begins ("it need not ask it knows the address"). A clause after "if" states nothing, nor does one with another subject than the
question is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

REACH = 5
_NEGATION = re.compile(
    r"\b(?:not(?! (?:only|just|merely)\b)|no(?! (?:need|matter|wonder)\b)|never|none|nobody|nothing(?! but\b)|neither|nor|"
    r"without|cannot|\w+n't|(?:do|does|did|is|are|was|has|have|ca|wo)nt|forg[eo]ts?|forgotten|fail(?:s|ed)?|lacks?|lacking|"
    r"(?<!is )(?<!was )(?<!get )(?<!got )(?<!gets )(?<!been )lost|loses?)\b"
)
_LACK = re.compile(
    r"\b(?:has|have|had|got|is|are|was|were|with|knows?|keeps?) (?:no|not any)\b(?! (?:need|matter|wonder|longer)\b)"
)
_AFTER = re.compile(r"\s+(?:no|none|nothing)\b(?! (?:need|but|longer)\b)")
_END = re.compile(
    r"[.,;:!?](?=\s|$)|[()\u2013\u2014]|\b(?:because|since|as|so|but|and|while|whereas|although|though|which|that|who|when|then|"
    r"it|they|he|she|we|there)\b|\b(?=(?:if|unless)\b)"
)
_SUPPOSED = re.compile(r"\s*(?:if|unless)\b")


def read(text: object) -> str:
    """A text as it is compared: in lower case, with single spaces and plain apostrophes."""
    return " ".join(str(text).lower().replace("\u2019", "'").split())


def stated(pattern: str, text: str, others: str = "") -> bool:
    """Whether a text, as `read` gives it, has these words (a regular expression) without a negation.

    `others`: subjects whose clauses do not count.
    """
    return any(not denial for denial in _denials(pattern, text, others))


def denied(pattern: str, text: str, others: str = "") -> str:
    """Its first words that deny them; empty if there are none."""
    return next((denial for denial in _denials(pattern, text, others) if denial), "")


def mentioned(pattern: str, text: str) -> str:
    """The first words of a text that match and have no negation before them; empty if there are none."""
    found = (match for clause in _END.split(text) for match in _matches(pattern, clause) if not _before(clause, match))
    return next((match[0] for match in found), "")


def _denials(pattern: str, text: str, others: str) -> Iterator[str]:
    """For each match of the pattern its words together with their negation; empty if it has none."""
    other = re.compile(rf"\s*(?:(?:the|an?|each|every|only) )?(?:{others})(?!'s)\b") if others else None
    for clause in _END.split(text):
        if _SUPPOSED.match(clause) or (other and other.match(clause)):
            continue
        for match in _matches(pattern, clause):
            after = _AFTER.match(clause, match.end())
            yield _before(clause, match) or (match[0] + after[0] if after else "")


def _matches(pattern: str, clause: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?:{pattern})\w*", clause)


def _before(clause: str, match: re.Match[str]) -> str:
    """The words from a negation before a match to its end; empty if there is none within REACH."""
    begin = sum(map(len, re.findall(r"\S+\s*", clause[: match.start()])[:-REACH]))
    negations = (*_LACK.finditer(clause), *_NEGATION.finditer(clause, begin))
    negation = next((word for word in negations if word.end() <= match.start()), None)
    return clause[negation.start() : match.end()] if negation else ""
