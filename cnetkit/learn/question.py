"""Questions about what will happen, answered before the run and marked against the capture. One class for each kind.

The right answer is not written down anywhere: each question has a function, `truth`, that finds it in a trace.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from cnetkit.learn import negation, topics
from cnetkit.learn.result import Observation, Outcome
from cnetkit.model import CnetkitError
from cnetkit.trace import Trace

Truth = Callable[[Trace], Observation]


@dataclass(frozen=True)
class Question:
    """What all kinds share. `mistakes`: feedback for a wrong answer, by the answer in the form that `read` gives it."""

    name: str
    text: str
    truth: Truth
    hints: tuple[str, ...] = ()
    because: str = ""
    """Why the right answer is right, in a sentence or two."""
    mistakes: Mapping[Any, str] = field(default_factory=dict)
    otherwise: ClassVar[Outcome] = "incorrect"
    """The outcome of an answer that is not right."""

    def shown(self) -> str:
        """The question as a learner reads it."""
        return self.text

    def read(self, given: Any) -> Any:  # noqa: ANN401 - each kind takes its own
        """An answer in the form in which answers are compared. CnetkitError if it cannot be an answer."""
        return given

    def right(self, given: Any, observed: Observation) -> bool:  # noqa: ANN401
        """Whether an answer, as `read` gives it, agrees with the capture."""
        return bool(given == self.read(observed.answer))

    def explanation(self, observed: Observation) -> str:
        """For a right answer: why it is right."""
        return self.because

    def feedback(self, given: Any, observed: Observation) -> str:  # noqa: ANN401
        """For a wrong answer: how it differs from the capture."""
        return self.mistakes.get(given, f"You answered {given}. The capture shows {observed.answer}.")

    def contradiction(self, given: Any, observed: Observation) -> Observation:  # noqa: ANN401
        """For a wrong answer: the hop that contradicts it."""
        return observed


@dataclass(frozen=True)
class Choice(Question):
    """One of several options, answered by its letter or its text."""

    options: tuple[str, ...] = ()

    def shown(self) -> str:
        """With a line for each option."""
        return "\n".join([self.text, *(f"  {chr(97 + n)}) {option}" for n, option in enumerate(self.options))])

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """The option's text."""
        words = str(given).strip()
        if len(words) == 1 and 0 <= ord(words.lower()) - 97 < len(self.options):
            return self.options[ord(words.lower()) - 97]
        matches = [option for option in self.options if option.lower() == words.lower()]
        if not matches:
            letters = ", ".join(chr(97 + n) for n in range(len(self.options)))
            raise CnetkitError(f"{given!r} is none of the options of {self.name!r}: answer with a letter, {letters}")
        return matches[0]


@dataclass(frozen=True)
class Address(Question):
    """An IP address, or an address and a port: `172.17.0.2:80`."""

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """The address in its usual form."""
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
        raise CnetkitError(f"{given!r} is not a list of names: answer as 'a, b, c'")

    def feedback(self, given: Any, observed: Observation) -> str:  # noqa: ANN401
        """The first place where the two lists differ."""
        truth = self.read(observed.answer)
        if given in self.mistakes:
            return self.mistakes[given]
        if sorted(given) == sorted(truth):
            return f"These are the right names in another order. The capture shows {', '.join(truth)}."
        place = next((n for n, pair in enumerate(zip(given, truth, strict=False)) if pair[0] != pair[1]), None)
        if place is None:
            more = "more" if len(truth) > len(given) else "fewer"
            return f"Your list begins right, but there are {more} names: {', '.join(truth)}."
        return f"Name {place + 1} differs: you answered {given[place]}, and the capture shows {truth[place]}."

    def contradiction(self, given: Any, observed: Observation) -> Observation:  # noqa: ANN401
        """The first hop at the first name that is missing at its place in the answer."""
        truth = self.read(observed.answer)
        name = next((name for n, name in enumerate(truth) if n >= len(given) or given[n] != name), truth[-1])
        hops = observed.journey.hops if observed.journey else ()
        at_name = (hop for hop in hops if name in (hop.node, f"{hop.node}/{hop.interface}"))
        return replace(observed, hop=next(at_name, observed.hop))


@dataclass(frozen=True)
class Idea:
    """An idea that an answer must contain, as regular expressions: words that state it, or words whose denial states it.

    `missing`: the feedback if it is missing.
    """

    stated: str
    missing: str
    denied: str = ""

    def held(self, text: str, others: str = "") -> bool:
        """Whether a text, as `negation.read` gives it, contains the idea. `others`: subjects whose clauses do not count."""
        return negation.stated(self.stated, text, others) or bool(
            self.denied and negation.denied(self.denied, text, others)
        )


@dataclass(frozen=True)
class Text(Question):
    """Free text. It is right if it contains all `ideas`, states nothing `contrary` to them and explains by nothing strange to
    them; else it is to be compared with a model answer, never wrong: rules about words cannot tell.

    The answer of `truth` is the sentence that is shown as the answer of the capture.
    """

    otherwise: ClassVar[Outcome] = "compare"

    ideas: tuple[Idea, ...] = ()
    contrary: tuple[tuple[str, str], ...] = ()
    """(regular expression, feedback for an answer that states it)."""
    others: str = ""
    """As a regular expression, who does not do it: a clause with such a subject contains no idea."""
    topics: tuple[str, ...] = tuple(topics.TOPICS)
    """What a right answer may speak of."""

    def read(self, given: Any) -> Any:  # noqa: ANN401
        """The text in lower case, without variants of spaces and apostrophes."""
        return negation.read(given)

    def right(self, given: Any, observed: Observation) -> bool:  # noqa: ANN401
        """Whether it contains every idea and states nothing else."""
        return not self.feedback(given, observed)

    def explanation(self, observed: Observation) -> str:
        """A model answer to compare with, because only words were compared."""
        return f"Your answer contains the expected idea. Compare it with this one: {self.because or observed.answer}"

    def feedback(self, given: Any, observed: Observation) -> str:  # noqa: ANN401
        """What seems contrary, denied, missing or strange in it, and the answer to compare it with; empty for a right answer."""
        sentences = [words for pattern, words in self.contrary if negation.mentioned(pattern, given)]
        for idea in () if sentences else self.ideas:
            if not idea.held(given, self.others):
                denial = negation.denied(idea.stated, given, self.others)
                sentences.append(f"“{denial}” says the opposite. {idea.missing}" if denial else idea.missing)
        if not sentences and (words := topics.strange(given, self.topics)):
            sentences.append(f"The expected answer does not speak of “{words}”.")
        model = f"Compare your answer with this one: {self.because or observed.answer}"
        return " ".join([*sentences, model]) if sentences else ""
