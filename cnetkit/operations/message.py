"""The base of every message between a client and an agent, and of every operation: a msgspec struct tagged by its class name."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, tag_field="is", tag=True, omit_defaults=True):
    """A message. The class name travels with it as `is`, so class names, like field order, are part of the protocol."""
