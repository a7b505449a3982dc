"""Progress: what became of each question, in a file of the learner's own. It knows no question.

The file is `cnetkit/progress.json` in $XDG_STATE_HOME, by default ~/.local/state (XDG Base Directory Specification).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cnetkit.model import CnetkitError

Entry = dict[str, Any]


def place() -> Path:
    """Where the file is."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state else Path.home() / ".local" / "state") / "cnetkit" / "progress.json"


def read() -> dict[str, dict[str, Entry]]:
    """All progress: by lesson and question. Nothing where there is no file; CnetkitError where it cannot be read."""
    path = place()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            raise ValueError
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CnetkitError(f"your progress in {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise CnetkitError(f"{path} is damaged: mend it, or remove it to begin anew") from None
    return found


def note(lesson: str, question: str, **facts: object) -> None:
    """Keeps facts about a question, beside those that are kept already. CnetkitError where the file cannot be written."""
    path, everything = place(), read()
    everything.setdefault(lesson, {}).setdefault(question, {}).update(facts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise CnetkitError(f"your progress cannot be kept in {path}: {error.strerror}") from None
