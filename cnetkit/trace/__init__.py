"""EXPLAIN: a recording becomes a trace. Pure: no clock, socket, randomness or kernel."""
