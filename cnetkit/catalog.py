"""Finds the labs and the notebooks: in the checkout this package stands in, or shipped inside the installed package.

A lab is a folder `labs/NAME` with a `lab.py`, loaded from its file when somebody asks for that lab. Its network is not
built here.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab import Lab
    from cnetkit.learn import Exercise, Question

SESSION = "session.cnetkit"


@dataclass(frozen=True, slots=True)
class LabEntry:
    """What one `labs/NAME/lab.py` says of itself."""

    name: str
    folder: Path
    title: str
    """The first line of its docstring."""
    question: str
    """What a learner should be able to answer afterwards."""
    needs: tuple[str, ...]
    """Names of what the kernel and the system must have: features of `cnetkit.kernel.probe`, and programs."""
    network: Callable[[Lab], None]
    """Builds the network in an open lab."""
    traffic: Callable[[Lab], None]
    """Sends the packets that the lab is about."""

    @property
    def session(self) -> Path | None:
        """The recorded session beside it, which `run --replay` answers from; None where there is none."""
        path = self.folder / SESSION
        return path if path.is_file() else None


def shipped(kind: str) -> Path:
    """The folder `labs` or `notebooks`: the checkout's, or else the one inside the installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / kind
    return (
        checkout if (package.parent / "pyproject.toml").is_file() and checkout.is_dir() else package / "_shipped" / kind
    )


def names(folder: Path | None = None) -> list[str]:
    """The names of all labs in `folder` (by default the shipped ones), in order; none of them is loaded."""
    folder = folder or shipped("labs")
    return sorted(path.parent.name for path in folder.glob("*/lab.py"))


def find(name: str, folder: Path | None = None) -> LabEntry:
    """Loads one lab. CnetkitError, naming the closest names, if there is no lab of this name."""
    folder = folder or shipped("labs")
    known = names(folder)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "`cnetkit list` shows all labs"
        raise CnetkitError(f"there is no lab {name!r}; {hint}")
    return _read(name, folder / name, _load(folder / name / "lab.py"))


def tasks(name: str, folder: Path | None = None) -> tuple[Question | Exercise, ...]:
    """The questions and exercises of a lab, from its tasks.py. CnetkitError where there is no such lab, or none there."""
    path = find(name, folder).folder / "tasks.py"
    if not path.is_file():
        raise CnetkitError(f"the lab {name} has no questions: choose one with a tasks.py")
    return tuple(_load(path).TASKS)


def _load(path: Path) -> ModuleType:
    name = f"cnetkit_{path.stem}_{path.parent.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CnetkitError(f"{path} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CnetkitError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _read(name: str, folder: Path, module: ModuleType) -> LabEntry:
    missing = [word for word in ("__doc__", "QUESTION", "NEEDS", "network", "traffic") if not hasattr(module, word)]
    if missing or not module.__doc__:
        what = "a docstring" if not missing else ", ".join(missing)
        raise CnetkitError(
            f"{folder / 'lab.py'} lacks {what}; a lab has a docstring, QUESTION, NEEDS, network, traffic"
        )
    return LabEntry(
        name=name,
        folder=folder,
        title=module.__doc__.strip().splitlines()[0].rstrip("."),
        question=module.QUESTION,
        needs=tuple(module.NEEDS),
        network=module.network,
        traffic=module.traffic,
    )
