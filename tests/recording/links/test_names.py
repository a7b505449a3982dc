"""Link types have the numbers that libpcap, or tcpdump.org's registry, gives their names."""

import ast
import ctypes
import inspect

import pytest

from cnetkit.recording.links import LINKS, names
from cnetkit.recording.links.names import NAMES, named

LIBPCAP = ctypes.CDLL("libpcap.so.0.8")
LIBPCAP.pcap_datalink_val_to_name.restype = ctypes.c_char_p

REGISTRY = {
    3: "AX25", 6: "IEEE802_5", 7: "ARCNET_BSD", 100: "ATM_RFC1483", 119: "IEEE802_11_PRISM", 195: "IEEE802_15_4_WITHFCS",
    203: "LAPD", 205: "C_HDLC_WITH_DIR", 206: "FRELAY_WITH_DIR", 207: "LAPB_WITH_DIR", 210: "FLEXRAY", 212: "LIN",
    270: "LORATAP",
}  # fmt: skip
"""https://www.tcpdump.org/linktypes.html, where libpcap has another name than the registry, or none."""


@pytest.mark.parametrize("number", NAMES)
def test_a_link_types_name_is_that_of_libpcap_or_of_the_registry(number):
    theirs = LIBPCAP.pcap_datalink_val_to_name(number)
    assert NAMES[number] == (REGISTRY.get(number) or theirs.decode())


def test_no_type_that_is_decoded_is_named_as_one_that_is_not():
    assert not set(LINKS) & set(NAMES)


def test_user_types_are_counted_from_0_to_15():
    shown = [named(number) for number in (146, 147, 162, 163)]
    assert shown == ["146", "147 (USER0)", "162 (USER15)", "163"]


def test_no_number_stands_twice():
    """Of two equal keys in a table the later one wins, and the earlier name would be missing."""
    tree = ast.parse(inspect.getsource(names))
    (keys,) = ([ast.literal_eval(key) for key in node.keys] for node in ast.walk(tree) if isinstance(node, ast.Dict))
    assert len(keys) == len(NAMES)
    assert set(REGISTRY) <= set(NAMES)
