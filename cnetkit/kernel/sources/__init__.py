"""The kernel's tables, one a file: how each is dumped, what its unasked messages mean, and both as the model's nouns.

A source reads and draws no conclusion. snapshot.py puts the dumps together, listener.py the unasked messages.
"""
