"""The client's side of a sandbox: starts an agent and exchanges messages with it, over one of several transports.

It knows messages and processes, but not what a lab uses them for.
"""

from __future__ import annotations

from pathlib import Path

from cnetkit.model import CnetkitError
from cnetkit.sandbox.agent_process import AgentProcess
from cnetkit.sandbox.recorder import Recorder
from cnetkit.sandbox.replay import Replay
from cnetkit.sandbox.running_labs import RunningLab, running, shell
from cnetkit.sandbox.sandbox import Sandbox
from cnetkit.sandbox.session import read
from cnetkit.sandbox.transport import Transport

__all__ = ["RunningLab", "Sandbox", "open_sandbox", "running", "shell"]


def open_sandbox(lab: str, replay: Path | None, record: Path | None, real_host: bool) -> tuple[Sandbox, str]:
    """A sandbox for a lab, live or replayed from a recorded session, and the label of that session (empty if live).

    CnetkitError if the system refuses a sandbox, or the session cannot be read.
    """
    if record and (record.is_dir() or not record.parent.is_dir()):
        raise CnetkitError(f"the session cannot be written to {record}: name a file in a folder that exists")
    label = ""
    transport: Transport
    if replay:
        session = read(replay)
        label, transport = session.label, Replay(session)
    else:
        transport = AgentProcess()
    if record:
        transport = Recorder(transport, record)
    return Sandbox(lab, transport, host=real_host), label
