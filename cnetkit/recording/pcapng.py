"""The pcapng format's numbers and options, shared by reader and writer.

Source: the IETF draft "PCAP Now Generic (pcapng) Capture File Format" (draft-ietf-opsawg-pcapng). Options are
interpreted by the reader.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

SECTION, INTERFACE, PACKET, SIMPLE_PACKET, NAMES, STATISTICS, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6
"""Block types; PACKET is the obsolete one."""
BYTE_ORDER_MAGIC = 0x1A2B3C4D

END, COMMENT, CUSTOM_COPIED = 0, 1, 2989
"""Option codes of every block; CUSTOM_COPIED holds bytes, and tools that rewrite the file keep it."""
SHB_OS, SHB_APPLICATION = 3, 4
IF_NAME, IF_TSRESOL, IF_TSOFFSET = 2, 9, 14
EPB_FLAGS = 2
ISB_IFDROP, ISB_OSDROP = 5, 7

ENTERPRISE = 32473
"""IANA's private enterprise number for documentation (RFC 5612): cnetkit has none of its own."""
MAGIC = b"cnetkit\x01"
"""The first bytes of our own custom options, after the enterprise number."""

OPTION_LIMIT = 65535


def option(code: int, value: bytes) -> bytes:
    """One option in little endian, padded to 32 bits; text longer than an option can hold is cut at a character."""
    if len(value) > OPTION_LIMIT:
        value = value[:OPTION_LIMIT].decode("utf-8", "ignore").encode()
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The (code, value) pairs in `data`, up to its end, the end option or the first invalid one.

    `order` is struct's: `<` or `>`. The records of a name resolution block have the same form.
    """
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, at)
        if code == END or at + 4 + length > len(data):
            return
        yield code, data[at + 4 : at + 4 + length]
        at += 4 + length + (-length % 4)


def block(kind: int, body: bytes) -> bytes:
    """One block in little endian. The length of `body` is a multiple of four."""
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
