"""Pairs what went in with what came out, and says which pairs time leaves in doubt."""
