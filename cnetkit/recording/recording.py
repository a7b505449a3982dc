"""A Recording: everything that was captured and reported during a run. Live and loaded recordings are the same type.

Saved, it is one pcapng file that Wireshark opens too. Files of other tools are read as recordings without topologies
and events. Nothing is interpreted here.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import CnetkitError, Event, Loss, Topology
from cnetkit.recording import compressed, cooked, metadata, pcap, pcap_modified, pcapng_reader, pcapng_writer, snoop
from cnetkit.recording.capture_file import CaptureFile
from cnetkit.recording.chunks import by_chunks
from cnetkit.recording.frames import Frames, Tap, merge
from cnetkit.recording.heap import kept_memory

LARGEST = 1 << 32
"""The most bytes of a capture file that are read: it is held in memory."""
OCTETS = 100
"""The least bytes that a frame takes in a file, approximately."""
READ_AT_ONCE = 1 << 24
"""Bytes that one thread reads at a time."""
MOST_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Recording:
    """Frames, and the kernel's reports about them."""

    frames: Frames
    topologies: tuple[Topology, ...] = ()
    """In the order of time."""
    events: tuple[Event, ...] = ()
    """In the order in which they were read."""
    losses: tuple[Loss, ...] = ()
    name: str = ""
    kernel: str = ""
    """The kernel's release (uname(2)), empty if unknown."""
    replayed: str = ""
    """Empty if live; else the label of the replayed session, shown by views."""
    warnings: tuple[str, ...] = ()
    """One sentence for each part of a file that could not be read."""
    captured: tuple[str, ...] = ()
    """The nodes that were captured, if not all of the topology were."""
    filter: str = ""
    """The capture filter, in tcpdump's language, if only matching frames were captured."""

    @property
    def selective(self) -> bool:
        """Whether frames are missing because they were not to be captured: what is not in it may still have happened."""
        return bool(self.captured or self.filter)

    def save(self, file: str | Path | BinaryIO, comments: Mapping[int, str] | Sequence[str] | None = None) -> None:
        """Writes a pcapng file; `comments` are shown by Wireshark beside the frames with these numbers.

        CnetkitError if the file cannot be written.
        """
        if not isinstance(file, str | Path):
            self._write(file, comments)
            return
        try:
            with Path(file).open("wb") as out:
                self._write(out, comments)
        except OSError as error:
            raise CnetkitError(f"{file} cannot be written ({error.strerror}): choose another path") from error

    def _write(self, file: BinaryIO, comments: Mapping[int, str] | Sequence[str] | None) -> None:
        clocks = tuple(tap.clock for tap in self.frames.taps)
        places = tuple((tap.node, tap.interface) for tap in self.frames.taps)
        beside = metadata.Metadata(
            name=self.name, kernel=self.kernel, replayed=self.replayed, warnings=self.warnings, losses=self.losses,
            topologies=self.topologies, events=metadata.pack_events(self.events),
            clocks=clocks if len(set(clocks)) > 1 else (), comments=dict(self.frames.comments),
            captured=self.captured, filter=self.filter,
            places=places if any("/" in interface for _, interface in places) else (),
        )  # fmt: skip
        pcapng_writer.write(
            file,
            self.frames,
            metadata=metadata.encode(beside),
            comments=comments,
            losses=self.losses,
            about=f"{self.name} (replayed: {self.replayed})" if self.replayed else self.name,
            system=f"Linux {self.kernel}" if self.kernel else "",
        )


