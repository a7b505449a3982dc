"""Mutants are small faults that a test should notice, and the nearest tests are run."""

import ast

import pytest

from tests import mutants
from tests.mutants import ROOT, Mutant

SOURCE = '''"""A text 1."""


def f(a: int = 1) -> "bool":
    note = f"{'1' * 0}"
    return a < 3 and not note
'''


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    return list(mutants.mutants(path, None))


def test_each_mutant_is_one_expression_written_otherwise_and_no_text_or_annotation(made):
    assert {(each.before, each.after) for each in made} == {
        ("1", "2"), ("3", "4"), ("a < 3", "a <= 3"), ("not note", "note"), ("a < 3 and not note", "a < 3 or not note"),
    }  # fmt: skip


def test_each_mutant_is_a_file_that_can_be_read(made):
    assert all(ast.dump(ast.parse(each.text)) != ast.dump(ast.parse(SOURCE)) for each in made)


def test_only_the_lines_that_changed_have_mutants(made):
    assert {each.line for each in mutants.mutants(made[0].path, {4})} == {4}


def test_the_nearest_tests_are_the_mirrored_file_then_its_folder_then_its_room():
    places = mutants.nearest(ROOT / "cnetkit" / "trace" / "causes" / "checksums.py")
    assert [str(place.relative_to(ROOT)) for place in places] == [
        "tests/trace/causes/test_checksums.py", "tests/trace/causes", "tests/trace",
    ]  # fmt: skip


@pytest.mark.parametrize(("test", "noticed"), [("assert f(3) is False", True), ("assert f(9) is False", False)])
def test_a_mutant_is_noticed_if_a_test_fails_with_it(tmp_path, monkeypatch, made, test, noticed):
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "nearest", lambda path: [tmp_path / "test_module.py"])
    (tmp_path / "test_module.py").write_text(f"from module import f\n\n\ndef test_f():\n    {test}\n")
    mutant = next(each for each in made if each.after == "a <= 3")
    assert mutants.noticed(mutant, tmp_path) is noticed
    assert (tmp_path / "module.py").read_text() == SOURCE
    assert isinstance(mutant, Mutant)
