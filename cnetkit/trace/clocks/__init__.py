"""The clocks of several capture files: the packets that two of them saw, and how they differ."""
