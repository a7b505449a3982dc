import io
import os
import struct
import subprocess

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cnetkit import model
from cnetkit.model import CnetkitError, Event, Loss, Topology, Verdict
from cnetkit.recording import Recording, load, load_all
from cnetkit.recording.frames import Tap, no_frames
from cnetkit.recording.recording import _timed

from .conftest import DOCK, WEB, make_frames

NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
TAPS = st.builds(
    Tap,
    NAMES,
    NAMES.filter(lambda name: name and "/" not in name),
    st.sampled_from([1, 101, 113]) | st.integers(0, 275),
)


@st.composite
def frames(draw):
    taps = draw(st.lists(TAPS, max_size=4))
    row = st.tuples(
        st.integers(0, max(len(taps) - 1, 0)), st.integers(0, 2), st.integers(0, 2**63 - 1), st.binary(max_size=70)
    )
    rows = draw(st.lists(row, max_size=12 if taps else 0))
    cut = draw(st.integers(0, 2**20))
    return make_frames(taps, rows, [len(row[3]) + cut for row in rows])


JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NAMES, st.lists, max_leaves=4)
st.register_type_strategy(object, JSON)


def of(noun):
    """An instance of any model class, with random text, numbers and bytes."""
    return st.builds(noun, **{name: field_of(kind) for name, kind in hints(noun).items()})


def hints(noun):
    return {field.encode_name: field.type for field in msgspec.inspect.type_info(noun).fields}


def field_of(kind):
    match kind:
        case msgspec.inspect.StrType():
            return NAMES
        case msgspec.inspect.IntType():
            return st.integers(-(2**62), 2**62)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.BytesType():
            return st.binary(max_size=20)
        case msgspec.inspect.LiteralType():
            return st.sampled_from(kind.values)
        case msgspec.inspect.VarTupleType():
            return st.lists(field_of(kind.item_type), max_size=2).map(tuple)
        case msgspec.inspect.TupleType():
            return st.tuples(*map(field_of, kind.item_types))
        case msgspec.inspect.DictType():
            return st.dictionaries(NAMES, field_of(kind.value_type), max_size=2)
        case msgspec.inspect.UnionType():
            return st.one_of(*map(field_of, kind.types))
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.AnyType():
            return JSON
        case msgspec.inspect.DataclassType():
            return of(kind.cls)
    raise AssertionError(kind)


