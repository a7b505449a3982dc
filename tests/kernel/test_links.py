"""Link kinds: what is read of them agrees with pyroute2, and each kind has its file."""

from __future__ import annotations

import struct

import pytest
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from cnetkit.kernel.links import KINDS
from cnetkit.kernel.links.link import new_link
from cnetkit.kernel.links.vxlan import vxlan
from cnetkit.kernel.netlink.codec import attributes
from cnetkit.operations import OPERATIONS
from tests.test_documentation import ROOT

VXLANS = [
    vxlan("ov", "02:00:00:00:00:01", 42, "192.0.2.1", 7, 4789, 0, False, True, 1400),
    vxlan("ov", "02:00:00:00:00:01", 0xFFFFFF, "2001:db8::1", 7, 8472, 3, True, False, 0),
]


def by_pyroute2(message):
    decoded = ifinfmsg(message)
    decoded.decode()
    data = decoded.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA")
    return {name.split("_", 2)[-1].lower(): value for name, value in data["attrs"]}


@pytest.mark.parametrize("message", VXLANS, ids=["IPv4", "IPv6"])
def test_the_details_of_a_vxlan_are_those_that_pyroute2_reads(message):
    info = attributes(attributes(message, 32)[18])
    assert KINDS["vxlan"].details(info[2]) == by_pyroute2(message)


def test_what_a_new_link_asks_for_is_what_pyroute2_reads_from_it():
    message = new_link("macvlan", "m0", "02:00:00:00:00:01", struct.pack("=HHI", 8, 1, 4), parent=7, mtu=1300)
    decoded = ifinfmsg(message)
    decoded.decode()
    wanted = {"IFNAME": "m0", "ADDRESS": "02:00:00:00:00:01", "LINK": 7, "MTU": 1300}
    assert {name: decoded.get_attr(f"IFLA_{name}") for name in wanted} == wanted
    assert decoded.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") == "macvlan"
    assert decoded["flags"] == decoded["change"] == 1


def test_each_kind_has_a_file_and_each_file_a_kind():
    files = {path.stem for path in (ROOT / "cnetkit" / "kernel" / "links").glob("*.py")}
    assert files == {*KINDS, "__init__", "kind", "link"}
    assert all(kind.name == name for name, kind in KINDS.items())


def test_each_operation_is_carried_out_by_the_file_of_its_own_name():
    files = {path.stem for path in (ROOT / "cnetkit" / "kernel" / "build").glob("*.py")}
    assert files == {*(one.__module__.rpartition(".")[2] for one in OPERATIONS), "__init__", "builder", "request"}
