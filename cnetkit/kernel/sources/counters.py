"""A node's protocol counters from /proc/net. Sources: proc(5), Documentation/networking/snmp_counter.rst."""

from __future__ import annotations

import contextlib

from cnetkit.kernel.stacks import Stack

_TRACKED = ("invalid", "insert_failed", "drop", "early_drop")
_STATISTICS_FILES = ("/proc/net/snmp", "/proc/net/netstat")
_FLAT_FILES = {"/proc/net/snmp6": "Ip6", "/proc/net/xfrm_stat": "Xfrm"}
"""A counter a line, and what their names begin with."""


def dump(stack: Stack) -> dict[str, int]:
    """The counters that are not 0: `Ip.InNoRoutes`, `TcpExt.ListenDrops`, `Ip6.InNoRoutes`, ... (proc(5))."""
    stack.enter()
    counters: dict[str, int] = {}
    for path in _STATISTICS_FILES:
        try:
            with open(path, encoding="ascii") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        for heads, values in zip(lines[::2], lines[1::2], strict=True):
            prefix, *names = heads.split()
            counters |= {f"{prefix}{name}": int(value) for name, value in zip(names, values.split()[1:], strict=True)}
    for path, prefix in _FLAT_FILES.items():
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            pairs = (line.split() for line in file)
            counters |= {f"{prefix}.{name.removeprefix(prefix)}": int(value) for name, value in pairs}
    counters |= _tracking()
    return {name.replace(":", "."): value for name, value in counters.items() if value}


def _tracking() -> dict[str, int]:
    """Conntrack's counters, summed over all processors: `conntrack.drop`, `conntrack.insert_failed`, ..."""
    try:
        with open("/proc/net/stat/nf_conntrack", encoding="ascii") as file:
            names, *rows = (line.split() for line in file)
    except (OSError, ValueError):
        return {}
    sums = [sum(int(row[at], 16) for row in rows) for at in range(len(names))]
    return {f"conntrack.{name}": value for name, value in zip(names, sums, strict=True) if name in _TRACKED}
