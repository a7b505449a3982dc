"""Evaluates a selection on columns: which frames, journeys or flows match. No Python loop runs over packets.

A test is true for a journey (or flow) if it is true at one of its hops. `and`, `or` and `not` combine the results for
whole journeys; `hop(...)` requires a single hop that matches all of it.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.query.expression import AtHop, Both, Changed, Expression, Not, Term
from cnetkit.trace.query.fields import CHANGES, FIELDS, Part, columns_of
from cnetkit.trace.query.values import Value

Flags = NDArray[np.bool_]
ORDER: dict[str, Callable[[NDArray[Any], int], Flags]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def matches(node: Expression, analysis: Analysis, owner: NDArray[np.integer]) -> Flags:
    """For each owner whether it matches `node`. `owner` gives the owner of each frame, counted from 0, or -1 for none."""
    match node:
        case Both(word="and", parts=parts):
            return reduce(np.logical_and, (matches(part, analysis, owner) for part in parts))
        case Both(parts=parts):
            return reduce(np.logical_or, (matches(part, analysis, owner) for part in parts))
        case Not(part=part):
            return ~matches(part, analysis, owner)
        case Term(operator="!="):
            return ~matches(Term(node.field, "==", node.values), analysis, owner)
        case AtHop(part=part):
            hops = matches(part, analysis, np.arange(len(owner)))
        case Changed(field=field):
            bits, there = CHANGES[field]
            hops = analysis.frames.bits & np.uint32(bits) > 0
            hops = hops & there(analysis) if there else hops
        case Term():
            hops = _tested(node, analysis)
    fits: Flags = np.zeros(int(owner.max(initial=-1)) + 1, np.bool_)
    fits[owner[hops & (owner >= 0)]] = True
    return fits


def _tested(test: Term, analysis: Analysis) -> Flags:
    """The frames for which a test other than `!=` is true."""
    whole = np.zeros(len(analysis.joined.journey), np.bool_)
    for part in columns_of(analysis, test.field):
        fits: Flags = part.values != 0 if FIELDS[test.field] == "flag" else np.ones_like(whole)
        if test.operator:
            fits = reduce(np.logical_or, (_compared(part, test, value) for value in test.values))
        whole |= fits if part.there is None else fits & part.there
    return whole


def _compared(part: Part, test: Term, value: Value) -> Flags:
    if part.words is not None:
        text = str(value)
        return part.words.holds(
            (lambda word: text in word) if test.operator == "contains" else (lambda word: word == text)
        )
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return _inside(part, value)
    if isinstance(value, tuple):
        return np.logical_and(part.values >= value[0], part.values <= value[1])
    number = int(value.replace(":", ""), 16) if isinstance(value, str) else value
    return ORDER[test.operator](part.values, number) if test.operator in ORDER else np.equal(part.values, number)


def _inside(part: Part, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Flags:
    """Addresses in this network: compares the low 64 bits, for IPv6 also the high ones."""
    mask, base = int(network.netmask), int(network.network_address)
    fits: Flags = part.values & np.uint64(mask & (1 << 64) - 1) == np.uint64(base & (1 << 64) - 1)
    if part.high is not None and network.version == 6:
        fits &= part.six & (part.high & np.uint64(mask >> 64) == np.uint64(base >> 64))
    else:
        fits &= np.logical_not(part.six)
    return fits
