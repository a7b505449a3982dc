"""What a frame's columns say of its packet: who it is, its words, its changes, and the units it is compared as."""
