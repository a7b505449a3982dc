"""Real container networks, every packet at every hop, and the kernel's own reason for each step."""
