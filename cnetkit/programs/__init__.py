"""Programs without installing them: Debian's packages, whole, in folders of the user's cache, each fit to be a node's root."""

from cnetkit.programs.getting import Advance, Listener, Plan, fetch, megabytes, take
from cnetkit.programs.sets import SETS, ProgramSet, find, names
from cnetkit.programs.store import Present, cache, here, remove, root

__all__ = [
    "SETS",
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
]
