"""The base class of all messages between a client and an agent, and of all operations: a msgspec struct with a tag.

It defines no message itself.
"""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, tag_field="is", tag=True, omit_defaults=True):
    """A message. Its class name is sent along as `is`, so class names are part of the protocol, like field order."""
