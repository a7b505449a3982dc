"""A trace as pandas DataFrames: frames, hops, flows and latencies. Made from whole columns; each text is made once.

For a selection they contain only what was selected. Text columns are categories; times are seconds since the first
frame.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import CnetkitError
from cnetkit.recording.columns import PROBLEMS, Columns, problem
from cnetkit.recording.frames import DIRECTIONS, Frames
from cnetkit.recording.protocols import ARP, ICMP, ICMPV6
from cnetkit.trace.arrays.digests import mix
from cnetkit.trace.arrays.distinct import Distinct, distinct
from cnetkit.trace.outcome.endings import OUTCOMES
from cnetkit.trace.packets.packet import address, encapsulation, end, mac, packet_of
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.query.frames import quoted
from cnetkit.trace.report.latency import quantiles, replying, steps

if TYPE_CHECKING:
    import pandas as pd

I64 = NDArray[np.int64]
COLUMNS = (
    "journey", "flow", "outcome", "frame", "parent", "time", "node", "interface", "direction", "protocol", "source",
    "destination", "kind", "changes", "evidence",
)  # fmt: skip
"""The columns of `hops`."""


class TraceTables:
    """The tables of the journeys `numbers`, each made at first access; `whole` says that these are all journeys."""

    def __init__(self, analysis: Analysis, numbers: I64, whole: bool) -> None:
        self._analysis, self._numbers, self._whole = analysis, numbers, whole

    @cached_property
    def frames(self) -> pd.DataFrame:
        """One row per captured frame, in the order of the recording: where, when, and its headers.

        `journey` and `flow` are missing if the frame belongs to none; `problem` says why. `length` and `payload` in
        octets; numbers of a header that a frame lacks are 0.
        """
        import pandas as pd

        analysis, c = self._analysis, self._analysis.joined.columns
        captured = analysis.recording.frames
        n = np.arange(len(captured))
        if not self._whole:
            n = np.sort(self._frames_of_journeys())
        return pd.DataFrame({
            "frame": n, "time": self._time(n), **self._places(n), **self._packets(n),
            "length": captured.length[n], "eth_src": text_column(distinct(c.eth_src[n], lambda row: mac(int(c.eth_src[n[row]])))),
            "eth_dst": text_column(distinct(c.eth_dst[n], lambda row: mac(int(c.eth_dst[n[row]])))),
            "vlan": c.vlan[n] & 0xFFF, "ttl": c.ttl[n], "ident": c.ident[n], "seq": c.seq[n], "ack": c.ack[n],
            "payload": c.payload_length[n], "encapsulation": text_column(self._around(n)),
            "journey": _missing(analysis.joined.journey[n]), "flow": _missing(analysis.frames.flow[n]),
            "problem": text_column(distinct(_problems(captured, c)[n], lambda row: problem(captured, c, int(n[row])))),
        })  # fmt: skip

    @cached_property
    def hops(self) -> pd.DataFrame:
        """One row per hop, by journey, parents first; `changes` and `evidence` as text."""
        import pandas as pd

        analysis = self._analysis
        n = self._frames_of_journeys()
        changes = distinct(
            analysis.frames.change_keys[n],
            lambda row: ", ".join(
                f"{change.field} {change.before} → {change.after}" for change in analysis.changes(int(n[row]))
            ),
        )
        table = pd.DataFrame({
            "journey": analysis.joined.journey[n], "flow": analysis.frames.flow[n], "frame": n,
            "outcome": text_column(Distinct(analysis.frames.kind[n], list(OUTCOMES))),
            "parent": _missing(analysis.joined.parent[n]), "time": self._time(n), **self._places(n),
            **self._packets(n), "changes": text_column(changes),
            "evidence": text_column(distinct(analysis.frames.evidence_keys[n], lambda row: quoted(analysis.case, int(n[row])))),
        })  # fmt: skip
        return table[list(COLUMNS)]

    @cached_property
    def flows(self) -> pd.DataFrame:
        """One row per flow: its ends, packets and octets in each direction, outcomes, start, duration, and how long
        packets took.

        `request_us` and `reply_us` are the median times from a packet's first hop to its last, in microseconds.
        `flow_latency` has them per step.
        """
        import pandas as pd

        analysis, numbers = self._analysis, self._numbers
        flows, group = np.unique(analysis.journeys.flow[numbers], return_inverse=True)
        count, captured = len(flows), analysis.recording.frames
        first = analysis.journeys.first[analysis.journeys.flow_begins[flows]]
        packets = self._packets(first)
        reply = replying(analysis)[numbers]
        octets = captured.length[analysis.journeys.first[numbers]]
        begun = captured.time_ns[analysis.journeys.first[numbers]]
        start, end = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
        np.minimum.at(start, group, begun)
        np.maximum.at(end, group, begun + analysis.journeys.latency[numbers])
        table = {
            "flow": flows,
            "protocol": packets["protocol"],
            "client": packets["source"],
            "server": packets["destination"],
        }
        for name, way in (("request", ~reply), ("reply", reply)):
            table[f"{name}_packets"] = np.bincount(group[way], minlength=count)
            table[f"{name}_octets"] = np.bincount(group[way], octets[way], minlength=count).astype(np.int64)
        for number, kind in enumerate(OUTCOMES):
            table[kind] = np.bincount(group[analysis.journeys.kinds[numbers] == number], minlength=count)
        table |= {"start": (start - self._origin) / 1e9, "duration": (end - start) / 1e9}
        for name, way in (("request", ~reply), ("reply", reply)):
            table[f"{name}_us"] = quantiles(analysis.journeys.latency[numbers][way] / 1000, group[way], count, (0.5,))[
                0
            ]
        return pd.DataFrame(table)

    @cached_property
    def latency(self) -> pd.DataFrame:
        """One row for each step between two interfaces, separately for requests and replies: count, and microseconds."""
        return steps(self._analysis, self._numbers, by_flow=False)

    @cached_property
    def flow_latency(self) -> pd.DataFrame:
        """As `latency`, for each flow separately."""
        return steps(self._analysis, self._numbers, by_flow=True)

    def to_parquet(self, path: str | Path, table: str = "hops") -> None:
        """Writes a table as a Parquet file. CnetkitError if pyarrow is missing, or the file cannot be written."""
        if table not in ("hops", "frames", "flows", "latency", "flow_latency"):
            raise CnetkitError(f"there is no table {table!r}: write hops, frames, flows, latency or flow_latency")
        if find_spec("pyarrow") is None:
            raise CnetkitError('Parquet files need pyarrow: pip install "cnetkit[parquet]"')
        try:
            getattr(self, table).to_parquet(path, engine="pyarrow", index=False)
        except OSError as error:
            raise CnetkitError(f"{path} cannot be written ({error.strerror or error}): choose another path") from error

    # --- Columns -----------------------------------------------------------------------------------------------------

    def _frames_of_journeys(self) -> I64:
        return self._analysis.journeys.frames_of_all(self._numbers)

    @property
    def _origin(self) -> int:
        time = self._analysis.recording.frames.time_ns
        return int(time.min()) if len(time) else 0

    def _time(self, n: I64) -> NDArray[np.float64]:
        return (self._analysis.recording.frames.time_ns[n] - self._origin) / 1e9

    def _places(self, n: I64) -> dict[str, pd.Categorical[Any]]:
        frames = self._analysis.recording.frames
        way = Distinct(self._analysis.joined.direction[n].astype(np.int64), list(DIRECTIONS))
        names = (
            (lambda row: frames.taps[frames.tap[n[row]]].node),
            (lambda row: frames.taps[frames.tap[n[row]]].interface),
        )
        node, interface = (text_column(distinct(frames.tap[n], name)) for name in names)
        return {"node": node, "interface": interface, "direction": text_column(way)}

    def _packets(self, n: I64) -> dict[str, pd.Categorical[Any]]:
        return {name: text_column(texts) for name, texts in packet_columns(self._analysis, n).items()}

    def _around(self, n: I64) -> Distinct[str]:
        c = self._analysis.joined.columns
        if not c.depth[n].any():
            return Distinct(np.zeros(len(n), np.int64), ["none"])
        outer = (getattr(c, f"outer_{name}")[n] for name in ("src_high", "src_low", "dst_high", "dst_low"))
        key = mix(c.depth[n], c.tunnel[n], c.vni[n], *outer)
        return distinct(key, lambda row: encapsulation(c, int(n[row])))


def packet_columns(analysis: Analysis, n: I64) -> dict[str, Distinct[str]]:
    """The innermost packets of frames, their sources and destinations; see packet.Packet."""
    c = analysis.joined.units.columns
    rows = analysis.case.whole[n]
    icmp = np.isin(c.protocol[rows], (ICMP, ICMPV6))
    columns = {"protocol": Distinct(analysis.frames.protocols.code[n], analysis.frames.protocols.words)}
    for name, which in (("source", "src"), ("destination", "dst")):
        columns[name] = _ends(c, rows, which, icmp)
    flags = np.where(icmp | (c.version[rows] == 0), np.uint16(0), c.flags[rows])
    about = ("protocol", "version", "icmp_type", "icmp_code", "ethertype")
    key = mix(flags, *(getattr(c, name)[rows] for name in about))
    columns["kind"] = distinct(key, lambda row: packet_of(c, int(rows[row])).kind)
    return columns


def _ends(c: Columns, rows: I64, which: str, icmp: NDArray[np.bool_]) -> Distinct[str]:
    """Addresses and ports as in packet.Packet; MAC addresses if there are no others."""
    high, low, link = (getattr(c, name)[rows] for name in (f"{which}_high", f"{which}_low", f"eth_{which}"))
    port = np.where(icmp, np.uint16(0), getattr(c, f"{which[0]}port")[rows])
    version = np.where((c.version[rows] == 0) & (c.ethertype[rows] == ARP), np.uint8(4), c.version[rows])

    def word(row: int) -> str:
        if not version[row]:
            return mac(int(link[row]))
        return end(address(int(version[row]), int(high[row]), int(low[row])), int(port[row]))

    return distinct(mix(high, low, port, np.where(version != 0, np.uint64(0), link), version), word)


def text_column(texts: Distinct[str]) -> pd.Categorical[Any]:
    """Text as pandas' categories."""
    import pandas as pd

    return pd.Categorical.from_codes(texts.code, dtype=pd.CategoricalDtype(texts.words))


def _missing(numbers: NDArray[np.integer]) -> pd.api.extensions.ExtensionArray:
    """Numbers as pandas' Int64; -1 as a missing value."""
    import pandas as pd

    return pd.arrays.IntegerArray(numbers.astype(np.int64), numbers < 0)


def _problems(frames: Frames, columns: Columns) -> NDArray[np.int64]:
    """Equal for frames with the same `problem`."""
    kinds = np.array([tap.linktype for tap in frames.taps] or [0], np.int64)
    keys: NDArray[np.int64] = np.where(columns.problem > 0, kinds[frames.tap] * len(PROBLEMS) + columns.problem, 0)
    return keys
