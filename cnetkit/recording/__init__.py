"""OBSERVE: frames, events and topologies, in memory as columns and on disk as pcapng."""
