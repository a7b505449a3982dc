"""Fetching programs from a repository made here: what is unpacked, what is refused, and what an interruption leaves."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnetkit import programs
from cnetkit.model import CnetkitError
from cnetkit.programs import getting
from tests.programs.conftest import BASE, TINY
from tests.programs.repository import SUITE, Key, serving

PATIENCE = 120
TABLE = f"""
import sys
from cnetkit import programs
from cnetkit.programs import sets
sets.SETS, sets.BASE = (sets.{TINY!r},), {BASE!r}
"""
SCRIPT = f"""{TABLE}
programs.fetch("tiny", lambda event: print(getattr(event, "stage", "plan"), flush=True), mirror=sys.argv[1], keyring=sys.argv[2])
"""
TAKE = f"""{TABLE}
from pathlib import Path
programs.take("tiny", Path(sys.argv[1]))
"""


def fetch(repository, key, **options):
    return programs.fetch("tiny", mirror=f"copy:{repository.folder}", keyring=str(key.public), **options)


def another_process(uri, key, **environment):
    """The same in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, uri, str(key.public)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | environment
    )


def wait(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def left(cache):
    """What is there besides downloads and package lists."""
    return sorted(path.name for path in (cache / "programs").iterdir() if path.name != ".lock")


def test_a_set_is_unpacked_whole_and_recorded(repository, key, cache):
    present = fetch(repository, key)
    root = cache / "programs/tiny-1"
    assert (present.name, present.folder, present.suite) == ("tiny-1", root, SUITE)
    assert present.packages == {"tiny": "1.0", "lib": "2:1.0-1", "base": "1.0"}
    assert programs.here() == [present]
    assert subprocess.run([root / "usr/bin/tiny"], capture_output=True, text=True, check=True).stdout == "tiny\n"
    assert (root / "usr/lib/libtiny.so").read_text() == "so"
    assert os.readlink(root / "lib") == "usr/lib"
    assert os.readlink(root / "usr/bin/sh") == "bash"
    assert os.readlink(root / "usr/sbin/iptables") == "iptables-nft"
    assert not (root / "usr/sbin/iptables-save").is_symlink()
    assert os.readlink(root / "var/run") == "../run"


def test_no_package_writes_through_a_link_of_another_that_leads_out_of_the_root(repository, key, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("aaa", "zzz"):
        repository.add(name, {"etc/settings": (str(outside), 0), "etc/up": ("../../../../../outside", 0)})
    repository.add("mmm", {"etc/settings/file": (b"", 0o644), "etc/up/file": (b"", 0o644)})
    repository.stanzas[0] = repository.stanzas[0].replace("Depends: lib", "Depends: lib, aaa, mmm, zzz")
    repository.sign(key)
    with pytest.raises(CnetkitError, match="cannot be unpacked"):
        fetch(repository, key)
    assert list(outside.iterdir()) == []


def test_documentation_owners_and_set_user_id_bits_are_left_out(repository, key):
    root = fetch(repository, key).folder
    assert not (root / "usr/share/doc/tiny").exists()
    status = (root / "usr/bin/su").stat()
    assert stat.S_IMODE(status.st_mode) == 0o755
    assert status.st_uid == os.geteuid()


def test_others_may_read_a_root_whatever_the_umask_is(repository, key):
    before = os.umask(0o077)
    try:
        root = fetch(repository, key).folder
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "usr/bin/tiny").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "usr/bin").stat().st_mode) == 0o755
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


def test_the_plan_comes_before_the_download_and_each_stage_ends_whole(repository, key):
    events = []
    fetch(repository, key, listener=events.append)
    (plan,) = (event for event in events if isinstance(event, programs.Plan))
    sizes = [package.stat().st_size for package in (repository.folder / "pool").iterdir()]
    assert (plan.packages, plan.download, plan.kept, plan.room, plan.undated) == (3, sum(sizes), 0, 3 * 1024, False)
    stages = [event.stage if event != plan else "plan" for event in events]
    assert list(dict.fromkeys(stages)) == ["list", "plan", "download", "unpack"]
    assert events[-1].share == 1


def test_the_downloads_are_removed_after_unpacking(repository, key, cache):
    fetch(repository, key)
    assert list((cache / "apt").rglob("*.deb")) == []


