import pytest

from cnetkit import catalog, course
from cnetkit.doctor import examine
from cnetkit.model import CnetkitError

LAB = '"""A title.\n\nMore."""\nQUESTION = "Why?"\nNEEDS = ("veth",)\ndef network(lab): ...\ndef traffic(lab): ...\n'


def write(folder, name, text):
    (folder / name).mkdir(parents=True)
    (folder / name / "lab.py").write_text(text)


def test_a_lab_has_a_title_a_question_and_needs(tmp_path):
    write(tmp_path, "one-two", LAB)
    entry = catalog.find("one-two", tmp_path)
    assert (entry.title, entry.question, entry.needs) == ("A title", "Why?", ("veth",))


def test_a_lab_has_a_session_only_when_one_was_recorded(tmp_path):
    write(tmp_path, "one", LAB)
    assert catalog.find("one", tmp_path).session is None
    (tmp_path / "one" / catalog.SESSION).write_bytes(b"")
    assert catalog.find("one", tmp_path).session == tmp_path / "one" / catalog.SESSION


def test_an_unknown_name_gets_the_closest_name_as_a_hint(tmp_path):
    write(tmp_path, "port-mapping", LAB)
    with pytest.raises(CnetkitError, match="did you mean port-mapping"):
        catalog.find("port-maping", tmp_path)


def test_a_name_without_a_close_match_gets_a_hint_to_the_list(tmp_path):
    with pytest.raises(CnetkitError, match="cnetkit list"):
        catalog.find("xyz", tmp_path)


def test_a_name_cannot_lead_out_of_the_folder(tmp_path):
    write(tmp_path, "outside", LAB)
    (tmp_path / "labs").mkdir()
    with pytest.raises(CnetkitError, match="there is no lab"):
        catalog.find("../outside", tmp_path / "labs")


@pytest.mark.parametrize("word", ["QUESTION", "NEEDS", "network", "traffic"])
def test_a_lab_without_a_required_part_is_refused_with_the_name_of_the_part(word, tmp_path):
    write(tmp_path, "one", LAB.replace(word, f"other_{word}"))
    with pytest.raises(CnetkitError, match=f"lacks {word}"):
        catalog.find("one", tmp_path)


def test_a_lab_that_cannot_be_loaded_is_refused_with_the_reason(tmp_path):
    write(tmp_path, "one", "1 / 0\n")
    with pytest.raises(CnetkitError, match="ZeroDivisionError"):
        catalog.find("one", tmp_path)


def test_nothing_is_loaded_to_list_names(tmp_path):
    write(tmp_path, "b", "1 / 0\n")
    write(tmp_path, "a", "1 / 0\n")
    assert catalog.names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("name", catalog.names())
def test_every_shipped_lab_loads_and_has_a_worksheet(name):
    entry = catalog.find(name)
    assert entry.question.endswith("?")
    assert (entry.folder / "README.md").is_file()


def test_every_need_is_something_the_doctor_knows():
    known = {feature.name for feature in examine().features}
    needs = {need for lesson in course.LESSONS for need in lesson.needs}
    needs |= {need for name in catalog.names() for need in catalog.find(name).needs}
    assert needs <= known


def test_lessons_are_numbered_in_order():
    assert [lesson.number for lesson in course.LESSONS] == [f"{number:02}" for number in range(len(course.LESSONS))]
