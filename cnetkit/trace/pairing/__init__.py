"""Pairs the frames that went in somewhere with those that came out, and marks pairs that time makes doubtful."""
