"""The metadata of a saved recording: topologies, events, losses and labels, as compressed JSON.

Only the types of cnetkit.model are created from it, and at most LIMIT bytes are decompressed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from cnetkit.model import SUBJECTS, CnetkitError, Event, Loss, Topology

LIMIT = 1 << 29
"""The most bytes of JSON that are decompressed: a few kilobytes of a hostile file could otherwise fill the memory."""


class Metadata(msgspec.Struct, frozen=True):
    """All of a recording but its frames. Version 1."""

    version: Literal[1] = 1
    name: str = ""
    kernel: str = ""
    replayed: str = ""
    warnings: tuple[str, ...] = ()
    topologies: tuple[Topology, ...] = ()
    losses: tuple[Loss, ...] = ()
    clocks: tuple[str, ...] = ()
    """The clock of each interface of the file; empty if all have the same."""
    places: tuple[tuple[str, str], ...] = ()
    """Node and interface of each interface of the file; empty if its name, `node/ifname`, is unambiguous."""
    comments: dict[int, str] = {}
    """Comments of another tool, by frame number."""
    captured: tuple[str, ...] = ()
    """The nodes that were captured; empty: all."""
    filter: str = ""
    """The capture filter; empty: none."""
    events: dict[str, msgspec.Raw] = {}
    """For each kind of event a list of (place among all events, time_ns, node, action, subject)."""


def pack_events(events: Iterable[Event]) -> dict[str, msgspec.Raw]:
    """Groups events by kind, so that each list has one type."""
    kinds: dict[str, list[tuple[int, int, str, str, Any]]] = {}
    for place, event in enumerate(events):
        kinds.setdefault(event.kind, []).append((place, event.time_ns, event.node, event.action, event.subject))
    return {kind: msgspec.Raw(_encode(rows)) for kind, rows in kinds.items()}


def unpack_events(packed: Mapping[str, msgspec.Raw]) -> tuple[Event, ...]:
    """The events, in their order. Kinds that this version does not know are left out."""
    placed: list[tuple[int, Event]] = []
    action = Literal["verdict", "new", "update", "destroy"]
    for kind, raw in packed.items():
        if kind in SUBJECTS:
            row = tuple[int, int, str, action, SUBJECTS[kind]]  # type: ignore[valid-type]
            for place, time_ns, node, did, subject in msgspec.json.decode(raw, type=list[row]):
                placed.append((place, Event(time_ns, node, kind, did, subject)))
    return tuple(event for _, event in sorted(placed, key=lambda pair: pair[0]))


def encode(metadata: Metadata) -> bytes:
    """The metadata as compressed JSON."""
    return zlib.compress(_encode(metadata), 6)


def decode(data: bytes) -> tuple[Metadata, tuple[Event, ...]]:
    """The inverse of `encode`. CnetkitError if it is damaged, too long, or of a later version."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, LIMIT)
        if not reader.eof:
            raise CnetkitError(
                "the metadata that cnetkit saved in the file is truncated or too long: only the frames were read"
            )
        metadata = msgspec.json.decode(text, type=Metadata)
        return metadata, unpack_events(metadata.events)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CnetkitError(
            f"the metadata that cnetkit saved in the file is damaged ({error}): only the frames were read"
        ) from error


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: object) -> object:
    """Converts mappings of other types to dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not part of the model")
