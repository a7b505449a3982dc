"""Programs without installing them: Debian's packages, whole, in folders of the user's cache, each fit to be a node's root."""

from cnetkit.programs.getting import Advance, Listener, Plan, fetch, megabytes, take
from cnetkit.programs.sets import ProgramSet, find, names
from cnetkit.programs.store import Present, cache, here, remove, root, unfinished

__all__ = [
    "Advance",
    "Listener",
    "Plan",
    "Present",
    "ProgramSet",
    "cache",
    "fetch",
    "find",
    "here",
    "megabytes",
    "names",
    "remove",
    "root",
    "take",
    "unfinished",
]
