"""Different clocks: what is estimated from frames alone, and what is reported about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.recording.frames import IN, OUT, UNKNOWN, Tap
from cnetkit.trace.clocks.clock import _duration
from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, read_pcapng, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth"
FRAMES = read_pcapng(TRUTH / "portmap.pcapng")


def files(frames=FRAMES):
    """The frames as if each node had saved its own file."""
    return replace(frames, taps=tuple(Tap(tap.node, tap.interface, tap.linktype, tap.node) for tap in frames.taps))


def wrong_clock(frames, node, ahead_ns, drift=0.0):
    """The frames with the times of that node's clock."""
    its = np.array([tap.node == node for tap in frames.taps])[frames.tap]
    since = frames.time_ns - frames.time_ns[0]
    return replace(
        frames, time_ns=frames.time_ns + np.where(its, ahead_ns + np.rint(drift * since).astype(np.int64), 0)
    )


@pytest.fixture(scope="module")
def exact():
    return join(recording_of(FRAMES))


def test_clocks_that_agree_are_not_corrected(exact):
    joined = join(recording_of(files()))
    assert joined.clocks.notes == ()
    assert (joined.clocks.time == FRAMES.time_ns).all()
    assert (joined.parent == exact.parent).all()


@pytest.mark.parametrize("ahead", [500_000, -500_000, 20_000_000, -20_000_000, 3 * 10**9, -3_600 * 10**9])
@pytest.mark.parametrize("node", sorted({tap.node for tap in FRAMES.taps}))
def test_a_clock_offset_changes_no_journey_and_is_reported(node, ahead, exact):
    joined = join(recording_of(wrong_clock(files(), node, ahead)))
    assert (joined.parent == exact.parent).all()
    if joined.clocks.notes:
        assert all("seen at both" in text for text in joined.clocks.notes)
        assert any(f" {node} " in text or f" {node}'s" in text for text in joined.clocks.notes)
    else:
        assert not (FRAMES.tap == [tap.node for tap in FRAMES.taps].index(node)).any()


