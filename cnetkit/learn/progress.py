"""Progress: the result of each question, in a file in the learner's home. It knows no question.

The file is `cnetkit/progress.json` in $XDG_STATE_HOME, by default ~/.local/state (XDG Base Directory Specification).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cnetkit.model import CnetkitError

Entry = dict[str, Any]


def file() -> Path:
    """The path of the file."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state else Path.home() / ".local" / "state") / "cnetkit" / "progress.json"


def read() -> dict[str, dict[str, Entry]]:
    """All progress, by lesson and question. Empty if there is no file; CnetkitError if it cannot be read."""
    path = file()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise ValueError
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CnetkitError(f"your progress in {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise CnetkitError(f"{path} is damaged: repair it, or remove it to start again") from None
    return entries


def record(lesson: str, question: str, **facts: object) -> None:
    """Adds facts about a question to the file. CnetkitError if it cannot be written."""
    entries = read()
    entries.setdefault(lesson, {}).setdefault(question, {}).update(facts)
    _write(entries)


def forget(lesson: str) -> None:
    """Removes what is known of a lesson. CnetkitError as above."""
    entries = read()
    if entries.pop(lesson, None) is not None:
        _write(entries)


def _write(entries: dict[str, dict[str, Entry]]) -> None:
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise CnetkitError(f"your progress cannot be saved in {path}: {error.strerror}") from None
