"""Real container networks, every packet at every hop, and the kernel's own reason for each step."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnetkit.lab import Lab
    from cnetkit.lessons import lesson, run
    from cnetkit.loading import load
    from cnetkit.model import CnetkitError
    from cnetkit.standing import standing as progress
    from cnetkit.trace import Trace

__all__ = ["CnetkitError", "Lab", "Trace", "lesson", "load", "progress", "run"]
__version__ = "0.2.0"

_HOMES = {
    "CnetkitError": "cnetkit.model",
    "Lab": "cnetkit.lab",
    "Trace": "cnetkit.trace",
    "lesson": "cnetkit.lessons",
    "load": "cnetkit.loading",
    "progress": "cnetkit.standing",
    "run": "cnetkit.lessons",
}
_NAMES = {"progress": "standing"}
"""Where it has another name at home."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type
    """Loads a room when one of its names is first used (PEP 562): `cnetkit doctor` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"cnetkit has no {name!r}: it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), _NAMES.get(name, name))


def load_ipython_extension(shell: Any) -> None:  # noqa: ANN401 - IPython's own type
    """`%load_ext cnetkit` in a notebook: gives it `%%node`, see cnetkit.magics."""
    importlib.import_module("cnetkit.magics").load(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
