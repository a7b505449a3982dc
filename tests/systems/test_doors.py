"""The table of doors: each leads to a system that documents itself, and the lab imports no system for it."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from cnetkit.lab.host import Host
from cnetkit.lab.lab import Lab
from cnetkit.systems import DOORS

OWNERS = {"Lab": Lab, "Host": Host}
FOLDERS = sorted({module.rpartition(".")[0] for _, _, module in DOORS})


@pytest.mark.parametrize(("owner", "name", "module"), DOORS)
def test_each_door_is_a_documented_method_or_property(owner, name, module):
    target = getattr(OWNERS[owner], name)
    assert target is getattr(importlib.import_module(module), name)
    assert inspect.getdoc(target)


@pytest.mark.parametrize("module", FOLDERS)
def test_each_system_has_needs_and_a_readme(module):
    system = importlib.import_module(module)
    assert system.NEEDS
    assert (Path(system.__file__).parent / "README.md").is_file()


def test_every_folder_of_systems_has_a_door():
    folders = {path.parent.name for path in Path(sys.modules["cnetkit.systems"].__file__).parent.glob("*/__init__.py")}
    assert folders == {module.rpartition(".")[2] for module in FOLDERS}


def test_a_lab_can_be_imported_without_any_system():
    code = "import cnetkit.lab, sys; print([name for name in sys.modules if name.startswith('cnetkit.systems.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
