"""Runs one notebook from top to bottom as it is shipped: `python -m tests.notebooks NAME FOLDER` prints what its traces show.

The environment decides how: CNETKIT_MODE, and what the system allows. It is no test; those that run notebooks use it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PATIENCE = 60
"""Seconds that a notebook may take in all, its kernel's start and the checks included."""
LONGER = {"10-many-hosts": 150}
"""What else a live run may take: four engines, two of which form a Swarm whose tasks start after ten seconds or more."""
TELL = """
import json
from tests.kinds import all_rows
print(json.dumps(all_rows(dict(globals()))))
"""


@dataclass(frozen=True)
class Ran:
    """What a run showed: its traces' journeys by name (tests.kinds), the HTML of its pictures, and how long it took."""

    traces: dict[str, Any]
    pictures: list[str]
    seconds: float


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def run(path: Path, folder: Path, checks: str = "", changed: Callable[[Any], Any] = lambda notebook: notebook) -> Ran:
    """Executes a notebook, `changed` before, with `folder` as its working directory, then `checks` in its own names."""
    notebook = changed(read(path))
    notebook.cells += [nbformat.v4.new_code_cell(checks), nbformat.v4.new_code_cell(TELL)]
    os.environ["JUPYTER_DATA_DIR"] = str(_kernel(folder))
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    client = NotebookClient(
        notebook,
        timeout=LONGER.get(path.stem, PATIENCE),
        kernel_name="this-python",
        resources={"metadata": {"path": str(folder)}},
    )
    begun = time.monotonic()
    client.execute()
    seconds = time.monotonic() - begun
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    printed = "".join(
        output.text for output in notebook.cells[-1].outputs if output.get("name") == "stdout"
    )  # it may come in parts
    return Ran(json.loads(printed), pictures, seconds)


def _kernel(folder: Path) -> Path:
    """A Jupyter kernel that is this very Python, however it was started."""
    spec = folder / "data" / "kernels" / "this-python"
    spec.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "this", "language": "python"}))
    return folder / "data"


if __name__ == "__main__":
    from tests.test_notebooks import checks_of

    name, place = sys.argv[1:]
    print(json.dumps(asdict(run(ROOT / "notebooks" / f"{name}.ipynb", Path(place), checks_of(name)))))
