"""The cable or stack of interfaces that a frame passed, or what the frames alone show (veth(4), ip-link(8))."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.steps.link import LINK


def cable(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `link`: the veth pair or loopback; or what the frames show if no topology describes the
    interface."""
    here, there = _places(case, frame, parent)
    if case.step(frame) is LINK and here == there:
        described = case.place(frame) in case.tables.interfaces
        return (Evidence("link", "loopback", here, "table" if described else "inferred"),)
    if not case.joined.wiring.described[case.recording.frames.tap[frame]]:
        return by_frames(case, frame, parent)
    return (Evidence("link", f"veth pair {there} - {here}", "topology", "table"),) if case.step(frame) is LINK else ()


def stack(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `link`: one interface stands on the other."""
    here, there = _places(case, frame, parent)
    beside = [case.joined.wiring.beside[case.recording.frames.tap[at]] for at in (frame, parent) if at is not None]
    words = "stand on one interface" if beside[0] == beside[-1] >= 0 else "are one stack"
    return (Evidence("link", f"{here} and {there} {words}", "topology", "table"),)


def by_frames(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """What the frames alone show, in the step's own words."""
    (kind, words), (here, there) = case.step(frame).shown, _places(case, frame, parent)
    return (Evidence(kind, words.format(here=here, there=there), "frames", "inferred"),)


def _places(case: Case, frame: int, parent: int | None) -> tuple[str, str]:
    """The interfaces of a frame and its parent, which each of these steps has."""
    assert parent is not None  # noqa: S101 - START wants none of this
    return "/".join(case.place(frame)), "/".join(case.place(parent))
