"""Recordings: frames, events and topologies, in memory as columns and on disk as pcapng. Explains nothing."""

from cnetkit.recording.recording import Recording, load, load_all

__all__ = ["Recording", "load", "load_all"]
