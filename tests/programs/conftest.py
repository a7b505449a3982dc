"""A machine whose apt is set to nothing, a signed repository on it, and a table with one set."""

import os
import textwrap
from pathlib import Path

import pytest

from cnetkit.programs import sets
from tests.programs.repository import SUITE, Key, Repository

TINY = sets.ProgramSet("tiny", "1", SUITE, "tiny", "tiny", "a program for tests", 1, 1)
BASE = "base"
SCRIPT = (b"#!/bin/sh\necho tiny\n", 0o755)


@pytest.fixture(scope="session")
def key():
    made = Key()
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Neither proxies nor settings of the real machine; the cache is a folder of the test. It returns apt's configuration."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("CNETKIT_"):
            monkeypatch.delenv(name)
    conf = tmp_path / "apt.conf"
    for name in ("lists/partial", "archives/partial"):
        (tmp_path / "machine" / name).mkdir(parents=True)
    (tmp_path / "machine/status").touch()
    (tmp_path / "machine/sources.list").touch()
    conf.write_text(
        textwrap.dedent(f"""\
        Dir::Etc::parts "/dev/null"; Dir::Etc::main "/dev/null"; Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::sourcelist "{tmp_path}/machine/sources.list"; Dir::State "{tmp_path}/machine";
        Dir::State::status "{tmp_path}/machine/status"; Dir::Cache "{tmp_path}/machine"; APT::Sandbox::User "root";
        """)
    )
    monkeypatch.setenv("APT_CONFIG", str(conf))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return conf


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setattr(sets, "SETS", (TINY,))
    monkeypatch.setattr(sets, "BASE", BASE)


@pytest.fixture
def repository(tmp_path, key, machine, table):
    """With the packages tiny, which needs lib, and base; they are fetched in the order lib, tiny, base or another."""
    made = Repository(tmp_path / "repository")
    made.add("tiny", {"usr/bin/tiny": SCRIPT, "usr/share/doc/tiny/copyright": (b"", 0o644)}, depends="lib")
    made.add("lib", {"lib/libtiny.so": (b"so", 0o644)}, version="2:1.0-1")
    made.add(
        "base",
        {
            "var/run": (None, 0o755),
            "bin/bash": (Path("/bin/sh").resolve().read_bytes(), 0o755),
            "usr/sbin/iptables-nft": (b"", 0o755),
            "usr/bin/su": (b"", 0o4755),
        },
    )
    made.sign(key)
    return made


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "cnetkit"
