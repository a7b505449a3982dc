"""The delay of each step between two interfaces, separately for requests and replies, from the frames' times.

A request has the direction of its flow's first packet, a reply the other direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnetkit.trace.arrays.digests import mix

if TYPE_CHECKING:
    import pandas as pd

    from cnetkit.trace.query.analysis import Analysis

WAYS = ("request", "reply")
COLUMNS = ("way", "from", "to", "count", "min_us", "median_us", "p99_us")

I64 = NDArray[np.int64]


def replying(analysis: Analysis) -> NDArray[np.bool_]:
    """For each journey whether it is a reply: its sender is not the sender of its flow's first packet."""
    c, first = analysis.joined.units.columns, analysis.case.whole[analysis.journeys.first]
    if not len(first):
        return np.zeros(0, np.bool_)
    icmp = np.isin(c.protocol[first], (1, 58))
    bare = (c.src_low[first] | c.src_high[first]) == 0
    port = np.where(icmp, 0, c.sport[first])
    sender = mix(np.where(bare, c.eth_src[first], c.src_low[first]), c.src_high[first], port)
    reply: NDArray[np.bool_] = sender != sender[analysis.journeys.flow_begins[analysis.journeys.flow]]
    return reply


def steps(analysis: Analysis, journeys: I64, by_flow: bool) -> pd.DataFrame:
    """One row for each direction and pair of interfaces (and flow) that packets of `journeys` passed; microseconds."""
    import pandas as pd

    joined, frames = analysis.joined, analysis.recording.frames
    chosen = np.zeros(analysis.journeys.count + 1, np.bool_)
    chosen[journeys] = True
    child = np.flatnonzero((joined.parent >= 0) & chosen[joined.journey])
    parent = joined.parent[child]
    took = (analysis.joined.clocks.time[child] - analysis.joined.clocks.time[parent]) / 1000
    reply = replying(analysis)[joined.journey[child]] if len(child) else np.zeros(0, np.bool_)
    flow = analysis.frames.flow[child] if by_flow else np.zeros(len(child), np.int64)
    taps = len(frames.taps)
    key = ((flow * 2 + reply) * taps + frames.tap[parent]) * taps + frames.tap[child]
    keys, group = np.unique(key, return_inverse=True)
    least, middle, high = quantiles(took, group, len(keys), (0.0, 0.5, 0.99))
    places = [f"{tap.node}/{tap.interface}" for tap in frames.taps]
    table = pd.DataFrame({
        "way": pd.Categorical.from_codes(keys // taps**2 % 2, categories=list(WAYS)),  # type: ignore[call-overload]
        "from": [places[at] for at in (keys // taps % taps).tolist()],
        "to": [places[at] for at in (keys % taps).tolist()],
        "count": np.bincount(group, minlength=len(keys)), "min_us": least, "median_us": middle, "p99_us": high,
    })  # fmt: skip
    if by_flow:
        table.insert(0, "flow", keys // taps**2 // 2)
    return table


def quantiles(
    values: NDArray[np.float64], group: I64, count: int, shares: tuple[float, ...]
) -> list[NDArray[np.float64]]:
    """For each share an array with that quantile of each group, linearly interpolated; NaN for an empty group."""
    order = np.lexsort((values, group))
    ordered = values[order]
    sizes = np.bincount(group, minlength=count)
    begins = np.cumsum(sizes) - sizes
    results = []
    for share in shares:
        place = share * np.maximum(sizes - 1, 0)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(sizes - 1, 0))
        result = np.full(count, np.nan)
        some = sizes > 0
        a, b = (ordered[(begins + at)[some]] for at in (low, high))
        result[some] = a + (b - a) * (place - low)[some]
        results.append(result)
    return results
