"""Tables, compared with the trace's own objects and with tshark; Parquet files, compared with the tables."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cnetkit
from cnetkit.model import CnetkitError
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth" / "portmap.pcapng"


@pytest.fixture(scope="module")
def trace():
    return cnetkit.load(TRUTH)


def test_the_hops_table_agrees_with_the_journeys(trace):
    packet, start = trace.analysis.case.packet, int(trace.recording.frames.time_ns.min())
    expected = [
        (
            j.id, j.flow.id, j.outcome.kind, h.frame, h.parent, (h.time_ns - start) / 1e9, h.node, h.interface, h.direction,
            packet(h.frame).protocol, packet(h.frame).source, packet(h.frame).destination, packet(h.frame).kind,
            ", ".join(f"{c.field} {c.before} → {c.after}" for c in h.changes),
            "; ".join(f"{e.kind}: {e.quote}" for e in h.evidence),
        )
        for j in trace.journeys for h in j.hops
    ]  # fmt: skip
    rows = [tuple(None if value is pd.NA else value for value in row) for row in trace.table.itertuples(index=False)]
    assert rows == expected


def test_the_frames_table_agrees_with_tshark(trace):
    tshark = shutil.which("tshark")
    assert tshark, "tshark is needed: see tests/apt.txt"
    fields = ["frame.len", "eth.src", "eth.dst", "ip.ttl", "ip.id", "tcp.seq_raw", "tcp.ack_raw"]
    wanted = [option for field in fields for option in ("-e", field)]
    command = [tshark, "-n", "-r", str(TRUTH), "-T", "fields", "-E", "separator=,", *wanted]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    table = trace.tables.frames
    columns = (table[name].astype(str) for name in ("length", "eth_src", "eth_dst", "ttl", "ident", "seq", "ack"))
    for row, line in zip(zip(*columns, strict=True), text, strict=True):
        reported = line.split(",")
        reported[4] = str(int(reported[4] or "0", 16))
        assert list(row) == [item or "0" for item in reported]


def test_the_flows_table_agrees_with_the_journeys(trace):
    table = trace.tables.flows
    assert len(table) == len(trace.flows)
    for row, flow in zip(table.to_dict("records"), trace.flows, strict=True):
        kinds = [journey.outcome.kind for journey in flow.journeys]
        assert (row["flow"], row["protocol"], row["client"], row["server"]) == (
            flow.id,
            flow.protocol,
            flow.client,
            flow.server,
        )
        assert row["request_packets"] + row["reply_packets"] == len(flow.journeys)
        assert row["delivered"] == kinds.count("delivered")
        asked = [j for j in flow.journeys if j.packet.source == flow.client]
        assert row["request_packets"] == len(asked)
        assert row["request_octets"] == sum(int(trace.recording.frames.length[j.frames[0]]) for j in asked)
        took = [max(h.time_ns for h in j.hops) - min(h.time_ns for h in j.hops) for j in asked]
        assert row["request_us"] == pytest.approx(np.median(took) / 1000)


def test_latencies_are_the_times_between_hops(trace):
    took = {}
    for journey in trace.journeys:
        way = "request" if journey.packet.source == journey.flow.client else "reply"
        hops = {hop.frame: hop for hop in journey.hops}
        for hop in journey.hops:
            if hop.parent is not None:
                before = hops[hop.parent]
                key = way, f"{before.node}/{before.interface}", f"{hop.node}/{hop.interface}"
                took.setdefault(key, []).append((hop.time_ns - before.time_ns) / 1000)
    table = trace.tables.latency.set_index(["way", "from", "to"])
    assert set(table.index) == set(took)
    for key, times in took.items():
        row = table.loc[key]
        assert row["count"] == len(times)
        expected = [min(times), np.median(times), np.percentile(times, 99)]
        assert [row["min_us"], row["median_us"], row["p99_us"]] == pytest.approx(expected)
    assert trace.tables.flow_latency["count"].sum() == table["count"].sum()


def test_a_selections_tables_contain_only_the_selection(trace):
    part = trace.select("tcp.port == 8080")
    frames = sorted(frame for journey in part.journeys for frame in journey.frames)
    assert part.tables.frames["frame"].tolist() == frames
    assert sorted(part.table["frame"]) == frames
    assert part.tables.flows["flow"].tolist() == [flow.id for flow in part.flows]
    whole = trace.table.set_index("frame").loc[part.table["frame"]].reset_index()
    assert part.table.astype(str).equals(whole[list(part.table.columns)].astype(str))


def test_an_unexplained_frame_is_in_the_frames_table_with_its_problem():
    table = explain(recording_of(frames_of([("a/eth0", 1, 5, b"short")]))).tables.frames
    assert table[["journey", "problem"]].values.tolist() == [[pd.NA, "shorter than its link header"]]


def test_an_empty_trace_has_empty_tables():
    tables = explain(recording_of(frames_of([]))).tables
    assert [len(t) for t in (tables.frames, tables.hops, tables.flows, tables.latency, tables.flow_latency)] == [0] * 5


@pytest.mark.parametrize("name", ["hops", "frames", "flows", "latency", "flow_latency"])
def test_a_parquet_file_contains_the_table(trace, tmp_path, name):
    trace.to_parquet(tmp_path / "t.parquet", name)
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "t.parquet"), getattr(trace.tables, name), check_dtype=False
    )


def test_an_unknown_table_and_a_missing_folder_are_refused(trace, tmp_path):
    with pytest.raises(CnetkitError, match="no table 'rows': write hops, frames"):
        trace.to_parquet(tmp_path / "t.parquet", "rows")
    with pytest.raises(CnetkitError, match=r"cannot be written \((?!None)"):
        trace.to_parquet(tmp_path / "none" / "t.parquet")


def test_without_pyarrow_parquet_names_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"  # as if it were not installed
        f"import cnetkit; cnetkit.load({str(TRUTH)!r}).to_parquet({str(tmp_path / 't.parquet')!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.rstrip().endswith('Parquet files need pyarrow: pip install "cnetkit[parquet]"')