@pytest.mark.parametrize("drift", [5e-5, -2e-4])
def test_a_drifting_clock_is_corrected(drift):
    pause = int(np.ptp(FRAMES.time_ns)) + 10**9
    spread = replace(FRAMES, time_ns=FRAMES.time_ns + np.arange(len(FRAMES)) * 40 // len(FRAMES) * pause)
    joined = join(recording_of(wrong_clock(files(spread), "web", 7_000_000, drift)))
    assert any("drifting by" in text for text in joined.clocks.notes)
    assert (joined.parent == join(recording_of(spread)).parent).mean() > 0.99


def test_a_frames_own_time_is_kept():
    moved = wrong_clock(files(), "web", 10**9)
    joined = join(recording_of(moved))
    its = np.array([tap.node == "web" for tap in moved.taps])[moved.tap]
    assert (joined.clocks.time[~its] == moved.time_ns[~its]).all()
    assert (np.abs(joined.clocks.time[its] - FRAMES.time_ns[its]) < 100_000).all()


def captured(*rows):
    """Datagrams (number, place, direction, time in µs, ttl); each place has its own clock."""
    head = Ether(src="02::1", dst="02::2")
    frames = frames_of([
        (place, way, time * 1000, bytes(head / IP(src="10.0.0.1", dst="10.0.0.2", id=n, ttl=ttl) / UDP()))
        for n, place, way, time, ttl in rows
    ])  # fmt: skip
    return join(recording_of(files(frames)))


def test_with_packets_in_one_direction_only_none_arrives_before_it_was_sent():
    sent = [(n, "a/x", OUT, 1000 * n, 64) for n in range(1, 9)]
    joined = captured(*sent, *((n, "b/x", IN, time - 700, 64) for n, _, _, time, _ in sent))
    assert joined.clocks.notes == ("the clock of b is 701.000 µs behind a's, estimated from 8 packets seen at both",)
    assert (np.diff(joined.clocks.time.reshape(2, 8), axis=0) > 0).all()


def test_a_decreasing_ttl_shows_which_clock_was_first():
    first = [(n, "a/x", UNKNOWN, 1000 * n, 64) for n in range(1, 9)]
    joined = captured(*first, *((n, "b/x", UNKNOWN, time - 700, 63) for n, _, _, time, _ in first))
    assert "b is 701.000 µs behind a's" in joined.clocks.notes[0]


def test_hosts_without_a_common_packet_are_not_compared():
    joined = captured((1, "a/x", 2, 1, 64), (2, "b/x", 2, 1, 64))
    assert joined.clocks.notes == ("no packet tells how the clock of b differs from a's",)
    assert joined.clocks.time.tolist() == [1000, 1000]


def test_identical_packets_are_distinguished_within_the_accuracy_of_the_clocks():
    """b is 10 ms ahead. Both directions seem to take the same time, so 10.05 is estimated, and a packet that took 1 µs
    seems to arrive early."""
    onward = [(n, 1000 * n, 101) for n in range(1, 40)]
    identical = [(0, 100_000 + 300 * k, 1) for k in range(12)]
    asked = [
        row
        for n, at, took in (*onward, *identical)
        for row in ((n, "a/x", OUT, at, 64), (n, "b/x", IN, at + 10_000 + took, 64))
    ]
    back = [
        row for n in range(51, 90) for row in ((n, "b/x", OUT, 999 * n + 10_000, 63), (n, "a/x", IN, 999 * n + 1, 63))
    ]
    joined = captured(*asked, *back)
    assert joined.clocks.notes == ("the clock of b is 10.050 ms ahead of a's, estimated from 78 packets seen at both",)
    first = 2 * len(onward)
    assert joined.parent[first + 1 : len(asked) : 2].tolist() == list(range(first, len(asked), 2))


def test_identical_packets_are_not_joined_across_clocks_that_cannot_be_compared():
    rows = [(0, *at) for n in range(4) for at in (("b/x", IN, n * 10**6, 64), ("a/x", OUT, n * 10**6 + 400, 64))]
    assert captured(*rows).parent.tolist() == [-1] * 8


def two_files(*rows):
    """As `captured`, but each interface was saved to a file of its own."""
    frames = frames_of([
        (place, way, time * 1000, bytes(Ether(src="02::1", dst="02::2") / IP(dst="10.0.0.2", id=n, ttl=ttl) / UDP()))
        for n, place, way, time, ttl in rows
    ])  # fmt: skip
    taps = tuple(Tap(tap.node, tap.interface, tap.linktype, f"{tap.interface}.pcap") for tap in frames.taps)
    return join(recording_of(replace(frames, taps=taps)))


def test_two_files_of_one_node_share_its_clock():
    joined = two_files((1, "a/x", IN, 1000, 64), (2, "a/y", IN, 1000, 64))
    assert joined.clocks.notes == ()
    assert joined.clocks.slack.tolist() == [0, 0]
    assert joined.clocks.island.tolist() == [0, 0]


def test_two_files_of_different_nodes_do_not_share_a_clock():
    joined = two_files((1, "a/x", IN, 1000, 64), (2, "b/y", IN, 1000, 64))
    assert joined.clocks.notes == ("no packet tells how the clock of y.pcap differs from x.pcap's",)
    assert joined.clocks.island.tolist() == [0, 1]


def test_two_files_of_one_node_differ_if_packets_say_so():
    """The second file was saved by another machine under the same name, or its times were shifted."""
    rows = [(n, *at) for n in range(1, 9) for at in (("a/x", IN, 1000 * n, 64), ("a/y", OUT, 1000 * n - 700, 63))]
    assert two_files(*rows).clocks.notes == (
        "the clock of y.pcap is 701.000 µs behind x.pcap's, estimated from 8 packets seen at both",
    )


@pytest.mark.parametrize("roundabout", [True, False])
def test_a_clock_is_estimated_over_the_tightest_bounds(roundabout):
    """b is 20 ms ahead. Packets from a to b take 10 ms and those back 2 ms; over c, which has a's time, 10 µs each way."""
    rows = []
    for n in range(1, 9):
        at = 100_000 * n
        rows += [(n, "a/x", OUT, at, 64), (n, "b/x", IN, at + 10_000 + 20_000, 64)]
        rows += [(n + 10, "b/x", OUT, at + 20_000, 64), (n + 10, "a/x", IN, at + 2_000, 64)]
        if roundabout:
            rows += [(n + 20, "a/x", OUT, at, 64), (n + 20, "c/x", IN, at + 10, 64)]
            rows += [(n + 30, "c/x", OUT, at, 64), (n + 30, "a/x", IN, at + 10, 64)]
            rows += [(n + 40, "c/x", OUT, at, 64), (n + 40, "b/x", IN, at + 20_010, 64)]
            rows += [(n + 50, "b/x", OUT, at + 20_000, 64), (n + 50, "c/x", IN, at + 10, 64)]
    joined = captured(*rows)
    (note,) = joined.clocks.notes
    assert note.startswith(f"the clock of b is {'20.000' if roundabout else '24.000'} ms ahead of ")
    assert bool(joined.clocks.slack[1] < 1_000_000) is roundabout


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(10**9, "1.000 s"), (10**9 - 1, "1,000.000 ms"), (10**6, "1.000 ms"), (999_999, "999.999 µs"), (1, "0.001 µs"),
     (5 * 10**12, "5,000.000 s")],
)  # fmt: skip
def test_a_difference_of_clocks_is_written_in_the_unit_that_fits(nanoseconds, text):
    assert _duration(nanoseconds) == text
