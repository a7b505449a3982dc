"""The catalogue of labs and notebooks: in the checkout around this package, or shipped inside the installed package.

A lab is a folder `labs/NAME` with a `lab.py`, which is loaded when that lab is requested. No network is built here.
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
    """The description of a lab in its `labs/NAME/lab.py`."""

    name: str
    folder: Path
    title: str
    """The first line of its docstring."""
    question: str
    """The question that a learner can answer afterwards."""
    needs: tuple[str, ...]
    """Names of the needs in `cnetkit.doctor.needs`: kernel features and programs."""
    answer: str
    """The answer in one sentence, or empty."""
    network: Callable[[Lab], None]
    """Builds the network in an open lab."""
    traffic: Callable[[Lab], None]
    """Sends the packets that the lab is about."""

    @property
    def session(self) -> Path | None:
        """The recorded session beside it, for `run --replay`; None if there is none."""
        path = self.folder / SESSION
        return path if path.is_file() else None


def shipped(kind: str) -> Path:
    """The folder `labs` or `notebooks`: in the checkout, or else in the installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / kind
    return (
        checkout if (package.parent / "pyproject.toml").is_file() and checkout.is_dir() else package / "_shipped" / kind
    )


def names(folder: Path | None = None) -> list[str]:
    """The names of all labs in `folder` (default: the shipped labs), sorted. No lab is loaded."""
    folder = folder or shipped("labs")
    return sorted(path.parent.name for path in folder.glob("*/lab.py"))


def questioned() -> list[str]:
    """The names of the shipped labs that have questions. No lab is loaded."""
    return sorted(path.parent.name for path in shipped("labs").glob("*/tasks.py"))


def find(name: str, folder: Path | None = None) -> LabEntry:
    """Loads a lab. CnetkitError with the closest names if there is no lab of this name."""
    folder = folder or shipped("labs")
    available = names(folder)
    if name not in available:
        close = difflib.get_close_matches(name, available, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}?" if close else "`cnetkit list` shows all labs"
        raise CnetkitError(f"there is no lab {name!r}; {hint}")
    return _read(name, folder / name, _load(folder / name / "lab.py"))


def tasks(name: str, folder: Path | None = None) -> tuple[Question | Exercise, ...]:
    """The questions and exercises in a lab's tasks.py. CnetkitError if there is no such lab or file."""
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
        answer=getattr(module, "ANSWER", ""),
        needs=tuple(module.NEEDS),
        network=module.network,
        traffic=module.traffic,
    )
