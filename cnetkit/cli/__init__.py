"""The command line: `cnetkit doctor | get | open | progress | site | list | run | inspect | ps | shell`. The library never
imports it.

This file reads the arguments and turns every error into one sentence on standard error and an exit status: 2 for bad use, 1
for failure, 130 after Ctrl-C. Each command is in a file beside it.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, TypeAlias

from cnetkit.model import CnetkitError

BROKEN_PIPE, INTERRUPTED = 141, 130


class BadUseError(CnetkitError):
    """The arguments make no sense: exit status 2."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadUseError(f"{message}; `{self.prog} --help` shows how it is used")


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


class _Version(argparse.Action):
    """Looks up the version only if it is requested."""

    def __call__(self, *_: object) -> NoReturn:
        from cnetkit.equipment import version

        print(f"cnetkit {version('cnetkit') or '(not installed)'}")
        sys.exit(0)


def parser() -> argparse.ArgumentParser:
    """The whole command line. Each command's `action` is `MODULE.FUNCTION` inside this package."""
    top = _Parser(
        prog="cnetkit",
        description="Builds real container networks, captures every packet at every hop, and shows why it went there.",
        epilog="FILE may be `-` for standard output. No command needs root, and no lab leaves anything behind.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = top.add_subparsers(metavar="COMMAND", title="commands", required=True)
    _doctor(commands)
    _get(commands)
    _open(commands)
    _progress(commands)
    _site(commands)
    _labs(commands)
    _inspect(commands)
    _running(commands)
    return top


def _command(commands: Commands, name: str, action: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(action=action)
    return command


def _doctor(commands: Commands) -> None:
    command = _command(
        commands, "doctor", "checkup.doctor", "find out what this system allows, and how to fix the rest"
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def _get(commands: Commands) -> None:
    command = _command(
        commands, "get", "getting.get", "fetch programs for labs from Debian into your cache; nothing is installed"
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="such as docker (the newest) or docker-20.10")
    command.add_argument("--list", action="store_true", help="list what can be had, what is here, and the sizes")
    command.add_argument("--remove", action="store_true", help="remove NAME")
    command.add_argument(
        "--from", dest="source", metavar="FOLDER", help="copy NAME from a folder that was made elsewhere"
    )
    command.add_argument("--mirror", metavar="URI", help="use this mirror of Debian")
    command.add_argument("--keyring", metavar="FILE", help="the keys that must have signed the mirror's package list")


def _open(commands: Commands) -> None:
    command = _command(
        commands, "open", "opening.open_course", "copy the course into a folder and open it in JupyterLab"
    )
    command.add_argument(
        "dir",
        metavar="DIR",
        nargs="?",
        default="cnetkit-course",
        help="the folder (cnetkit-course); nothing that you changed in it is replaced",
    )
    command.add_argument("--anew", metavar="NN", help="begin lesson NN anew; your notebook is kept under another name")
    command.add_argument("--no-browser", action="store_true", help="start JupyterLab without opening a browser")


def _progress(commands: Commands) -> None:
    command = _command(
        commands, "progress", "opening.show_progress", "show where you are in the course, and what is open"
    )
    command.add_argument("--html", metavar="FILE", help="write it as a page to print")


def _site(commands: Commands) -> None:
    command = _command(commands, "site", "publishing.write_site", "write the course as web pages, for any web server")
    command.add_argument("dir", metavar="DIR", help="the folder; one that was made here is replaced as a whole")


def _labs(commands: Commands) -> None:
    _command(commands, "list", "labs.show_list", "list the labs")
    command = _command(commands, "run", "labs.run", "build a lab, send its traffic, and show each packet's journey")
    command.add_argument("lab", metavar="LAB", help="a name from `cnetkit list`, or a lab's folder")
    command.add_argument("--replay", action="store_true", help="answer from the recording that comes with the lab")
    command.add_argument("--record", metavar="FILE", help="record the session, so that it can be replayed")
    command.add_argument("--brief", action="store_true", help="one packet and its answer, on one screen")
    _exports(command)


def _inspect(commands: Commands) -> None:
    command = _command(commands, "inspect", "captures.inspect", "find the journeys in capture files")
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="pcapng or pcap; several simultaneous captures as NODE/INTERFACE=FILE"
    )
    _exports(command)


def _running(commands: Commands) -> None:
    _command(commands, "ps", "running.show_running", "list the labs that are running now")
    command = _command(commands, "shell", "running.open_shell", "run a shell, or a command, in a node of a running lab")
    command.add_argument("lab", metavar="LAB", help="a name from `cnetkit ps`, or NAME@PID")
    command.add_argument("node", metavar="NODE", help="one of its nodes")
    rest = command.add_argument("command", metavar="COMMAND", nargs=argparse.REMAINDER, help="instead of a shell")
    rest.required = False  # argparse makes it required, and reports it if LAB is missing


def _exports(command: argparse.ArgumentParser) -> None:
    for kind, text in (
        ("json", "write the journeys as JSON"),
        ("html", "write one page that shows them without a network"),
        ("pcapng", "write one capture file for Wireshark, with changes and evidence as comments"),
    ):
        command.add_argument(f"--{kind}", metavar="FILE", help=text)
    command.add_argument(
        "--select", metavar="EXPRESSION", help="show only these journeys, such as 'tcp.port == 80 and dropped'"
    )
    command.add_argument("--all", action="store_true", help="show every flow's hops, however many there are")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Does not raise, unless CNETKIT_DEBUG is set."""
    try:
        if "_ARGCOMPLETE" in os.environ:
            from cnetkit.cli.completion import complete

            complete(parser())
        arguments = parser().parse_args(argv)
        module, _, function = arguments.action.partition(".")
        status = int(getattr(import_module(f"cnetkit.cli.{module}"), function)(arguments) or 0)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("CNETKIT_DEBUG"):
            raise
        print(f"cnetkit: {sentence(error)}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more can be written there
        return 2 if isinstance(error, BadUseError) else 1
    return status


def sentence(error: Exception) -> str:
    """The error on one line: errors of cnetkit and of the system as they are, everything else as a bug."""
    if isinstance(error, CnetkitError):
        text = str(error)
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
        text = f"the output cannot be written ({error.strerror}): make room, or write it to another place"
    elif isinstance(error, MemoryError):
        text = "there is not enough memory for this"
    else:
        text = f"this is a bug in cnetkit: {type(error).__name__}: {error} (set CNETKIT_DEBUG=1 to see where)"
    return " ".join(text.split())
