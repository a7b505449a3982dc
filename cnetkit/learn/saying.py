"""Whether a text states a word or denies it: a rule about words, clause by clause. It understands nothing.

A word is denied where a denial stands up to REACH words before it in its clause. A clause ends at punctuation, at a word
that joins, and at a pronoun, where a new sentence is likely to begin ("it need not ask it knows the address").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

REACH = 5
_DENIAL = re.compile(
    r"\b(?:not(?! (?:only|just|merely)\b)|no(?! (?:need|matter|wonder)\b)|never|none|nobody|nothing(?! but\b)|neither|nor|"
    r"without|cannot|\w+n't|(?:do|does|did|is|are|was|has|have|ca|wo)nt|forg[eo]ts?|forgotten|fail(?:s|ed)?|lacks?|lacking|"
    r"lost|loses?)\b"
)
_END = re.compile(
    r"[.,;:!?](?=\s|$)|[()\u2013\u2014]|\b(?:because|since|as|so|but|and|while|whereas|although|though|which|that|who|when|if|then|"
    r"it|they|he|she|we|there)\b"
)


def read(text: object) -> str:
    """A text as it is compared: in small letters, with single spaces and plain apostrophes."""
    return " ".join(str(text).lower().replace("\u2019", "'").split())


def stated(pattern: str, text: str) -> bool:
    """Whether a text that was read has these words (a regular expression) anywhere undenied."""
    return any(not denial for denial in _found(pattern, text))


def denied(pattern: str, text: str) -> str:
    """The words with which it denies them first, or empty."""
    return next((denial for denial in _found(pattern, text) if denial), "")


def _found(pattern: str, text: str) -> Iterator[str]:
    """For each place of the pattern its denial, up to the end of the word; empty where it is stated."""
    for clause in _END.split(text):
        for place in re.finditer(rf"(?:{pattern})\w*", clause):
            begin = sum(map(len, re.findall(r"\S+\s*", clause[: place.start()])[:-REACH]))
            denial = next((one for one in _DENIAL.finditer(clause, begin) if one.start() < place.start()), None)
            yield clause[denial.start() : place.end()] if denial else ""
