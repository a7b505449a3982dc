"""The folder of pages is replaced whole or not at all, and what goes wrong is one sentence. tests/browser reads the pages."""

from pathlib import Path

import nbformat
import pytest

from cnetkit import catalog, website
from cnetkit.model import CnetkitError
from cnetkit.website import pages, sources


@pytest.fixture
def quick(monkeypatch):
    """Pages without Sphinx and kernels."""

    def write(sources, folder, tell):
        folder.mkdir()
        (folder / "index.html").write_text("new")

    monkeypatch.setattr(sources, "prepare", lambda folder, tell: 8)
    monkeypatch.setattr(pages, "write", write)


@pytest.fixture
def older(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / website.MARK).write_text("")
    (folder / "index.html").write_text("old")
    (folder / "gone.html").write_text("old")
    return folder


def inside(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != website.MARK}


def build(folder):
    return website.build(folder, lambda line: None)


def test_a_folder_that_was_made_before_is_replaced_as_a_whole(quick, older):
    assert build(older) == 8
    assert inside(older) == {"index.html": "new"}
    assert [path.name for path in older.parent.iterdir()] == ["pages"]


def test_folders_above_it_are_made(quick, tmp_path):
    build(tmp_path / "a" / "b")
    assert inside(tmp_path / "a" / "b") == {"index.html": "new"}


def test_a_folder_with_other_files_is_left_alone(quick, tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(CnetkitError, match=r"contains other files, and would be replaced as a whole: choose another"):
        build(tmp_path)
    assert inside(tmp_path) == {"thesis.txt": "years"}


def test_after_a_failure_the_folder_is_as_it_was_and_nothing_is_left_beside_it(quick, older, monkeypatch):
    def fail(*_):
        raise CnetkitError("Sphinx cannot make the pages: no")

    monkeypatch.setattr(pages, "write", fail)
    with pytest.raises(CnetkitError, match="cannot make"):
        build(older)
    assert inside(older) == {"index.html": "old", "gone.html": "old"}
    assert [path.name for path in older.parent.iterdir()] == ["pages"]


def test_if_the_new_folder_cannot_be_put_in_place_the_old_one_comes_back(quick, older, monkeypatch):
    rename = Path.rename

    def refuse(path, target):
        if path.name == "pages" and target == older and (path / "index.html").read_text() == "new":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(CnetkitError, match=r"cannot be written .*\(No space left on device\): choose another folder"):
        build(older)
    assert inside(older) == {"index.html": "old", "gone.html": "old"}


def test_a_file_in_the_way_is_named_and_kept(quick, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "pages"):
        with pytest.raises(CnetkitError, match=r"Not a directory|File exists"):
            build(folder)
    assert file.read_text() == "mine"


def test_missing_packages_are_named_with_the_command_that_brings_them(monkeypatch, tmp_path):
    monkeypatch.setattr(website, "PACKAGES", ("json", "no_such_package"))
    with pytest.raises(CnetkitError, match=r"^no_such_package is not installed: run `pip install 'cnetkit\[site\]'`"):
        build(tmp_path / "pages")
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_that_fails_is_named_with_its_error(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("raise ValueError('no such packet')")])
    with pytest.raises(CnetkitError, match=r"the page broken fails on its recording \(ValueError: no such packet\)"):
        sources.run_all({"broken": notebook}, tmp_path, lambda line: None)


def test_cells_for_a_notebook_only_are_left_out_and_links_to_a_checkout_become_text():
    tagged = nbformat.v4.new_code_cell("lab.close()", metadata={"tags": [sources.NOTEBOOK_ONLY]})
    linked = nbformat.v4.new_markdown_cell("See [the lab](../labs/x/README.md) and [next](01-x.ipynb).")
    asked = nbformat.v4.new_code_cell('lesson.ask("x", ...)')
    plain = nbformat.v4.new_code_cell('print(1)\nlesson.ask("x", ...)')
    made = sources.for_page(nbformat.v4.new_notebook(cells=[linked, asked, plain, tagged]))
    assert made.cells[0].source == "See the lab and [next](01-x.ipynb)."
    assert [cell.source for cell in made.cells if cell.cell_type == "code"] == [asked.source, plain.source]
    assert [cell.metadata.get("tags") for cell in made.cells if cell.cell_type == "code"] == [["remove-input"], None]


@pytest.mark.parametrize("path", sorted(catalog.shipped("notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_is_of_use_in_a_notebook_only_is_not_in_the_page(path):
    cells = nbformat.read(path, 4).cells
    marked = [cell.source for cell in cells if sources.NOTEBOOK_ONLY in cell.metadata.get("tags", ())]
    for words in ("three dots", "lesson.score"):
        assert [cell.source for cell in cells if words in cell.source and cell.source not in marked] == []
    assert not any("\n## " in source for source in marked if "three dots" in source)
