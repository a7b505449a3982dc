"""DESCRIBE: what a learner writes, turned into requests for the sandbox."""

from cnetkit.lab.lab import Lab

__all__ = ["Lab"]
