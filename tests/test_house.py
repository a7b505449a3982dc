"""The house keeps its shape: one class of a name, short files and functions, classes that can be held in mind."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from docs.house import picture
from tests.test_documentation import ROOT, SOURCES

LONGEST_FILE, LONGEST_FUNCTION, MOST_METHODS = 400, 60, 15
LARGE_CLASSES = {"Trace": "all that a learner holds of a run"}
"""Classes with more public methods than that, and why."""
EXPRESSIONS = {
    "cnetkit/kernel/start.py": "a lab's name, as a host name",
    "cnetkit/lab/site.py": "the name that somebody gives a node",
    "cnetkit/learn/question.py": "a learner's answer",
    "cnetkit/learn/negation.py": "a learner's free text",
    "cnetkit/trace/query/expression.py": "a selection",
    "cnetkit/trace/query/values.py": "a selection's values",
    "cnetkit/view/bundle.py": "JavaScript modules",
    "cnetkit/view/page.py": "style sheets, for the page's security policy",
}
"""The files that use regular expressions, and on what: never on what cnetkit itself, nft or ip has worded."""

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield str(path.relative_to(ROOT)), node


def public_methods(node: ast.ClassDef) -> list[str]:
    return [one.name for one in node.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]


def test_no_class_name_stands_twice():
    places = defaultdict(list)
    for path, node in nodes(ast.ClassDef):
        places[node.name.lstrip("_")].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_no_file_is_longer_than_400_lines():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines():
    lengths = {f"{path}:{node.name}": node.end_lineno - node.lineno + 1 for path, node in nodes(ast.FunctionDef)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_a_class_with_many_public_methods_has_a_reason():
    large = {node.name for _, node in nodes(ast.ClassDef) if len(public_methods(node)) > MOST_METHODS}
    assert large == set(LARGE_CLASSES)


def test_regular_expressions_stand_only_where_they_read_what_people_wrote():
    users = {path for path, node in nodes(ast.Import) if any(one.name == "re" for one in node.names)}
    assert users == set(EXPRESSIONS)


def test_the_picture_of_the_house_is_drawn_from_its_contracts_as_they_are():
    assert picture() == (ROOT / "docs" / "house.svg").read_text(encoding="utf-8"), "run `make house`"
