"""What is taken from this machine's own apt: the mirror, proxies, and Debian's keys where they are missing."""

import platform
import shutil
import subprocess

import pytest

from cnetkit import programs
from cnetkit.model import CnetkitError
from cnetkit.programs import machine as here
from tests.programs.repository import SUITE


def debian(monkeypatch, name="debian", codename="bookworm"):
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": name, "VERSION_CODENAME": codename})


def sources(machine, *lines):
    (machine.parent / "machine/sources.list").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("lines", "mirror"),
    [
        (["deb http://mirror.invalid/debian bookworm main"], "http://mirror.invalid/debian"),
        (["deb http://mirror.invalid/debian/ stable main contrib"], "http://mirror.invalid/debian"),
        (["deb file:/srv/debian bookworm main"], "file:/srv/debian"),
        (["deb mirror+file:/etc/apt/mirrors/debian.list bookworm main"], "mirror+file:/etc/apt/mirrors/debian.list"),
        (
            ["deb http://other.invalid/debian/12/prod bookworm main", "deb http://mirror.invalid/debian bookworm main"],
            "http://mirror.invalid/debian",
        ),
        (
            [
                "deb http://s.invalid/debian-security bookworm-security main",
                "deb http://m.invalid/debian bookworm main",
            ],
            "http://m.invalid/debian",
        ),
        (["deb http://docker.invalid/linux/debian bookworm stable"], here.MIRROR),
        (["deb cdrom:[Debian]/debian bookworm main"], here.MIRROR),
        ([], here.MIRROR),
    ],
)
def test_on_debian_the_mirror_is_the_one_that_apt_uses(machine, monkeypatch, lines, mirror):
    debian(monkeypatch)
    sources(machine, *lines)
    assert here._mirror() == mirror


def test_elsewhere_it_is_debians_own_whatever_the_machines_is_called(machine, monkeypatch):
    debian(monkeypatch, "ubuntu", "noble")
    sources(machine, "deb http://mirror.invalid/ubuntu noble main", "deb http://mirror.invalid/debian noble main")
    assert here._mirror() == here.MIRROR


def test_proxies_and_dates_are_taken_over_and_nothing_that_waives_signatures(machine, monkeypatch, key):
    given = [
        'Acquire::http::Proxy "http://proxy.invalid:3128";',
        'Acquire::https::Proxy::mirror.invalid "DIRECT";',
        'Acquire::Check-Valid-Until "no";',
    ]
    refused = ['Acquire::AllowInsecureRepositories "true";', 'APT::Get::AllowUnauthenticated "true";']
    machine.write_text(machine.read_text() + "\n".join([*given, *refused]))
    archive = here.archive("http://mirror.invalid/debian/", str(key.public))
    assert set(given) <= set(archive.settings)
    assert [line for line in archive.settings if "Allow" in line or not line.startswith("Acquire::")] == []
    assert archive.undated
    assert archive.mirror == "http://mirror.invalid/debian"


def test_a_keyring_that_is_not_there_is_named(machine):
    with pytest.raises(CnetkitError, match=r"there is no keyring nowhere\.gpg"):
        here.archive("", "nowhere.gpg")


@pytest.fixture
def ubuntu(repository, key, machine, monkeypatch):
    """A machine without Debian's keys, whose own archive has them in a package, as Ubuntu's has."""
    keyring = key.public.read_bytes()
    repository.add("debian-archive-keyring", {"usr/share/keyrings/debian-archive-keyring.gpg": (keyring, 0o644)})
    repository.sign(key)
    keys = machine.parent / "machine/own.gpg"
    shutil.copyfile(key.public, keys)
    sources(machine, f"deb [signed-by={keys}] copy:{repository.folder} {SUITE} main")
    monkeypatch.setattr(here, "ROOT", machine.parent / "empty")
    return repository


def test_debians_keys_come_from_the_machines_own_archive_once(ubuntu, cache):
    subprocess.run(["apt-get", "-qq", "update"], check=True, timeout=120)
    present = programs.fetch("tiny", mirror=f"copy:{ubuntu.folder}")
    assert present.folder.is_dir()
    shutil.rmtree(ubuntu.folder)
    kept = cache / "apt/debian-archive-keyring.gpg"
    assert here.archive().keyring == kept
    assert sorted(path.name for path in kept.parent.iterdir()) == [kept.name, SUITE]


def test_without_a_package_list_the_command_that_gets_one_is_named(ubuntu, cache):
    with pytest.raises(CnetkitError, match=r"sudo apt-get update.*sudo apt-get install debian-archive-keyring"):
        programs.fetch("tiny", mirror=f"copy:{ubuntu.folder}")
    assert not (cache / "apt/debian-archive-keyring.gpg").exists()


def test_keys_of_an_archive_that_apt_cannot_verify_are_not_taken(ubuntu, machine, cache):
    (ubuntu.folder / "dists" / SUITE / "InRelease").unlink()
    sources(machine, f"deb [allow-insecure=yes] copy:{ubuntu.folder} {SUITE} main")
    subprocess.run(["apt-get", "-qq", "update"], check=True, timeout=120)
    with pytest.raises(CnetkitError, match="cannot fetch them"):
        programs.fetch("tiny", mirror=f"copy:{ubuntu.folder}")
    assert not (cache / "apt/debian-archive-keyring.gpg").exists()
