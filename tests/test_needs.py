"""Needs: what to do where one is missing, and that whatever the course and the labs name is known."""

from __future__ import annotations

import pytest

from cnetkit import catalog, course, doctor, equipment
from cnetkit.needs import Need, feature, library, program, programs


def test_a_fix_depends_on_the_container_engine_where_that_matters():
    need = feature("mount-proc", fix={"": "outside", "docker": "an option"})
    assert need.fix_under("docker") == "an option"
    assert need.fix_under("podman") == need.fix_under("") == "outside"


def test_a_kernel_feature_is_loaded_by_its_modules_name():
    assert "modprobe ip_gre`" in feature("gre", module="ip_gre").fix_under("")
    assert "modprobe vxlan`" in feature("vxlan").fix_under("")


@pytest.mark.parametrize(
    ("need", "works"),
    [
        (program("sh", "dash"), True),
        (program("no-such-program", "none"), False),
        (library("libc", "libc6"), False),  # its file is libc.so.6, and .so.1 is looked for
        (Need("msgspec", "package", {"": ""}), True),
        (Need("no-such-package", "package", {"": "install it"}), False),
    ],
)
def test_programs_libraries_and_packages_are_looked_for(need, works):
    assert equipment.look(need).works is works


def test_programs_that_get_fetches_are_looked_for_on_path_then_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(equipment, "SEARCH", str(tmp_path))
    missing = equipment.look(programs("etcd"))
    assert not missing.works
    assert missing.fix == "run `cnetkit get etcd`, or put etcd, etcdctl on PATH"
    (tmp_path / "cache/cnetkit/programs/etcd-3.5").mkdir(parents=True)
    assert equipment.look(programs("etcd")).detail == str(tmp_path / "cache/cnetkit/programs/etcd-3.5")
    (tmp_path / "etcd").touch(mode=0o755)
    assert equipment.look(programs("etcd")).detail == str(tmp_path / "cache/cnetkit/programs/etcd-3.5")
    (tmp_path / "etcdctl").touch(mode=0o755)
    assert equipment.look(programs("etcd")).detail == str(tmp_path / "etcd")


def test_every_need_of_a_lesson_or_a_lab_says_what_to_do_where_it_is_missing():
    named = {need for row in course.LESSONS for need in row.needs}
    named |= {need for name in catalog.names() for need in catalog.find(name).needs}
    assert named <= doctor.needs().keys()


def test_a_program_that_the_kernel_is_asked_with_is_what_to_install(monkeypatch):
    answer = {"stage": "ready", "errno": 0, "features": {"iptables-nat": "iptables-nft-restore is not installed"}}
    monkeypatch.setattr(doctor, "run_probe", lambda: answer)
    monkeypatch.setattr(doctor, "path", lambda program: "")
    (nat,) = (feature for feature in doctor.examine().features if feature.name == "iptables-nat")
    assert nat.fix == "run `sudo apt-get install iptables`"
