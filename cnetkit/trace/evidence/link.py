"""The cable, tunnel or stack of interfaces that a frame went through, or that it must have gone through unseen."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import encapsulation

BY_BYTES = "the same bytes, in the same order"


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `link` (or `tunnel`, `order`) for steps between interfaces."""
    if parent is None:
        return ()
    step = case.step(frame)
    here, there = ("/".join(case.place(n)) for n in (frame, parent))
    known = bool(case.joined.wiring.known[case.recording.frames.tap[frame]])
    if step == "link":
        if here == there:
            return (Evidence("link", "loopback", here, "table"),)
        if known:
            return (Evidence("link", f"veth pair {there} - {here}", "topology", "table"),)
        return (Evidence("link", f"{BY_BYTES} at {there} and {here}", "frames", "inferred"),)
    if step == "copy":
        words = "one such packet came in, and several went out: a copy"
        return (Evidence("order", words, "frames", "inferred"),)
    if step == "flood":
        words = f"the same frame, for many, was sent at {there}; the way to {here} was not captured"
        return (Evidence("order", words, "frames", "inferred"),)
    if step == "gap":
        return (
            Evidence(
                "order",
                f"the same packet was seen at {there}; the way to {here} was not captured",
                "frames",
                "inferred",
            ),
        )
    if step in ("stacked-up", "stacked-down"):
        return (Evidence("link", f"{here} and {there} are one stack", "topology", "table"),)
    if step in ("wrapped", "unwrapped"):
        outer = encapsulation(case.joined.columns, frame if step == "wrapped" else parent)
        return (Evidence("tunnel", outer, "outer headers", "inferred"),)
    if step in ("encrypted", "decrypted"):
        words = "encrypted by WireGuard: the sizes fit, in the same order"
        return (Evidence("tunnel", words, "frames", "inferred"),)
    if step in ("bridge-up", "bridge-down") and not known:
        return (Evidence("link", f"{BY_BYTES} at {there} and {here}", "frames", "inferred"),)
    return ()
