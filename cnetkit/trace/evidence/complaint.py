"""Which packet an ICMP error answers: it quotes the first octets of that one."""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace import complaint
from cnetkit.trace.evidence.case import Case


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `icmp` for the first hop of an error whose packet was captured."""
    if parent is not None:
        return ()
    about = complaint.about(case.joined, frame)
    if about is None:
        return ()
    packet = case.packet(about)
    words = f"it quotes frame {about}: {packet.protocol} {packet.source} → {packet.destination}"
    return (Evidence("icmp", words, f"frame {frame}", "kernel"),)
