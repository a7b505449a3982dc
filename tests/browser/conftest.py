"""A real browser without a network: every request beyond the page's own file and this machine is blocked and noted."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

import cnetkit
from cnetkit import catalog
from cnetkit.cli.opening import SETTINGS
from cnetkit.lab import Lab
from cnetkit.model import CnetkitError

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "test-output"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
PATIENCE = 60_000
"""Milliseconds that a page of JupyterLab may take on a slow machine; a local file takes a fraction of that."""


LIVE = ("test_large.py", "test_layout.py", "test_jupyterlab.py", "test_course.py", "test_same_everywhere.py")
"""Files whose tests build a lab: they need user namespaces, like tests/kernel."""


def pytest_collection_modifyitems(config, items):
    here = [item for item in items if item.path.parent == Path(__file__).parent and item.path.name in LIVE]
    if not here:
        return
    try:
        Lab("probe").close()
    except CnetkitError as error:
        for item in here:
            item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture(scope="package")
def chromium():
    """Ends with this folder's tests: while it exists, an event loop runs in this thread, and others need theirs."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One page, its network requests, and its errors."""

    def __init__(self, browser, **options) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 860}, **options)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.context.route("**/*", self._asked)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _asked(self, route) -> None:
        where = urlsplit(route.request.url)
        if where.scheme in ("file", "data", "blob") or where.hostname in ("localhost", "127.0.0.1"):
            route.continue_()
            return
        self.asked.append(route.request.url)
        route.abort()

    def open(self, file: Path):
        self.page.goto(file.as_uri())
        self.page.wait_for_selector(".cnetkit-viewer")
        return self.page

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture
def visit(chromium):
    found = Visit(chromium)
    yield found
    found.context.close()


@pytest.fixture
def visits(chromium):
    """Makes visits with other options, such as a dark colour scheme."""
    opened = []

    def make(**options):
        opened.append(Visit(chromium, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


@pytest.fixture(scope="session")
def port_mapping():
    """The trace of the lab `port-mapping`, from its recording: it needs no namespaces."""
    entry = catalog.find("port-mapping")
    with Lab(entry.name, replay=ROOT / "labs" / "port-mapping" / "session.cnetkit") as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace


@pytest.fixture(scope="session")
def published(port_mapping, tmp_path_factory):
    """Its page."""
    file = tmp_path_factory.mktemp("page") / "port-mapping.html"
    port_mapping.to_html(file)
    return file


@pytest.fixture(scope="session")
def captured(tmp_path_factory):
    """The page of a capture without topologies: 6,292 frames, 1,327 journeys."""
    file = tmp_path_factory.mktemp("page") / "captured.html"
    cnetkit.load(ROOT / "tests" / "data" / "truth" / "portmap.pcapng").to_html(file)
    return file


class Jupyter:
    """A JupyterLab on a free port of this machine, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.token = "only-for-this-test"
        self._kernel()
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_PATH": str(SETTINGS),
            "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "IPYTHONDIR": str(folder / "ipython"),
            "XDG_STATE_HOME": str(folder / "state"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }  # fmt: skip
        self.log = (folder / "log").open("w")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={self.port}", "--ip=127.0.0.1",
                f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={folder}",
            ],
            cwd=folder, env=environment, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        self._wait()

    def _kernel(self) -> None:
        """A kernel that is this Python."""
        spec = self.folder / "data" / "kernels" / "this-python"
        spec.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "this", "language": "python"}))

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/api/status?token={self.token}", timeout=2).close()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"JupyterLab did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def notebook(self, name: str, *cells: str) -> str:
        """Writes a notebook with these code cells and returns its address."""
        import nbformat

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "this-python", "display_name": "this"}
        nbformat.write(notebook, self.folder / f"{name}.ipynb")
        return f"{self.address}/lab/workspaces/{name}/tree/{name}.ipynb?token={self.token}&reset"

    def lesson(self, name: str) -> str:
        """Copies a notebook of the course, to be run by this Python, and returns its address."""
        import nbformat

        (file,) = (ROOT / "notebooks").glob(f"{name}-*.ipynb")
        notebook = nbformat.read(file, as_version=4)
        notebook.metadata["kernelspec"] = {"name": "this-python", "display_name": "this"}
        nbformat.write(notebook, self.folder / file.name)
        return f"{self.address}/lab/workspaces/{name}/tree/{file.name}?token={self.token}&reset"

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="package")
def jupyter(tmp_path_factory):
    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.close()
