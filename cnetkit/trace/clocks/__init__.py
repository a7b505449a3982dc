"""The clocks of several capture files: which packets two clocks captured, and how far the clocks differ."""
