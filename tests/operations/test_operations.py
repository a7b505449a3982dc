"""Operations keep the form in which recorded sessions hold them, and each has its words."""

from __future__ import annotations

import ast
import subprocess

import pytest

from cnetkit import operations as op, protocol as p
from cnetkit.model import NodeKind
from cnetkit.sandbox import session
from tests.test_documentation import ROOT

SESSIONS = sorted([*(ROOT / "labs").rglob("*.cnetkit"), *(ROOT / "notebooks").rglob("*.cnetkit")])
MACS = "02:00:00:00:00:01", "02:00:00:00:00:02"
EXAMPLES: dict[type, object] = {
    str: "10.0.0.1/24",
    int: 7,
    bool: True,
    NodeKind: "host",
    list[str]: ["10.0.0.2"],
}


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_recorded_build_requests_are_encoded_byte_for_byte_as_they_were(path):
    bodies = [body for ours, _, body in session.read(path).messages if ours]
    builds = [(body, request) for body in bodies if isinstance(request := p.request(body), p.Build)]
    assert builds
    for body, request in builds:
        assert p.encode(1, request)[8:] == body


def examples(operation):
    """The operation with a value in each field, and with its defaults."""
    annotations = {
        name: eval(kind, {**vars(op), "NodeKind": NodeKind}) for name, kind in operation.__annotations__.items()
    }
    every = {name: EXAMPLES[kind] for name, kind in annotations.items()}
    least = {name: value for name, value in every.items() if name in required(operation)}
    return [operation(**every), operation(**least)]


def required(operation):
    return operation.__struct_fields__[: len(operation.__struct_fields__) - len(operation.__struct_defaults__)]


@pytest.mark.parametrize("operation", op.OPERATIONS, ids=lambda operation: operation.__name__)
def test_each_operation_travels_and_has_a_comment_and_commands_that_bash_can_parse(operation):
    for example in examples(operation):
        ((_, body),) = p.Splitter().feed(p.encode(1, p.Build([example])))
        assert p.request(body) == p.Build([example])
        text = op.shell_script("x", [example])
        assert f"\n# {example.comment()}\n" in text
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("operation", "interfaces"),
    [
        (op.AddVeth("a", "eth0", MACS[0], "b", "eth1", MACS[1]), ["a ethtool -K eth0", "b ethtool -K eth1"]),
        (op.AddVeth("a", "eth0", MACS[0], "b", "eth1", MACS[1], offload=True), []),
        (op.AddVxlan("a", "vxlan0", MACS[0], 42, "10.0.0.1", "eth0"), ["a ethtool -K vxlan0"]),
        (op.AddBridge("a", "br0", MACS[0]), ["a ethtool -K br0"]),
    ],
)
def test_the_commands_switch_off_the_offload_where_the_lab_does(operation, interfaces):
    lines = [line for line in operation.commands() if "ethtool" in line]
    assert lines == [f"ip netns exec {interface} tx off >/dev/null" for interface in interfaces]


def test_each_operation_has_a_file_of_its_own_which_the_package_imports():
    files = {path.stem for path in (ROOT / "cnetkit" / "operations").glob("*.py")}
    homes = [operation.__module__.rpartition(".")[2] for operation in op.OPERATIONS]
    assert len(set(homes)) == len(homes)
    assert files == {*homes, "__init__", "message", "operation", "commands", "shell_script"}


def test_the_protocol_lists_no_operation_by_name():
    tree = ast.parse((ROOT / "cnetkit" / "protocol.py").read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {operation.__name__ for operation in op.OPERATIONS}


def test_the_inverse_of_rules_takes_away_what_they_added():
    rules = op.Rules("dock", "*nat\n:DOCKER - [0:0]\n-I POSTROUTING 2 -j DOCKER\n-A DOCKER -j RETURN\nCOMMIT\n")
    assert rules.inverse() == "*nat\n-D DOCKER -j RETURN\n-D POSTROUTING -j DOCKER\n-X DOCKER\nCOMMIT\n"
