"""Which interface stands on which other one by the tags of random frames: counted pair by pair in plain Python."""

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from cnetkit.recording.frames import Tap
from cnetkit.trace.wiring.vlans import stacked
from cnetkit.trace.wiring.wiring import wire

TAPS = [Tap("a", "x"), Tap("a", "y"), Tap("a", "z"), Tap("b", "x")]
TAGS = (0, 5, 7, 0xFFF, 3 << 12 | 5, 4 << 12 | 5, 3 << 12 | 7)
"""None, one, or two: the inner tag is in the lower twelve bits."""


def below(rows, described):
    """For each tap the one below it, or -1."""
    tags = {row["inner"] for row in rows if row["vlan"]}
    alike = {}
    for row in rows:
        if row["inner"] in tags and not described[row["tap"]]:
            alike.setdefault((row["inner"], TAPS[row["tap"]].node, row["way"]), []).append(row)
    pairs = Counter()
    for group in alike.values():
        for first, then in pairwise(group):
            plain, tagged = (then, first) if first["vlan"] > then["vlan"] else (first, then)
            outer, inner = divmod(tagged["vlan"], 1 << 12)
            if tagged["vlan"] and plain["vlan"] == (inner if outer else 0):
                pairs[plain["tap"], tagged["tap"]] += 1
    result = []
    for upper in range(len(TAPS)):
        of_it = [pairs[upper, lower] for lower in range(len(TAPS))]
        enough = sum(of_it) and 2 * sum(of_it) >= sum(row["tap"] == upper for row in rows)
        result.append(of_it.index(max(of_it)) if enough else -1)
    return result


@pytest.mark.parametrize("tags", [TAGS, TAGS[:2], (0, 5, 3 << 12 | 5)])
def test_an_interface_stands_on_the_one_that_shows_its_frames_with_one_more_tag(tags):
    choice, found = random.Random(len(tags)), 0
    for _ in range(600):
        rows = [{"tap": choice.randrange(4), "way": choice.choice((1, 1, 2)), "inner": choice.randrange(1, 4),
                 "vlan": choice.choice(tags)}
                for _ in range(choice.randrange(1, 10))]  # fmt: skip
        described = np.array([choice.random() < 0.1 for _ in TAPS])
        wiring = wire(TAPS, ())
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        cables = np.array([0, 0, 2, 3])
        result = stacked(replace(wiring, described=described, segment=cables), columns["tap"], columns["way"].astype(np.uint8),
                         columns["inner"].astype(np.uint64), columns["vlan"].astype(np.uint32))  # fmt: skip
        expected = below(rows, described)
        assert result.below.tolist() == expected, (rows, described)
        assert result.segment.tolist() == [
            -1 if lower >= 0 else cable for lower, cable in zip(expected, cables.tolist(), strict=True)
        ]
        found += sum(lower >= 0 for lower in expected)
    assert found > 50
