"""Starts JupyterLab as Binder does and asks it: `python -m tests.server FOLDER` prints what it says, as JSON.

It stands where the server runs, since in tests.confined nobody else can reach it. It is no test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import websocket

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
CODE = "import cnetkit; lab, lesson = cnetkit.lesson('02'); print(lesson)"


def fetched(url: str, data: dict[str, Any] | None = None, patience: float = PATIENCE) -> str:
    """What a page or the API says; the server tells its address a moment before it listens."""
    end = time.monotonic() + patience
    while True:
        try:
            body = json.dumps(data).encode() if data else None
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=patience) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.1)


def address(lines: Any) -> tuple[str, str, str]:
    """(site, path that it opens on, token), read from the server's own words."""
    line = next(line for line in lines if "http://" in line and "token=" in line)
    found = re.search(r"(http://[^/]+)(/\S+)\?token=(\w+)", line)
    assert found, line
    return found[1], found[2], found[3]


def executed(url: str, code: str) -> str:
    """What code prints that a kernel is given as a notebook gives it (Jupyter's messaging, version 5)."""
    head = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "1", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    request = {
        "header": head,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
    connection = websocket.create_connection(url, timeout=PATIENCE)
    connection.send(json.dumps(request))
    said = ""
    while True:
        answer = json.loads(connection.recv())
        if answer["msg_type"] == "stream":
            said += answer["content"]["text"]
        if answer["msg_type"] == "execute_reply":
            connection.close()
            return said if answer["content"]["status"] == "ok" else json.dumps(answer["content"])


def main(folder: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JUPYTER_DATA_DIR": str(folder),
    }
    command = ["sh", "binder/start", "jupyter", "lab", "--no-browser"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        try:
            site, place, token = address(server.stderr)
            page = fetched(f"{site}{place}?token={token}")
            asked = {
                "path": place.removeprefix("/lab/tree/"),
                "type": "notebook",
                "name": "",
                "kernel": {"name": "python3"},
            }
            kernel = json.loads(fetched(f"{site}/api/sessions?token={token}", asked))["kernel"]["id"]
            said = executed(f"{site}/api/kernels/{kernel}/channels?token={token}".replace("http", "ws", 1), CODE)
        finally:
            server.terminate()
        print(json.dumps({"log": server.stdout.read(), "place": place, "page": "JupyterLab" in page, "said": said}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
