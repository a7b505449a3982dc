"""What is kept of fetched programs: found, listed, measured and removed, whatever state an interrupted run left."""

import os

import pytest

from cnetkit import programs
from cnetkit.model import CnetkitError
from cnetkit.programs import sets, store


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "cnetkit"


def put(cache, name, suite="trixie", content=b"x" * 5000):
    """A set as `fetch` leaves it."""
    place = cache / "programs" / name
    (place / "usr/bin").mkdir(parents=True)
    (place / "usr/bin/it").write_bytes(content)
    store.write_record(place, store.Present(name, place, store.size(place), suite, {"it": "1.0"}))
    return place


def test_a_fetched_set_is_found_by_its_name_and_the_newest_by_its_family(cache):
    old, new = put(cache, "docker-20.10"), put(cache, "docker-28.5")
    assert programs.root("docker-20.10") == old
    assert programs.root("docker") == programs.root("docker-28.5") == new


def test_a_set_that_is_not_here_is_named_with_the_command_that_fetches_it(cache):
    put(cache, "docker-20.10")
    for name in ("docker", "docker-28.5"):
        with pytest.raises(CnetkitError, match=r"docker-28\.5 is not here: run `cnetkit get docker-28\.5`"):
            programs.root(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "nosuch", "../docker-28.5", "/etc", "docker-28.5/usr", "docker-28.5.new", ".lock", "docker-"],
)
def test_other_names_than_those_of_the_table_lead_nowhere(cache, name):
    put(cache, "docker-28.5")
    put(cache, "docker-28.5.new")
    for use in (programs.root, programs.fetch, programs.remove):
        with pytest.raises(CnetkitError, match="there are no programs"):
            use(name)
    assert programs.root("docker-28.5").is_dir()


def test_only_whole_sets_are_listed(cache):
    assert programs.here() == []
    place = put(cache, "docker-28.5", "forky")
    put(cache, "docker-26.1.new")
    put(cache, "etcd-3.5.old")
    (present,) = programs.here()
    assert (present.name, present.folder, present.suite) == ("docker-28.5", place, "forky")
    assert (present.packages, present.size >= 5000) == ({"it": "1.0"}, True)


def test_a_set_without_a_readable_record_is_listed_with_its_size(cache):
    place = put(cache, "docker-28.5")
    (place / store.RECORD).write_text('{"size": "many"}')
    (present,) = programs.here()
    assert (present.name, present.suite, present.packages) == ("docker-28.5", "", {})
    assert present.size >= 5000


def test_a_removed_set_is_gone_and_the_others_stay(cache):
    put(cache, "docker-28.5")
    place = put(cache, "docker-26.1")
    assert programs.remove("docker-28.5") >= 5000
    assert [present.folder for present in programs.here()] == [place]


def test_a_folder_that_nobody_may_write_is_removed_all_the_same(cache):
    place = put(cache, "docker-28.5")
    (place / "usr/bin").chmod(0o500)
    (place / "usr").chmod(0o500)
    programs.remove("docker")
    assert not place.exists()


def test_removing_follows_no_link(cache, tmp_path):
    outside = tmp_path / "mine"
    outside.mkdir(mode=0o500)
    (put(cache, "docker-28.5") / "link").symlink_to(outside)
    programs.remove("docker")
    assert outside.stat().st_mode & 0o777 == 0o500


def test_the_last_set_of_a_suite_takes_its_package_list_along(cache):
    put(cache, "docker-26.1", "trixie")
    put(cache, "etcd-3.5", "trixie")
    (cache / "apt/trixie/lists").mkdir(parents=True)
    programs.remove("docker-26.1")
    assert (cache / "apt/trixie").is_dir()
    programs.remove("etcd")
    assert not (cache / "apt/trixie").exists()


def test_what_an_interrupted_download_left_is_removed_by_the_sets_name(cache):
    kept = cache / "apt/forky/archives/it_1_all.deb"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 5000)
    assert programs.remove("docker") >= 5000
    assert not kept.exists()
    with pytest.raises(CnetkitError, match=r"docker-28\.5 is not here"):
        programs.remove("docker")


def test_a_set_that_the_table_no_longer_has_can_be_removed(cache):
    put(cache, "docker-17.03")
    assert programs.remove("docker-17.03")
    assert programs.here() == []


def test_a_file_with_two_names_counts_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    before = store.size(tmp_path)
    os.link(tmp_path / "a", tmp_path / "b")
    assert store.size(tmp_path) == before


def test_without_xdg_cache_home_the_cache_is_in_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert programs.cache() == tmp_path / ".cache" / "cnetkit"


def test_a_cache_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CnetkitError, match="XDG_CACHE_HOME"):
        programs.fetch("docker")


def test_each_set_has_its_own_name_and_the_newest_of_a_family_comes_first():
    names = [entry.name for entry in sets.SETS]
    assert len(set(names)) == len(names)
    assert not set(names) & {entry.family for entry in sets.SETS if entry.version}
    for family in {entry.family for entry in sets.SETS}:
        versions = [
            tuple(map(int, entry.version.split("."))) for entry in sets.SETS if entry.family == family and entry.version
        ]
        assert versions == sorted(versions, reverse=True)
