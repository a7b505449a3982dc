"""Negation in free text: whether a text states a word or denies it. A rule about words, clause by clause, without grammar.

A word counts as denied if a negation stands at most REACH words before it in its clause. A clause ends at punctuation, at a
conjunction, and at a pronoun, where a new sentence probably begins ("it need not ask it knows the address").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

REACH = 5
_NEGATION = re.compile(
    r"\b(?:not(?! (?:only|just|merely)\b)|no(?! (?:need|matter|wonder)\b)|never|none|nobody|nothing(?! but\b)|neither|nor|"
    r"without|cannot|\w+n't|(?:do|does|did|is|are|was|has|have|ca|wo)nt|forg[eo]ts?|forgotten|fail(?:s|ed)?|lacks?|lacking|"
    r"lost|loses?)\b"
)
_END = re.compile(
    r"[.,;:!?](?=\s|$)|[()\u2013\u2014]|\b(?:because|since|as|so|but|and|while|whereas|although|though|which|that|who|when|if|then|"
    r"it|they|he|she|we|there)\b"
)


def read(text: object) -> str:
    """A text as it is compared: in lower case, with single spaces and plain apostrophes."""
    return " ".join(str(text).lower().replace("\u2019", "'").split())


def stated(pattern: str, text: str) -> bool:
    """Whether a text, as `read` gives it, has these words (a regular expression) anywhere without a negation."""
    return any(not denial for denial in _denials(pattern, text))


def denied(pattern: str, text: str) -> str:
    """Its first words that deny them; empty if there are none."""
    return next((denial for denial in _denials(pattern, text) if denial), "")


def _denials(pattern: str, text: str) -> Iterator[str]:
    """For each match of the pattern the words from its negation to its end; empty if it has no negation."""
    for clause in _END.split(text):
        for match in re.finditer(rf"(?:{pattern})\w*", clause):
            begin = sum(map(len, re.findall(r"\S+\s*", clause[: match.start()])[:-REACH]))
            negations = (word for word in _NEGATION.finditer(clause, begin) if word.start() < match.start())
            negation = next(negations, None)
            yield clause[negation.start() : match.end()] if negation else ""
