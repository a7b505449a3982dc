"""Labs: what a learner builds, as requests to the sandbox. It does not talk to the kernel, and it knows no system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnetkit.lab.lab import Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class, typed above
    """Loads Lab when it is first used (PEP 562): `cnetkit doctor` reads what a lab needs, and needs no lab for that."""
    if name != "Lab":
        raise AttributeError(f"cnetkit.lab has no {name!r}: it has Lab")
    from cnetkit.lab.lab import Lab

    return Lab
