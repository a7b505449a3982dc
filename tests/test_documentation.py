"""Every public name and every command is documented."""

import argparse
import ast
import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

import cnetkit
from cnetkit import cli, model
from cnetkit.trace.query.fields import CHANGES, FIELDS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
SOURCES = sorted(path for path in (ROOT / "cnetkit").rglob("*.py"))


def commands():
    actions = [action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return actions[0].choices


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_stands_in_the_readme(name):
    assert f"cnetkit {name}" in README


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_option_stands_in_the_readme(name):
    row = next(line for line in README.splitlines() if line.startswith(f"| `cnetkit {name}"))
    options = [option for action in commands()[name]._actions for option in action.option_strings]
    assert all(option in row for option in options if option not in ("-h", "--help"))


def test_each_public_name_stands_in_the_readme_or_the_architecture():
    for name in getattr(cnetkit, "__all__", []):
        assert re.search(rf"\b{name}\b", README + ARCHITECTURE), name
        assert name.startswith("_") or inspect.getdoc(getattr(cnetkit, name)), name


@pytest.mark.parametrize(
    "noun", ["Node", "Interface", "Link", "Topology", "Event", "Hop", "Outcome", "Evidence", "Change"]
)
def test_each_noun_of_the_model_stands_in_the_glossary(noun):
    assert f"**{noun}**" in ARCHITECTURE
    assert inspect.getdoc(getattr(model, noun))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_module_says_what_it_does(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_file_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_each_field_of_a_selection_and_each_column_of_a_table_stands_in_the_docs():
    fields, changes = (ROOT / "docs" / "selection.md").read_text(encoding="utf-8").split("## Fields")[::-1]
    assert [name for name in FIELDS if f"`{name}`" not in fields] == []
    assert [name for name in CHANGES if f"`{name}`" not in changes] == []
    tables = (ROOT / "docs" / "traces.md").read_text(encoding="utf-8")
    trace = cnetkit.load(ROOT / "tests" / "data" / "truth" / "portmap.pcapng")
    for name in ("frames", "hops", "flows", "latency"):
        columns = [
            column for column in getattr(trace.tables, name).columns if column not in get_args(model.OutcomeKind)
        ]
        row = next(line for line in tables.splitlines() if line.startswith(f"| `trace.tables.{name}"))
        assert [column for column in columns if not re.search(rf"\b{column}\b", row)] == []


def test_what_a_trace_can_do_stands_in_the_docs():
    pages = README + ARCHITECTURE + "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    names = [
        name for name, member in vars(cnetkit.Trace).items() if not name.startswith("_") and inspect.getdoc(member)
    ]
    assert [name for name in names if not re.search(rf"`[tT]race\.{name}\b", pages)] == []


def test_every_local_link_leads_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "labs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"