def load(file: str | Path | BinaryIO, node: str = "", interface: str = "") -> Recording:
    """Reads the recording in a pcapng or pcap file; `-` is standard input.

    Interfaces whose names contain no node belong to `node`, or else to a node named after the file. `interface` names
    the interface of a file that has a single one. `warnings` say what could not be read. CnetkitError if the file
    cannot be read at all.
    """
    data, stem = _bytes_of(file)
    with kept_memory(len(data) // OCTETS):
        capture = _capture(data, node or stem, interface, str(getattr(file, "name", file)))
    if len(capture.warnings) > MOST_WARNINGS:
        more = f"{len(capture.warnings) - MOST_WARNINGS:,} more parts of the file could not be read"
        capture = replace(capture, warnings=(*capture.warnings[:MOST_WARNINGS], more))
    if interface and capture.frames.taps:
        if len(capture.frames.taps) > 1:
            raise CnetkitError(
                f"{file} contains several interfaces, so it cannot be given as {node}/{interface}: give the file name alone"
            )
        renamed = (Tap(node, interface, capture.frames.taps[0].linktype),)
        capture = replace(capture, frames=replace(capture.frames, taps=renamed))
    frames = (
        capture.frames if capture.metadata else cooked.split(capture.frames)
    )  # a file of our own has been split already
    recording = Recording(frames, losses=capture.losses, warnings=capture.warnings)
    sections = []
    for packed in capture.metadata:
        try:
            sections.append(_section(frames, packed))
        except CnetkitError as error:
            recording = replace(recording, warnings=(*recording.warnings, str(error)))
    if not sections:
        return replace(recording, name=stem)
    return _together(sections[0].frames if len(sections) == 1 else frames, [*sections, recording])


def load_all(files: Iterable[str]) -> Recording:
    """Reads several capture files as one recording, in the order of time; each is `FILE` or `node/ifname=FILE`.

    Each file has a clock of its own, unless it continues an interface of an earlier one. Files of the same name are
    distinguished by their paths. A file that is named twice, or of which a copy is given, counts once, and `warnings`
    say so; CnetkitError if it is given for two interfaces.
    """
    asked, again = _once([_asked(file) for file in files])
    if not asked:
        raise CnetkitError("no capture file was given: name at least one")
    names = Counter(Path(path).stem for _, _, path in asked)
    loaded: list[Recording] = []
    read: list[tuple[str, str, str]] = []
    clocks: dict[tuple[str, str], str] = {}
    for node, interface, path in asked:
        alone = names[Path(path).stem] == 1
        recording = load(path, node or ("" if alone else path.rpartition(".")[0] or path), interface)
        first = next((at for at, earlier in enumerate(loaded) if _copies(recording.frames, earlier.frames)), None)
        if first is not None:
            again.append(_named_again((node, interface, path), read[first], "has the same content as"))
            continue
        read.append((node, interface, path))
        if len(asked) > 1:
            recording = _timed(recording, path if not alone else Path(path).name, clocks)
        loaded.append(recording)
    if len(loaded) == 1:
        return replace(loaded[0], warnings=(*again, *loaded[0].warnings))
    whole = _together(merge([recording.frames for recording in loaded]), loaded)
    topologies = tuple(sorted(whole.topologies, key=lambda topology: topology.time_ns))
    events = tuple(sorted(whole.events, key=lambda event: event.time_ns))
    return replace(whole, topologies=topologies, events=events, warnings=(*again, *whole.warnings))


def _once(asked: list[tuple[str, str, str]]) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Each file once, and a sentence for each that was named again."""
    kept: dict[Path, tuple[str, str, str]] = {}
    again = []
    for file in asked:
        path = file[2]
        first = kept.setdefault(Path(path).resolve(), file)
        if first is file:
            continue
        again.append(_named_again(file, first, ""))
    return list(kept.values()), again


def _copies(first: Frames, second: Frames) -> bool:
    """Whether two files contain the same octets, and any packets."""
    return len(first) > 0 and np.array_equal(first.data, second.data)


def _named_again(again: tuple[str, str, str], first: tuple[str, str, str], copy: str) -> str:
    """A sentence for a file that was read before; CnetkitError if it is given for another interface."""
    what = f"{again[2]} {copy} {first[2]}" if copy else again[2]
    if first[:2] != again[:2]:
        names = " and ".join(
            f"as {node}/{interface}" if node else "without an interface" for node, interface, _ in (first, again)
        )
        raise CnetkitError(
            f"{what}{', and' if copy else ''} is given {names}: its frames were captured at one interface, so give it once"
        )
    return f"{what}, which was read already" if copy else f"{what} was given more than once, and read once"


def _asked(file: str) -> tuple[str, str, str]:
    """Node, interface and path of a file as it was named; node and interface are empty if only a path was given."""
    label, given, path = file.partition("=")
    node, slash, interface = label.rpartition("/")
    if given and slash and node and interface and not Path(file).exists():
        return node, interface, path
    return "", "", file


def _timed(recording: Recording, name: str, clocks: dict[tuple[str, str], str]) -> Recording:
    """A recording of one of several files, with the file's name in its warnings and as its clock. `clocks` are those
    of all places."""
    places = [(tap.node, tap.interface) for tap in recording.frames.taps]
    clock = next((clocks[place] for place in places if place in clocks), name)
    own = len({tap.clock for tap in recording.frames.taps}) > 1
    taps = tuple(replace(tap, clock=f"{name}: {tap.clock}" if own else clock) for tap in recording.frames.taps)
    for tap in taps:
        clocks.setdefault((tap.node, tap.interface), tap.clock)
    warnings = tuple(f"{name}: {warning}" for warning in recording.warnings)
    return replace(recording, frames=replace(recording.frames, taps=taps), warnings=warnings)


def _section(frames: Frames, packed: bytes) -> Recording:
    """The metadata of one section of a file."""
    beside, events = metadata.decode(packed)
    if beside.comments:
        frames = replace(frames, comments=beside.comments)
    if len(beside.places) == len(frames.taps):
        renamed = zip(frames.taps, beside.places, strict=True)
        frames = replace(
            frames, taps=tuple(replace(tap, node=node, interface=interface) for tap, (node, interface) in renamed)
        )
    if len(beside.clocks) == len(frames.taps):
        taps = (replace(tap, clock=clock) for tap, clock in zip(frames.taps, beside.clocks, strict=True))
        frames = replace(frames, taps=tuple(taps))
    return Recording(
        frames=frames, topologies=beside.topologies, events=events, losses=beside.losses, name=beside.name,
        kernel=beside.kernel, replayed=beside.replayed, warnings=beside.warnings, captured=beside.captured,
        filter=beside.filter,
    )  # fmt: skip


def _together(frames: Frames, parts: Sequence[Recording]) -> Recording:
    """`frames` with everything else that the parts contain; name and labels are those of the first part that has any."""
    return Recording(
        frames=frames,
        topologies=tuple(topology for part in parts for topology in part.topologies),
        events=tuple(event for part in parts for event in part.events),
        losses=tuple(loss for part in parts for loss in part.losses),
        name=next((part.name for part in parts if part.name), ""),
        kernel=next((part.kernel for part in parts if part.kernel), ""),
        replayed=next((part.replayed for part in parts if part.replayed), ""),
        warnings=tuple(warning for part in parts for warning in part.warnings),
        captured=tuple(dict.fromkeys(node for part in parts for node in part.captured)),
        filter=_either([part.filter for part in parts]),
    )


def _either(filters: Sequence[str]) -> str:
    """The filter that keeps what any of the filters keeps; empty ones are left out."""
    distinct = list(dict.fromkeys(filter_ for filter_ in filters if filter_))
    return distinct[0] if len(distinct) == 1 else " or ".join(f"({filter_})" for filter_ in distinct)


def _bytes_of(file: str | Path | BinaryIO) -> tuple[NDArray[np.uint8], str]:
    """The file's bytes, and the name for a node or recording that it does not name."""
    try:
        if not isinstance(file, str | Path):
            return np.frombuffer(file.read(LARGEST + 1), np.uint8), ""
        if str(file) == "-":
            return np.frombuffer(sys.stdin.buffer.read(LARGEST + 1), np.uint8), ""
        path = Path(file)
        stem = Path(path.stem).stem if path.suffix == ".gz" else path.stem
        if not path.is_file():
            with path.open("rb") as pipe:
                return np.frombuffer(pipe.read(LARGEST + 1), np.uint8), stem
        if path.stat().st_size > LARGEST:
            raise CnetkitError(f"{file} is larger than 4 GiB: split it with editcap -c first")
        return _read(path), stem
    except OSError as error:
        raise CnetkitError(f"{file} cannot be read ({error.strerror}): check its name and its permissions") from error


def _read(path: Path) -> NDArray[np.uint8]:
    """All of a file. Threads share the work, because new memory costs more time than reading."""
    with path.open("rb", buffering=0) as file:
        data = np.empty(os.fstat(file.fileno()).st_size, np.uint8)

        def some(part: slice) -> int:
            at: int = part.start
            while at < part.stop:
                count = os.preadv(file.fileno(), [data[at : part.stop].data], at)
                if not count:  # it has become shorter meanwhile
                    return at
                at += count
            return len(data)

        return data[: min(by_chunks(len(data), some, READ_AT_ONCE), default=0)]


def _capture(data: NDArray[np.uint8], node: str, interface: str, name: str) -> CaptureFile:
    if len(data) > LARGEST:
        raise CnetkitError(f"{name} is larger than 4 GiB: split it with editcap -c first")
    if data[:2].tobytes() == compressed.MAGIC:
        data, warning = compressed.unpacked(data, LARGEST)
        capture = _uncompressed(data, node, interface, name)
        return replace(capture, warnings=(warning, *capture.warnings)) if warning else capture
    return _uncompressed(data, node, interface, name)


def _uncompressed(data: NDArray[np.uint8], node: str, interface: str, name: str) -> CaptureFile:
    first = data[:4].tobytes()
    if first in pcap.MAGICS and len(data) >= 24:
        return pcap.read(data, node, interface)
    if first in pcap_modified.MAGICS and len(data) >= 24:
        return pcap_modified.read(data, node, interface)
    if data[:8].tobytes() == snoop.MAGIC and len(data) >= 16:
        return snoop.read(data, node, interface)
    if first == b"\x0a\x0d\x0d\x0a" and len(data) >= 28:
        return pcapng_reader.read(data, node)
    if not len(data):
        raise CnetkitError(f"{name} is empty: the capturing program has not written anything yet")
    for magic, program in compressed.OTHERS.items():
        if data[: len(magic)].tobytes() == magic:
            raise CnetkitError(f"{name} is packed by {program}: unpack it with {program} -d first")
    raise CnetkitError(
        f"{name} is not a capture file: give a pcap or pcapng file, such as Wireshark, tcpdump or cnetkit save, or a .gz of one"
    )
