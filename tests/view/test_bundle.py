import re

import pytest

from cnetkit.view import bundle

ENTRIES = ("page", "site", "widget")


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_bundle_contains_every_imported_module(entry):
    program = bundle.script(entry)
    assert not re.search(r"^import ", program, re.MULTILINE)
    for file in bundle.STATIC.glob("*.js"):
        if file.stem not in ENTRIES:
            assert program.count(f"const ${file.stem} = ") == 1


def test_a_module_comes_after_its_imports():
    program = bundle.script("page")
    for file in bundle.STATIC.glob("*.js"):
        for _, needed in bundle.IMPORT.findall(file.read_text(encoding="utf-8")):
            if file.stem not in ENTRIES:
                assert program.index(f"const ${needed} = ") < program.index(f"const ${file.stem} = ")


def test_data_never_becomes_markup():
    for file in bundle.STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", file.read_text(encoding="utf-8")
        )


def test_nothing_names_another_host():
    own = "".join(file.read_text(encoding="utf-8") for file in bundle.STATIC.iterdir()) + bundle.style()
    assert re.findall(r"https?://\S+", own.replace("http://www.w3.org/2000/svg", "")) == []
    assert "url(" not in own