def test_passwords_of_a_proxy_are_for_the_users_eyes_only(repository, key, cache, machine):
    machine.write_text(machine.read_text() + 'Acquire::http::Proxy "http://user:secret@proxy.invalid:3128";\n')
    fetch(repository, key)
    holding = [path for path in cache.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert [path.name for path in holding] == ["apt.conf"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in holding] == [0o600]


def test_a_set_that_is_here_is_not_fetched_again(repository, key):
    first = fetch(repository, key)
    repository.folder.rename(repository.folder.with_name("away"))
    assert fetch(repository, key) == first


def test_a_list_that_another_key_signed_leaves_nothing(repository, key, cache):
    other = Key()
    try:
        with pytest.raises(CnetkitError, match="not signed by one of the keys"):
            fetch(repository, other)
    finally:
        other.close()
    assert left(cache) == []
    assert list((cache / "apt").rglob("*Packages*")) == []


def test_a_list_that_nobody_signed_leaves_nothing(repository, key, cache):
    (repository.folder / "dists" / SUITE / "InRelease").unlink()
    with pytest.raises(CnetkitError, match="cannot be read"):
        fetch(repository, key)
    assert left(cache) == []


def test_settings_of_ones_own_cannot_switch_signatures_off(repository, key, cache, tmp_path, monkeypatch):
    (repository.folder / "dists" / SUITE / "InRelease").unlink()
    conf = tmp_path / "own.conf"
    conf.write_text('APT::Get::AllowUnauthenticated "true"; Acquire::AllowInsecureRepositories "true";')
    monkeypatch.setenv("CNETKIT_APT_CONF", str(conf))
    with pytest.raises(CnetkitError, match="cannot be read"):
        fetch(repository, key)
    assert left(cache) == []


def test_a_package_that_was_changed_on_the_mirror_is_refused(repository, key, cache):
    package = repository.folder / "pool/lib.deb"
    content = bytearray(package.read_bytes())
    content[-20] ^= 1
    package.write_bytes(content)
    with pytest.raises(CnetkitError, match="not everything can be fetched"):
        fetch(repository, key)
    assert left(cache) == []


def test_a_package_that_was_damaged_here_is_deleted_and_fetched_again(repository, key, cache):
    kept = cache / "apt" / SUITE / "archives" / f"lib_2%3a1.0-1_{repository.architecture}.deb"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * (repository.folder / "pool/lib.deb").stat().st_size)
    with pytest.raises(CnetkitError, match="damaged on this disk"):
        fetch(repository, key)
    assert not kept.exists()
    assert fetch(repository, key).folder.is_dir()


def test_an_expired_list_is_refused_unless_the_users_own_settings_allow_it(
    repository, key, cache, tmp_path, monkeypatch
):
    repository.sign(key, valid_days=-3)
    with pytest.raises(CnetkitError, match="CNETKIT_APT_CONF"):
        fetch(repository, key)
    assert left(cache) == []
    conf = tmp_path / "own.conf"
    monkeypatch.setenv("CNETKIT_APT_CONF", str(conf))
    with pytest.raises(CnetkitError, match="there is no file"):
        fetch(repository, key)
    conf.write_text('Acquire::Check-Valid-Until "false";')
    assert fetch(repository, key).folder.is_dir()


def test_an_expired_list_is_taken_where_the_machines_apt_takes_it_and_that_is_said(repository, key, machine):
    repository.sign(key, valid_days=-3)
    machine.write_text(machine.read_text() + 'Acquire::Check-Valid-Until "false";\n')
    events = []
    fetch(repository, key, listener=events.append)
    assert [event.undated for event in events if isinstance(event, programs.Plan)] == [True]


def test_another_version_than_the_names_is_not_taken(repository, key, cache):
    repository.stanzas[0] = repository.stanzas[0].replace("Version: 1.0", "Version: 2.0")
    repository.sign(key)
    with pytest.raises(CnetkitError, match=r"now has tiny 2\.0, and not 1"):
        fetch(repository, key)
    assert left(cache) == []


def test_a_set_without_its_program_is_not_kept(repository, key, cache):
    repository.stanzas.clear()
    repository.add("tiny", {"usr/bin/other": (b"", 0o755)})
    repository.add("base", {"usr/bin/bash": (b"", 0o755)})
    repository.sign(key)
    with pytest.raises(CnetkitError, match="has no tiny"):
        fetch(repository, key)
    assert left(cache) == []


def test_a_disk_with_too_little_room_is_named_before_the_download(repository, key, cache, monkeypatch):
    class Status:
        f_bavail, f_frsize = 1000, 4096

    monkeypatch.setattr(getting.os, "statvfs", lambda _: Status)
    with pytest.raises(CnetkitError, match=r"needs 34 MB in .*, and 4 MB are free"):
        fetch(repository, key)
    assert left(cache) == []
    assert list((cache / "apt").rglob("*.deb")) == []


def test_a_disk_that_fills_up_while_unpacking_leaves_only_the_downloads(repository, key, tmp_path):
    repository.add("huge", {"usr/bin/huge": (bytes(60_000_000), 0o755)})
    repository.stanzas[0] = repository.stanzas[0].replace("Depends: lib", "Depends: lib, huge")
    repository.sign(key)
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    inside = f"""mount -t tmpfs -o size=48m tmpfs {disk} || exit 9; export XDG_CACHE_HOME={disk}
    {sys.executable} {tmp_path}/script.py copy:{repository.folder} {key.public}; ls {disk}/cnetkit/programs
    ls {disk}/cnetkit/apt/{SUITE}/archives"""
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", inside], capture_output=True, text=True, check=False)
    assert "No space left on device" in done.stderr
    assert "huge_1.0" in done.stdout
    assert "tiny-1" not in done.stdout


