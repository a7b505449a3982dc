"""The selection language: parses `tcp.port == 80 and dropped` into a small tree. Described in docs/selection.md.

    selection = all { ("or" | "||") all }
    all       = part { ("and" | "&&") part }
    part      = ("not" | "!") part | "(" selection ")" | "hop" "(" selection ")" | "changed" "(" FIELD ")" | test
    test      = FIELD [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "contains") VALUE | "in" "{" VALUE { [","] VALUE } "}" ]

The text of a tree parses to the same tree. Nothing is looked up in a trace, and nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches

from cnetkit.model import CnetkitError
from cnetkit.trace.query.fields import CHANGES, FIELDS
from cnetkit.trace.query.values import KINDS, Value

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "contains", "in")
TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>==|!=|<=|>=|&&|\|\||[<>!(){},=])|(?P<word>[^\s"(){},=<>!&|]+))"""
)
SAME = {"&&": "and", "||": "or", "!": "not"}
QUOTED = 120
"""The most characters of a wrong selection that an error message repeats."""
DEEPEST = 50
"""The most parentheses and negations inside each other."""


@dataclass(frozen=True, slots=True)
class Term:
    """`field operator values`, or the bare field without an operator."""

    field: str
    operator: str = ""
    values: tuple[Value, ...] = ()

    def __str__(self) -> str:
        kind = KINDS[FIELDS[self.field]]
        written = [kind.write(value) for value in self.values]
        if self.operator == "in":
            return f"{self.field} in {{{', '.join(written)}}}"
        return " ".join((self.field, self.operator, *written)) if self.operator else self.field


@dataclass(frozen=True, slots=True)
class Changed:
    """Hops that changed this field."""

    field: str

    def __str__(self) -> str:
        return f"changed({self.field})"


@dataclass(frozen=True, slots=True)
class AtHop:
    """A single hop that matches all of it."""

    part: Expression

    def __str__(self) -> str:
        return f"hop({self.part})"


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match."""

    part: Expression

    def __str__(self) -> str:
        return f"not {self.part}" if not isinstance(self.part, Both) else f"not ({self.part})"


@dataclass(frozen=True, slots=True)
class Both:
    """Two or more parts, joined by `and` or by `or`."""

    word: str
    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(f"({part})" if isinstance(part, Both) else str(part) for part in self.parts)


Expression = Term | Changed | AtHop | Not | Both


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text, and its position."""

    kind: str
    text: str
    at: int


def parse(expression: str) -> Expression:
    """Parses `expression`. CnetkitError if it is wrong: one sentence that names the position."""
    if not isinstance(expression, str):
        raise CnetkitError(f"a selection is text such as 'tcp.port == 80', not {type(expression).__name__}")
    return _Reader(expression).whole()