EVENTS = st.sampled_from(sorted(model.SUBJECTS)).flatmap(
    lambda kind: st.builds(
        Event,
        st.integers(0, 2**62),
        NAMES,
        st.just(kind),
        st.sampled_from(["verdict", "new", "update", "destroy"]),
        of(model.SUBJECTS[kind]),
    )
)
RECORDINGS = st.builds(
    Recording,
    frames(),
    st.lists(of(Topology), max_size=2).map(tuple),
    st.lists(EVENTS, max_size=4).map(tuple),
    st.lists(st.builds(Loss, NAMES, st.sampled_from(["frames", "verdicts"]), st.integers(0, 2**40)), max_size=2).map(
        tuple
    ),
    NAMES,
    NAMES,
    NAMES,
    st.lists(NAMES, max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDINGS, st.dictionaries(st.integers(0, 12), NAMES, max_size=3))
def test_a_recording_is_the_same_after_saving_and_loading(recording, comments):
    file = io.BytesIO()
    recording.save(file, comments)
    file.seek(0)
    assert load(file) == recording


def test_tshark_reads_a_saved_recording_without_warnings(tmp_path):
    saved = tmp_path / "demo.pcapng"
    rows = [(0, 2, 1_700_000_000_123_456_789, bytes(60)), (1, 1, 1_700_000_000_123_456_790, bytes(61))]
    events = tuple(
        Event(number, "dock", "verdict", "verdict", Verdict(number, "ip", "nat", "c", 5, "rule", "accept"))
        for number in range(30_000)
    )
    Recording(make_frames([WEB, DOCK], rows), events=events, losses=(Loss("web", "frames", 3),), name="demo").save(
        saved, ["first hop", "<b>second</b> \u2192 hop"]
    )
    fields = ["frame.interface_name", "frame.time_epoch", "frame.packet_flags_direction", "frame.comment", "frame.len"]
    asked = [part for field in fields for part in ("-e", field)]
    text = subprocess.run(["tshark", "-r", saved, "-T", "fields", *asked], capture_output=True, text=True, check=True)
    assert text.stdout.splitlines() == [
        "web/eth0\t1700000000.123456789\t0x00000002\tfirst hop\t60",
        "dock/docker0\t1700000000.123456790\t0x00000001\t<b>second</b> \u2192 hop\t61",
    ]
    assert not [line for line in text.stderr.splitlines() if "dangerous" not in line]
    assert len(load(saved).events) == 30_000


def test_the_metadata_survives_a_tool_that_rewrites_the_file(tmp_path):
    recording = Recording(make_frames([WEB], [(0, 2, 5, bytes(60))]), topologies=(Topology(time_ns=4),), name="demo")
    recording.save(tmp_path / "a.pcapng")
    subprocess.run(["editcap", tmp_path / "a.pcapng", tmp_path / "b.pcapng"], check=True)
    assert load(tmp_path / "b.pcapng") == recording


def test_scapy_reads_the_same_packets_from_a_saved_recording(tmp_path):
    from scapy.utils import rdpcap

    payloads = [bytes([number]) * (60 + number) for number in range(9)]
    Recording(make_frames([WEB], [(0, 1, 10**18 + number, payload) for number, payload in enumerate(payloads)])).save(
        tmp_path / "a.pcapng"
    )
    assert [bytes(packet) for packet in rdpcap(str(tmp_path / "a.pcapng"))] == payloads


def test_the_loss_of_frames_is_kept(tmp_path):
    losses = (Loss("web", "frames", 7), Loss("web", "verdicts", 2))
    Recording(make_frames([WEB], []), losses=losses).save(tmp_path / "a.pcapng")
    assert load(tmp_path / "a.pcapng").losses == losses


def test_several_files_are_merged_in_the_order_of_time(tmp_path):
    for name, times in (("one", (1, 4)), ("two", (2, 3))):
        frames = make_frames([Tap(name, "eth0")], [(0, 0, time, name.encode()) for time in times])
        Recording(frames).save(tmp_path / f"{name}.pcapng")
    whole = load_all([f"left/eth7={tmp_path / 'one.pcapng'}", str(tmp_path / "two.pcapng")])
    assert whole.frames.time_ns.tolist() == [1, 2, 3, 4]
    assert whole.frames.taps == (Tap("left", "eth7", clock="one.pcapng"), Tap("two", "eth0", clock="two.pcapng"))


def test_a_file_with_several_interfaces_cannot_be_given_one_name(tmp_path):
    Recording(make_frames([WEB, DOCK], [])).save(tmp_path / "a.pcapng")
    with pytest.raises(CnetkitError, match="several interfaces"):
        load_all([f"left/eth0={tmp_path / 'a.pcapng'}"])


def test_interfaces_without_a_node_belong_to_a_node_named_after_the_file(tmp_path):
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    (tmp_path / "web.pcap").write_bytes(head + struct.pack("<IIII", 1, 5, 3, 3) + b"abc")
    loaded = load(tmp_path / "web.pcap")
    assert loaded.frames == make_frames([Tap("web", "if0")], [(0, 0, 1_000_005_000, b"abc")])


@pytest.mark.parametrize("content", [b"hello", b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", bytes(100)])
def test_a_file_that_is_not_a_capture_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CnetkitError, match="is not a capture file"):
        load(tmp_path / "x")


def test_a_missing_file_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(CnetkitError, match="cannot be read"):
        load(tmp_path / "x")


def test_an_unwritable_path_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(CnetkitError, match="cannot be written"):
        Recording(no_frames()).save(tmp_path / "no" / "x")


def packet_ends(file):
    """Where each packet's block ends in a little-endian pcapng file."""
    ends, at = [], 0
    while at < len(file):
        kind, size = struct.unpack_from("<II", file, at)
        at += size
        ends += [at] * (kind == 6)
    return ends


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_as_far_as_possible_and_raises_nothing_else(data):
    file = io.BytesIO()
    rows = [(number % 2, 1, number, bytes([number]) * number) for number in range(20)]
    Recording(make_frames([WEB, DOCK], rows), topologies=(Topology(time_ns=4),)).save(file)
    whole, broken = file.getvalue(), bytearray(file.getvalue())
    places = data.draw(st.lists(st.integers(0, len(broken) - 1), min_size=1, max_size=3))
    for place in places:
        broken[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    intact = sum(end <= min(*places, cut) for end in packet_ends(whole))
    try:
        loaded = load(io.BytesIO(bytes(broken[:cut])))
    except CnetkitError:
        assert intact == 0
        return
    for number in range(len(loaded.frames)):
        assert len(loaded.frames.bytes_of(number)) == loaded.frames.captured[number]
    assert [loaded.frames.bytes_of(number) for number in range(intact)] == [row[3] for row in rows[:intact]]


def test_a_file_named_twice_is_read_once_with_a_warning(tmp_path):
    Recording(make_frames([WEB], [(0, 0, 5, b"abc")])).save(tmp_path / "a.pcapng")
    whole = load_all([str(tmp_path / "a.pcapng"), str(tmp_path / ".." / tmp_path.name / "a.pcapng")])
    assert len(whole.frames) == 1
    assert any("read once" in warning for warning in whole.warnings)


def test_a_file_cannot_belong_to_two_interfaces(tmp_path):
    Recording(make_frames([WEB], [(0, 0, 5, b"abc")])).save(tmp_path / "a.pcapng")
    with pytest.raises(CnetkitError, match="as left/eth0 and as right/eth0"):
        load_all([f"left/eth0={tmp_path / 'a.pcapng'}", f"right/eth0={tmp_path / 'a.pcapng'}"])


def test_a_copy_of_a_file_counts_once(tmp_path):
    for name in "ab":
        Recording(make_frames([WEB], [(0, 0, 5, b"abc")])).save(tmp_path / f"{name}.pcapng")
    whole = load_all([str(tmp_path / "a.pcapng"), str(tmp_path / "b.pcapng")])
    assert len(whole.frames) == 1
    assert any("b.pcapng has the same content as" in warning for warning in whole.warnings)
    with pytest.raises(CnetkitError, match=r"has the same content as .* as left/eth0 and as right/eth0"):
        load_all([f"left/eth0={tmp_path / 'a.pcapng'}", f"right/eth0={tmp_path / 'b.pcapng'}"])


@pytest.fixture
def recording_file(tmp_path):
    """A saved recording of 50 frames."""
    rows = [(number % 2, 1 + number % 2, number, bytes(range(60 + number))) for number in range(50)]
    Recording(make_frames([WEB, DOCK], rows), name="demo").save(tmp_path / "saved.pcapng")
    return tmp_path / "saved.pcapng"


def test_a_file_is_read_by_several_threads_to_its_last_octet(recording_file, monkeypatch):
    expected = load(recording_file)
    for size in (1, 7, 1000, 1 << 30):
        monkeypatch.setattr("cnetkit.recording.recording.READ_AT_ONCE", size)
        assert load(recording_file) == expected


def test_a_file_that_becomes_shorter_while_it_is_read_is_read_as_far_as_it_goes(recording_file, monkeypatch):
    whole, read = recording_file.read_bytes(), os.preadv

    def shortening(file, buffers, at):
        os.truncate(recording_file, len(whole) - 40)
        return read(file, buffers, at)

    monkeypatch.setattr("cnetkit.recording.recording.READ_AT_ONCE", 64)
    monkeypatch.setattr(os, "preadv", shortening)
    result = load(recording_file)
    monkeypatch.undo()
    assert result.warnings == load(recording_file).warnings != ()
    assert result.frames == load(recording_file).frames


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (("x", "x"), ("one", "one")),
        (("x", "y"), ("one: x", "one: y")),
        (("",), ("one",)),
        (("x", "y", "y"), ("one: x", "one: y", "one: y")),
    ],
)
def test_one_of_several_files_is_a_clock_unless_it_had_several_itself(clocks, expected):
    taps = [Tap("a", f"x{at}", clock=clock) for at, clock in enumerate(clocks)]
    timed = _timed(Recording(make_frames(taps, [])), "one", {})
    assert tuple(tap.clock for tap in timed.frames.taps) == expected
