"""What rides along with the frames in a saved recording: topologies, events, losses and labels, as compressed JSON.

Nothing but the nouns of model.py is ever made from it, and no more is decompressed than LIMIT bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from cnetkit.model import SUBJECTS, CnetkitError, Event, Loss, Topology

LIMIT = 1 << 29
"""Bytes of JSON that are decompressed at most: a few kilobytes of a hostile file could otherwise fill the memory."""


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
    """The clock of each interface of the file; empty where all have the same."""
    places: tuple[tuple[str, str], ...] = ()
    """Node and interface of each interface of the file; empty where its name, `node/ifname`, can only be read in one way."""
    comments: dict[int, str] = {}
    """What another tool wrote beside a frame, by the frame's number."""
    events: dict[str, msgspec.Raw] = {}
    """For each kind of event a list of (place among all events, time_ns, node, action, subject)."""


def pack_events(events: Iterable[Event]) -> dict[str, msgspec.Raw]:
    """Events as the metadata holds them: sorted by kind, so that each list is of one type."""
    kinds: dict[str, list[tuple[int, int, str, str, Any]]] = {}
    for place, event in enumerate(events):
        kinds.setdefault(event.kind, []).append((place, event.time_ns, event.node, event.action, event.subject))
    return {kind: msgspec.Raw(_encode(found)) for kind, found in kinds.items()}


def unpack_events(packed: Mapping[str, msgspec.Raw]) -> tuple[Event, ...]:
    """The events, in their order. Kinds that this version does not know are left out."""
    found: list[tuple[int, Event]] = []
    action = Literal["verdict", "new", "update", "destroy"]
    for kind, raw in packed.items():
        if kind in SUBJECTS:
            row = tuple[int, int, str, action, SUBJECTS[kind]]  # type: ignore[valid-type]
            for place, time_ns, node, did, subject in msgspec.json.decode(raw, type=list[row]):
                found.append((place, Event(time_ns, node, kind, did, subject)))
    return tuple(event for _, event in sorted(found, key=lambda one: one[0]))


def encode(metadata: Metadata) -> bytes:
    """The metadata as compressed JSON."""
    return zlib.compress(_encode(metadata), 6)


def decode(data: bytes) -> tuple[Metadata, tuple[Event, ...]]:
    """What `encode` made, and its events. CnetkitError where it is damaged, too long, or of a later version."""
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, LIMIT)
        if not reader.eof:
            raise CnetkitError("what was saved beside the frames is cut short or too long: only the frames were read")
        metadata = msgspec.json.decode(text, type=Metadata)
        return metadata, unpack_events(metadata.events)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CnetkitError(
            f"what was saved beside the frames is damaged ({error}): only the frames were read"
        ) from error


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: object) -> object:
    """Mappings of other types than dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not part of the model")
