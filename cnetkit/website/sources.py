"""What Sphinx makes pages of: the notebooks, run from their recordings, and the course's two texts. No markup is made here."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import msgspec
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from cnetkit import catalog, course
from cnetkit.model import CnetkitError

NOTEBOOK_ONLY = "notebook-only"
"""The tag of cells that make no sense on a page, where nothing can be run."""
KERNEL = "cnetkit"
PATIENCE = 300
"""Seconds that a cell may take."""
OUTSIDE = "](../"
LONGEST = 90
"""Characters: the path of a Unix socket may have 107, and some are added."""
TEXTS = ("COURSE.md", "GLOSSARY.md")
HOW = """:::{admonition} A page, made from the notebook
:class: tip

Nothing runs on this page: it was made from a recording of a real Linux kernel, and its packets are the ones that were captured.
Answer each question before you look on; **Check** marks your answer by the captured packets. To run and change everything
yourself, [get the course](index.ipynb#run-it-yourself).
:::"""
INDEX = """# Container networks

How do containers, Docker and Kubernetes reach one another? In each lesson you predict what a packet will do, follow it through a
network that the Linux kernel really built, hop by hop, and read the kernel's own words for why each step happened.

You need nothing but these pages. Each lesson takes about half an hour: [begin with the first](00-start-here.ipynb), or look at
[the course](COURSE.md) as a whole.

## What a lesson shows

This is a request to a port that Docker publishes, and its answer. Press ▶, or click into the picture and step with ← and →; `?`
lists its keys.
"""
PICTURE = """from cnetkit import Lab, catalog

entry = catalog.find("port-mapping")
lab = Lab(entry.name, replay=entry.session)
entry.network(lab)
with lab.trace() as trace:
    entry.traffic(lab)
trace"""
LIVE = """## Run it yourself

The pages show recordings. On a Linux machine the same lessons run live, without root: you can change the network, break it,
repair it, and send packets of your own. With Python 3.11 or later:

```text
pip install 'cnetkit[notebook]'
cnetkit doctor    # says what your system allows
cnetkit open      # opens the lessons in JupyterLab
```"""
TREE = """```{toctree}
:hidden:
:caption: Lessons

%(lessons)s
```

```{toctree}
:hidden:
:caption: Beside them

The course <COURSE>
Glossary <GLOSSARY>
```"""


def prepare(folder: Path, tell: Callable[[str], None]) -> int:
    """Fills a new folder with pages to be made. Returns how many lessons there are. CnetkitError if a notebook fails."""
    folder.mkdir()
    source = catalog.shipped("notebooks")
    rows = [(row, path) for row in course.LESSONS if row.lab for path in sorted(source.glob(f"{row.number}-*.ipynb"))]
    notebooks = {path.stem: for_page(nbformat.read(path, as_version=4)) for _, path in rows}  # type: ignore[no-untyped-call]
    notebooks["index"] = _index("\n".join(f"{row.number} {row.title} <{path.stem}>" for row, path in rows))
    run_all(notebooks, folder, tell)
    for name in TEXTS:
        (folder / name).write_text(_adapted((source / name).read_text(encoding="utf-8")), encoding="utf-8")
    return len(rows)


def run_all(notebooks: dict[str, Any], folder: Path, tell: Callable[[str], None]) -> None:
    """Runs notebooks and writes each into the folder, with its outputs. CnetkitError if one fails."""
    with tempfile.TemporaryDirectory(prefix="cnetkit-") as private:
        _add_kernel(Path(private) / "kernels" / KERNEL)
        loop = asyncio.new_event_loop()

        def work() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(_run_all(notebooks, folder, Path(private), tell))

        def stop() -> None:
            for task in asyncio.all_tasks(loop):
                task.cancel()

        with ThreadPoolExecutor(1) as thread:  # in the main thread nbclient would take Ctrl-C for itself
            try:
                thread.submit(work).result()
            except KeyboardInterrupt:
                loop.call_soon_threadsafe(stop)
                raise


def _add_kernel(folder: Path) -> None:
    """A kernel that is this Python, whichever others the user has."""
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": argv, "display_name": KERNEL, "language": "python"}
    (folder / "kernel.json").write_bytes(msgspec.json.encode(specification))


def _index(lessons: str) -> Any:  # noqa: ANN401 - nbformat's NotebookNode
    """The first page, as a notebook that shows one picture."""
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    picture = code(PICTURE, metadata={"tags": ["remove-input"]})  # type: ignore[no-untyped-call]
    cells = [text(INDEX), picture, text(LIVE), text(TREE % {"lessons": lessons})]  # type: ignore[no-untyped-call]
    return nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]


async def _run_all(notebooks: dict[str, Any], folder: Path, private: Path, tell: Callable[[str], None]) -> None:
    """As many at a time as there are processors, and at most four."""
    room = asyncio.Semaphore(max(1, min(4, os.cpu_count() or 1)))

    async def one(name: str) -> None:
        async with room:
            begun = time.monotonic()
            await _run(notebooks[name], name, private)
            nbformat.write(notebooks[name], folder / f"{name}.ipynb")  # type: ignore[no-untyped-call]
            tell(f"{name}: run in {time.monotonic() - begun:.0f} s")

    tasks = [asyncio.create_task(one(name)) for name in notebooks]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(notebook: Any, name: str, private: Path) -> None:  # noqa: ANN401 - nbformat's NotebookNode
    place = private / name
    place.mkdir()
    kernels = KernelSpecManager(kernel_dirs=[str(private / "kernels")])
    connection = str(place / "kernel.json")
    manager = AsyncKernelManager(
        kernel_name=KERNEL, kernel_spec_manager=kernels, connection_file=connection,
        transport="ipc" if len(connection) < LONGEST else "tcp",
    )  # fmt: skip
    client = NotebookClient(notebook, km=manager, timeout=PATIENCE, resources={"metadata": {"path": str(place)}})
    environment = {name: value for name, value in os.environ.items() if name != "CNETKIT_RECORD"}
    environment |= {
        "CNETKIT_MODE": "replay", "CNETKIT_SHOW": "page",
        "XDG_STATE_HOME": str(place / "state"), "IPYTHONDIR": str(place / "ipython"),
    }  # fmt: skip
    try:
        await client.async_execute(env=environment, cleanup_kc=True, stdout=DEVNULL, stderr=DEVNULL)
    except CellExecutionError as error:
        raise CnetkitError(f"the page {name} fails on its recording ({error.ename}: {error.evalue})") from None
    except (CellTimeoutError, RuntimeError) as error:
        raise CnetkitError(f"the page {name} cannot be run: {error}") from error
    finally:
        atexit.unregister(client._cleanup_kernel)  # it is left there if the kernel's start is interrupted


def for_page(notebook: Any) -> Any:  # noqa: ANN401 - nbformat's NotebookNode
    """The notebook without cells that are for a notebook only; questions and checks are shown without their code."""
    notebook.cells = [cell for cell in notebook.cells if NOTEBOOK_ONLY not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        lines = cell.source.splitlines()
        if cell.cell_type == "markdown":
            cell.source = _adapted(cell.source)
        elif all(line.startswith(("lesson.ask(", "lesson.check(")) for line in lines):
            cell.metadata["tags"] = ["remove-input"]
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(HOW))  # type: ignore[no-untyped-call]
    return notebook


def _adapted(text: str) -> str:
    """A text without what only a checkout has: a diagram that GitHub draws, and links to folders beside the notebooks."""
    before, fence, rest = text.partition("```mermaid\n")
    if fence:
        text = before + rest.partition("```\n")[2].lstrip("\n")
    while OUTSIDE in text:
        words, _, rest = text.partition(OUTSIDE)
        begin = words.rindex("[")
        text = words[:begin] + words[begin + 1 :] + rest.partition(")")[2]
    return text