def test_a_download_that_is_killed_leaves_no_set_and_goes_on_where_it_was(repository, key, cache):
    archives = cache / "apt" / SUITE / "archives"
    with serving(repository.folder, hold="/tiny.deb") as mirror:
        process = another_process(mirror.uri, key)
        assert mirror.asked.wait(PATIENCE), process.communicate()
        wait(lambda: len(list(archives.glob("*.deb"))) == 2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert left(cache) == []
        mirror.go.set()
        before = list(mirror.paths)
        events = []
        programs.fetch("tiny", events.append, mirror=mirror.uri, keyring=str(key.public))
        assert [path for path in mirror.paths[len(before) :] if path.endswith(".deb")] == []
    (plan,) = (event for event in events if isinstance(event, programs.Plan))
    assert 0 < plan.kept < plan.download
    assert left(cache) == ["tiny-1"]


def test_unpacking_that_is_killed_leaves_no_set_and_no_process(repository, key, cache, tmp_path):
    (tmp_path / "bin").mkdir()
    tar = tmp_path / "bin/tar"
    tar.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 1000\n")
    tar.chmod(0o755)
    process = another_process(f"copy:{repository.folder}", key, PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    wait((tmp_path / "pid").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stopped = Path("/proc", (tmp_path / "pid").read_text().strip())
    wait(lambda: not stopped.exists() or "State:\tZ" in (stopped / "status").read_text())
    assert left(cache) == ["tiny-1.new"]
    assert programs.here() == []
    with pytest.raises(CnetkitError, match="is not here"):
        programs.root("tiny")
    fetch(repository, key)
    assert left(cache) == ["tiny-1"]


def test_two_at_once_fetch_it_once_and_both_have_it(repository, key, cache):
    with serving(repository.folder, hold="/tiny.deb") as mirror:
        first = another_process(mirror.uri, key)
        assert mirror.asked.wait(PATIENCE), first.communicate()
        second = another_process(mirror.uri, key)
        assert second.stdout.readline() == "waiting\n"
        mirror.go.set()
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in (first, second)]
        assert [process.returncode for process in (first, second)] == [0, 0], outputs
        assert [path for path in mirror.paths if path.endswith("/lib.deb")] == ["/pool/lib.deb"]
    assert "unpack" not in outputs[1]
    assert left(cache) == ["tiny-1"]


def test_without_apt_the_other_ways_are_named(repository, key, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CnetkitError, match=r"this system has no apt-get.*put them on PATH.*`cnetkit get tiny-1 --from FOLDER`"
    ):
        fetch(repository, key)


def test_a_mirror_that_is_not_there_is_named_with_what_apt_says(repository, key, tmp_path):
    with pytest.raises(CnetkitError, match=r"apt says: .*choose another mirror by --mirror"):
        programs.fetch("tiny", mirror="http://127.0.0.1:9", keyring=str(key.public))


def test_a_folder_that_was_made_elsewhere_is_taken_as_a_copy(repository, key, cache, tmp_path):
    elsewhere = fetch(repository, key).folder.rename(tmp_path / "elsewhere")
    present = programs.take("tiny", elsewhere)
    assert (present.folder, present.packages) == (cache / "programs/tiny-1", {})
    assert programs.here() == [present]
    assert os.readlink(present.folder / "lib") == "usr/lib"
    assert (elsewhere / "usr/bin/tiny").exists()
    assert (elsewhere / "usr/bin/tiny").stat().st_ino != (present.folder / "usr/bin/tiny").stat().st_ino


def test_a_folder_for_another_processor_is_not_taken(repository, key, cache, tmp_path):
    elsewhere = fetch(repository, key).folder.rename(tmp_path / "elsewhere")
    header = bytearray(Path(sys.executable).read_bytes()[:64])
    header[18] ^= 0xFF
    (elsewhere / "usr/bin/bash").write_bytes(header)
    with pytest.raises(CnetkitError, match="another processor"):
        programs.take("tiny", elsewhere)
    assert left(cache) == []


def test_a_folder_that_cannot_be_read_leaves_nothing(repository, key, cache, tmp_path):
    elsewhere = fetch(repository, key).folder.rename(tmp_path / "elsewhere")
    secret = elsewhere / "usr/secret"
    secret.write_bytes(b"")
    secret.chmod(0)
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run([*drop, sys.executable, "-c", TAKE, elsewhere], capture_output=True, text=True, check=False)
    assert "cp says" in done.stderr
    assert left(cache) == []


def test_a_folder_without_the_programs_or_with_a_device_is_not_taken(repository, key, cache, tmp_path):
    elsewhere = fetch(repository, key).folder.rename(tmp_path / "elsewhere")
    os.mkfifo(elsewhere / "usr/pipe")
    with pytest.raises(CnetkitError, match="usr/pipe is neither a file nor a link"):
        programs.take("tiny", elsewhere)
    (elsewhere / "usr/bin/tiny").unlink()
    with pytest.raises(CnetkitError, match="has no tiny"):
        programs.take("tiny", elsewhere)
    with pytest.raises(CnetkitError, match="there is no folder"):
        programs.take("tiny", tmp_path / "nowhere")
    assert left(cache) == []