class _Reader:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens: list[Token] = []
        at, end = 0, len(expression.rstrip())
        while at < end:
            match = TOKEN.match(expression, at)
            if match is None or match.lastgroup is None:
                at += len(expression[at:]) - len(expression[at:].lstrip())
                raise self._wrong(
                    Token("", expression[at], at), "is not closed" if expression[at] == '"' else "fits nowhere"
                )
            kind = match.lastgroup
            self._tokens.append(Token(kind, SAME.get(match[kind], match[kind]), match.start(kind)))
            at = match.end()
        self._tokens.append(Token("end", "", len(expression)))
        self._next = self._depth = 0

    def whole(self) -> Expression:
        """Parses all of it."""
        if self._here.kind == "end":
            raise CnetkitError("the selection is empty: write one such as 'tcp.port == 80 and dropped'")
        node = self._any()
        if self._here.kind != "end":
            raise self._wrong(self._here, "comes after the end: join two parts with 'and' or 'or'")
        return node

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._here
        self._next += token.kind != "end"
        return token

    def _is(self, *texts: str) -> bool:
        return self._here.kind != "text" and self._here.text in texts

    def _wrong(self, token: Token, why: str) -> CnetkitError:
        place = f"at character {token.at + 1}: {token.text!r}" if token.text else "at its end:"
        return CnetkitError(f"the selection {self._around(token.at)!r} is wrong {place} {why}")

    def _around(self, at: int) -> str:
        """The expression; if it is long, the part around `at`."""
        whole, first = self._expression, max(at - QUOTED // 2, 0)
        before, after = "… " if first else "", " …" if first + QUOTED < len(whole) else ""
        return whole if len(whole) <= QUOTED else f"{before}{whole[first : first + QUOTED]}{after}"

    def _expect(self, text: str, why: str) -> None:
        if not self._is(text):
            problem = f"appears where {text!r} is needed" if self._here.text else f"{text!r} is missing"
            raise self._wrong(self._here, f"{problem} {why}")
        self._take()

    def _any(self) -> Expression:
        return self._joined("or", lambda: self._joined("and", self._part))

    def _joined(self, word: str, read: Callable[[], Expression]) -> Expression:
        parts = [read()]
        while self._is(word):
            self._take()
            parts.append(read())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def _part(self) -> Expression:
        token = self._here
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(token, f"is more than {DEEPEST} levels deep: use fewer parentheses")
        node = self._inside(token)
        self._depth -= 1
        return node

    def _inside(self, token: Token) -> Expression:
        if self._is("not"):
            self._take()
            return Not(self._part())
        if self._is("("):
            self._take()
            node = self._any()
            self._expect(")", "to close the parenthesis")
            return node
        if self._is("hop", "changed") and self._tokens[self._next + 1].text == "(":
            self._take()
            self._take()
            made = AtHop(self._any()) if token.text == "hop" else Changed(self._field(CHANGES))
            self._expect(")", f"to close {token.text!r}")
            return made
        return self._test()

    def _field(self, names: Collection[str]) -> str:
        token = self._take()
        if token.kind == "word" and token.text in names:
            return token.text
        if not token.text:
            raise self._wrong(token, "the name of a field is missing")
        if token.text in FIELDS:
            raise self._wrong(token, f"is not a field that a hop can change: use one of {', '.join(sorted(names))}")
        near = get_close_matches(token.text, names, 1)
        raise self._wrong(
            token, "is not a field: " + (f"write {near[0]!r}" if near else "docs/selection.md lists all fields")
        )

    def _test(self) -> Term:
        start = self._here
        name = self._field(FIELDS)
        kind = KINDS[FIELDS[name]]
        if self._is("="):
            raise self._wrong(self._here, "is not an operator: write '=='")
        if not self._is(*OPERATORS):
            if not kind.bare:
                raise self._wrong(start, f"needs an operator and a value, such as '{name} == {kind.example}'")
            return Term(name)
        operator = self._take()
        if operator.text not in kind.operators:
            allowed = " ".join(kind.operators)
            raise self._wrong(operator, f"does not fit {name}: it takes {allowed or 'no operator'}")
        if operator.text != "in":
            return Term(name, operator.text, (self._value(name, ranges=operator.text in ("==", "!=")),))
        self._expect("{", f"as in '{name} in {{{kind.example}}}'")
        values = [self._value(name)]
        while not self._is("}"):
            if self._is(","):
                self._take()
            values.append(self._value(name))
        self._take()
        return Term(name, "in", tuple(values))

    def _value(self, name: str, ranges: bool = True) -> Value:
        token, kind = self._take(), KINDS[FIELDS[name]]
        if token.kind not in ("word", "text"):
            raise self._wrong(
                token, f"appears where {kind.noun} is needed" if token.text else f"{kind.noun} is missing"
            )
        text = re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "text" else token.text
        try:
            value = kind.read(text)
            if isinstance(value, tuple) and not ranges:
                raise ValueError(text)
            return value
        except ValueError:
            raise self._wrong(token, f"is not {kind.noun}, such as {kind.example}") from None
