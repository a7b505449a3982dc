"""The packet in each frame, from its columns: its digests, its text form, its changes, and the units that are
compared."""
