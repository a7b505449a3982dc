"""Tab completion: commands and options by argcomplete, and the names of programs, of labs, of running labs and of their nodes."""

from __future__ import annotations

import argparse
from typing import Any

import argcomplete

from cnetkit.model import CnetkitError


def complete(parser: argparse.ArgumentParser) -> None:
    """Prints what fits, and ends the process, if the shell asks for it."""
    for command, option, names in (
        ("get", "name", _programs),
        ("run", "lab", _labs),
        ("shell", "lab", _running),
        ("shell", "node", _nodes),
    ):
        _argument(parser, command, option).completer = names
    argcomplete.autocomplete(parser)


def _argument(parser: argparse.ArgumentParser, command: str, name: str) -> Any:  # noqa: ANN401 - argcomplete looks for an attribute
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next(action for action in commands.choices[command]._actions if action.dest == name)


def _labs(**_: object) -> list[str]:
    from cnetkit import catalog

    return catalog.names()


def _programs(**_: object) -> list[str]:
    from cnetkit import programs

    return [*programs.names(), *(entry.name for entry in programs.here())]


def _running(**_: object) -> list[str]:
    from cnetkit.sandbox import running

    return [lab.name for lab in running()]


def _nodes(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    from cnetkit.sandbox import running

    try:
        return sorted({node for lab in running() if lab.name == parsed_args.lab for node in lab.nodes})
    except CnetkitError:
        return []
