"""A host is a machine of its own: what is written there stays there, and its programs may come from a folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnetkit import CnetkitError
from cnetkit.kernel.machine import cgroup_mounts
from cnetkit.lab import Lab

WRITTEN = tuple(f"{folder}/hello" for folder in ("/etc", "/opt", "/srv", "/var/lib", "/var/log", "/run", "/tmp"))


def groups() -> set[str]:
    return {path for path, _, _ in os.walk("/sys/fs/cgroup")}


@pytest.fixture
def programs() -> Iterator[Path]:
    """A folder of programs with sh, cat, ls and mkdir, and a file that only it has."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        yield made(Path(folder) / "odd: name, here" / "tiny-1.0")


def made(root: Path) -> Path:
    for name in ("sh", "cat", "ls", "mkdir", "mount"):
        program = shutil.which(name)
        files = re.findall(r"/\S+", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout)
        for path in [Path(program), *map(Path, files)]:
            there = (
                root / "usr" / "bin" / path.name
                if path == Path(program)
                else root / str(path.parent).lstrip("/") / path.name
            )
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path.resolve(), there)
    (root / "usr" / "tiny").write_text("only here\n")
    return root


def test_what_a_host_writes_is_seen_by_it_alone(lab):
    one, other = lab.host("one"), lab.host("other")
    for path in WRITTEN:
        one.run(f"mkdir -p {os.path.dirname(path)} && echo hello > {path}", check=True)
        assert one.run(f"cat {path}").output == "hello\n"
        assert not other.run(f"cat {path}").ok
        assert not os.path.exists(path)


def test_a_host_sees_the_machines_own_files_and_cannot_change_them(lab):
    host = lab.host("one")
    assert host.run("cat /etc/os-release").output == Path("/etc/os-release").read_text()
    assert not host.run("touch /usr/bin/hello").ok


def test_the_control_groups_of_a_host_are_the_machines_and_cannot_be_changed(lab):
    if not os.listdir("/sys/fs/cgroup"):  # a container that has none
        return
    before, host = groups(), lab.host("one")
    assert host.run("ls /sys/fs/cgroup").output.split()
    host.run("for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/hello; done")
    assert groups() == before


def test_the_programs_of_a_host_may_come_from_a_folder(lab, programs):
    host = lab.host("one", programs=programs)
    assert host.run("cat /usr/tiny").output == "only here\n"
    assert not host.run("ip link").ok  # the machine's own are not there
    host.run("echo changed > /usr/tiny; echo hello > /etc/hello; ls /etc/passwd /proc/self /home", check=True)
    assert host.run("cat /usr/tiny /etc/hello").output == "changed\nhello\n"
    assert (programs / "usr" / "tiny").read_text() == "only here\n"
    assert not (programs / "etc").exists()


def test_the_small_servers_run_where_there_is_no_python(lab, programs):
    host, client = lab.host("one", programs=programs), lab.host("client")
    lab.connect(client, host, "10.0.0.0/24")
    host.http_server(80)
    assert "This is one" in client.run("curl -s http://10.0.0.1/", check=True).output


def test_nothing_of_the_machines_root_remains_below_the_folders_own(lab, programs):
    host = lab.host("one", programs=programs)
    roots = [line.split()[4] for line in host.run("cat /proc/self/mountinfo").output.splitlines()]
    assert roots.count("/") == 1
    assert not [path for path in roots if path.startswith(("/.old", "/run/machine", "/usr"))]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("docker-28.5", "cnetkit get docker-28.5"),
        ("tiny-1.0", "no programs 'tiny-1.0'"),
        ("../docker", "no programs"),
        (Path("/nowhere/tiny"), "/nowhere/tiny is no folder"),
    ],
)
def test_programs_that_are_not_here_are_named_with_what_to_do(lab, tmp_path, monkeypatch, name, message):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(CnetkitError, match=message):
        lab.host("one", programs=name)
    assert "one" not in lab.nodes
    lab.host("one")


def test_a_folder_that_a_lab_hides_is_refused_with_the_reason(lab, tmp_path):
    with pytest.raises(CnetkitError, match="is not to be seen in a lab"):
        lab.host("one", programs=tmp_path)


def test_a_lab_closes_with_all_that_its_hosts_wrote():
    with Lab("written") as lab:
        lab.host("one").run("echo hello > /var/lib/hello", check=True)
    with Lab("written") as lab:
        assert not lab.host("one").run("cat /var/lib/hello").ok


def test_the_hierarchies_that_the_kernel_has_are_the_ones_that_programs_find():
    assert cgroup_mounts("0::/user.slice/user-1000.slice\n") == {"": ("cgroup2", "")}
    first = "12:cpu,cpuacct:/\n3:memory:/a:b\n1:name=systemd:/\n0::/\n"
    assert cgroup_mounts(first) == {
        "cpu,cpuacct": ("cgroup", "cpu,cpuacct"),
        "memory": ("cgroup", "memory"),
        "systemd": ("cgroup", "none,name=systemd"),
    }


def test_cgroups_are_found_in_a_hosts_own_root_and_cannot_be_changed(lab, programs):
    host = lab.host("own", programs=programs)
    groups = host.run("cat /proc/self/cgroup").output
    shown = {folder or ".": kind for folder, (kind, _) in cgroup_mounts(groups).items()}
    assert shown
    for folder, kind in shown.items():
        assert host.run(f"ls /sys/fs/cgroup/{folder}").output
        assert f"- {kind} " in host.run("cat /proc/self/mountinfo").output
        assert not host.run(f"mkdir /sys/fs/cgroup/{folder}/made").ok
