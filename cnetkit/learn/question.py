"""Questions about what will happen, answered before the run and marked against the capture: one kind, one class.

Each says its `truth`: a function that finds the answer in a trace. So no answer stands here that the packets do not give.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cnetkit.learn import saying
from cnetkit.learn.result import Seen
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace

Truth = Callable[[Trace], Seen]


@dataclass(frozen=True)
class Question:
    """What all kinds have. `mistakes`: for a wrong answer, in the form that `read` gives it, what to tell its giver."""

    name: str
    text: str
    truth: Truth
    hints: tuple[str, ...] = ()
    because: str = ""
    """Why it is so, in a sentence or two: what `solution()` adds to the answer."""
    mistakes: Mapping[Any, str] = field(default_factory=dict)

    def shown(self) -> str:
        """The question as a learner reads it."""
        return self.text

    def read(self, given: Any) -> Any:  # noqa: ANN401 - each kind takes its own
        """An answer as it is compared. CnetkitError where it cannot be one."""
        return given

    def right(self, given: Any, seen: Seen) -> bool:  # noqa: ANN401
        """Whether an answer that was read agrees with what was seen."""
        return bool(given == self.read(seen.answer))

    def agreed(self, seen: Seen) -> str:
        """For a right answer: what to say besides the hop."""
        return ""

    def parting(self, given: Any, seen: Seen) -> str:  # noqa: ANN401
        """For a wrong answer: where it and the capture part."""
        return self.mistakes.get(given, f"You said {given}; the capture shows {seen.answer}.")

    def parts(self, given: Any, seen: Seen) -> Seen:  # noqa: ANN401
        """For a wrong answer: the hop at which it shows."""
        return seen


@dataclass(frozen=True)
class Choice(Question):
    """One of several options, given by its letter or its text."""

    options: tuple[str, ...] = ()

    def shown(self) -> str:
        """With a line for each option."""
        return "\n".join([self.text, *(f"  {chr(97 + n)}) {option}" for n, option in enumerate(self.options))])

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """The option's text."""
        words = str(given).strip()
        if len(words) == 1 and 0 <= ord(words.lower()) - 97 < len(self.options):
            return self.options[ord(words.lower()) - 97]
        found = [option for option in self.options if option.lower() == words.lower()]
        if not found:
            letters = ", ".join(chr(97 + n) for n in range(len(self.options)))
            raise CnetkitError(f"{given!r} is none of the options of {self.name!r}: answer with a letter, {letters}")
        return found[0]


@dataclass(frozen=True)
class Address(Question):
    """An IP address, or with a port `172.17.0.2:80`."""

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """In its usual form."""
        words = str(given).strip()
        address, colon, port = words.rpartition(":") if words.count(":") == 1 else (words, "", "")
        try:
            return str(ipaddress.ip_address(address)) + (f"{colon}{int(port)}" if colon else "")
        except ValueError:
            raise CnetkitError(f"{given!r} is not an address such as '172.17.0.2' or '172.17.0.2:80'") from None


@dataclass(frozen=True)
class Order(Question):
    """Names in their order, as a list or as `"a, b, c"`: nodes, or node/interface."""

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """A tuple of names."""
        words: Sequence[Any] = re.split(r"[,>→\s]+", given.strip()) if isinstance(given, str) else given
        if isinstance(words, (list, tuple)) and words and all(words):
            return tuple(str(word).strip() for word in words)
        raise CnetkitError(f"{given!r} is no list of names: answer as 'a, b, c'")

    def parting(self, given: Any, seen: Seen) -> str:  # noqa: ANN401
        """The first place where the two differ."""
        truth = self.read(seen.answer)
        if given in self.mistakes:
            return self.mistakes[given]
        if sorted(given) == sorted(truth):
            return f"The right ones, in another order. The capture shows {', '.join(truth)}."
        place = next((n for n, pair in enumerate(zip(given, truth, strict=False)) if pair[0] != pair[1]), None)
        if place is None:
            more = "more" if len(truth) > len(given) else "fewer"
            return f"It begins so, but there are {more}: {', '.join(truth)}."
        return f"Up to number {place} you agree; then you said {given[place]}, and the capture shows {truth[place]}."

    def parts(self, given: Any, seen: Seen) -> Seen:  # noqa: ANN401
        """The first hop at the first name that was not said there; the one that was seen where there is no such hop."""
        truth = self.read(seen.answer)
        name = next((one for n, one in enumerate(truth) if n >= len(given) or given[n] != one), truth[-1])
        hops = seen.journey.hops if seen.journey else ()
        return replace(
            seen, hop=next((hop for hop in hops if name in (hop.node, f"{hop.node}/{hop.interface}")), seen.hop)
        )


@dataclass(frozen=True)
class Idea:
    """A thought that an answer must hold: in words that state it, or by the denial of others (regular expressions).

    `missing` is what to tell where it does not.
    """

    stated: str
    missing: str
    denied: str = ""

    def held(self, text: str) -> bool:
        """Whether a text that was read holds it."""
        return saying.stated(self.stated, text) or bool(self.denied and saying.denied(self.denied, text))


@dataclass(frozen=True)
class Text(Question):
    """Free text, marked by a rule about words: it holds all `ideas`, and states nothing `contrary` to them.

    `truth` says whether the capture bears it out: its answer is the sentence that is shown.
    """

    ideas: tuple[Idea, ...] = ()
    contrary: tuple[tuple[str, str], ...] = ()
    """(regular expression, what to tell who states it)."""

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """The text as it is compared."""
        return saying.read(given)

    def right(self, given: Any, seen: Seen) -> bool:  # noqa: ANN401
        """Whether every idea is held, and nothing contrary stated."""
        return not self.parting(given, seen)

    def agreed(self, seen: Seen) -> str:
        """That words were marked and not their sense, and with what to compare them."""
        return f"What was asked for is named; a rule about words cannot tell more. Compare yours: {self.because or seen.answer}"

    def parting(self, given: Any, seen: Seen) -> str:  # noqa: ANN401
        """What is contrary, denied or missing in it."""
        told = [words for pattern, words in self.contrary if saying.stated(pattern, given)]
        for idea in () if told else self.ideas:
            if not idea.held(given):
                denial = saying.denied(idea.stated, given)
                told.append(f"“{denial}” denies it. {idea.missing}" if denial else idea.missing)
        return " ".join(told)
