"""A network as it is now, and its changes: the result of `lab.view()`. Only shows."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from cnetkit.model import CnetkitError, Topology
from cnetkit.view import scene, wording
from cnetkit.view.display import embed, for_page, publish, still, viewers
from cnetkit.view.live import NetworkUpdates, Pulse
from cnetkit.view.page import document

HEADS = ("Node", "Interface", "Kind", "State", "Addresses", "Joined with")


class NetworkView:
    """A picture of a lab's network. In a notebook it follows changes until the lab ends or it is closed.

    `now` returns the network when it has changed (live.NetworkUpdates), or None when the lab has ended; without it the
    picture is static. `replayed` is the label of the recording it comes from, if any.
    """

    def __init__(
        self, title: str, topology: Topology, now: Callable[[], Topology | None] | None, replayed: str = ""
    ) -> None:
        self._title, self._topology, self._now = title, topology, now
        self._notes = [wording.replayed(replayed) if replayed else "Live: this system's own kernel has it."]
        self._pulses: list[Pulse] = []

    def to_html(self, path: str | Path) -> None:
        """Writes it as one HTML page that needs no network. CnetkitError if the file cannot be written."""
        text = document(self._title, self._scene(), self._table())
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CnetkitError(f"{path} cannot be written ({error.strerror}): choose another path") from error

    def close(self) -> None:
        """Stops following."""
        for pulse in self._pulses:
            pulse.stop()

    def _scene(self) -> scene.Scene:
        return scene.of_topology(self._topology, self._title, self._notes)

    def _ipython_display_(self) -> None:
        if for_page():
            embed(self._scene(), repr(self), self._table())
            return
        name = still(repr(self), self._table())
        if not viewers():
            return
        from cnetkit.view.widget import Viewer

        viewer = Viewer(self._scene(), name)
        publish(viewer)
        if self._now is not None:
            watch = NetworkUpdates(viewer, self._now, self._topology, self._title)
            self._pulses.append(Pulse(watch.beat))
            self._pulses[-1].start()

    def _rows(self) -> list[tuple[str, ...]]:
        joined: dict[tuple[str, str], list[str]] = {}
        for link in self._topology.links:
            joined.setdefault(link.a, []).append("/".join(link.b))
            joined.setdefault(link.b, []).append("/".join(link.a))
        return [
            (i.node, i.name, i.kind, "up" if i.up else "down", " ".join(i.addresses) or "no address",
             " ".join(joined.get((i.node, i.name), ())))
            for i in self._topology.interfaces
            if i.kind != "loopback"
        ]  # fmt: skip

    def _table(self) -> str:
        heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(wording.legible(cell))}</td>' for cell in row)}</tr>" for row in self._rows()
        )
        caption = escape(wording.legible(" ".join([f"The network {self._title}.", *self._notes])))
        return f"<p>{caption}</p><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        rows = [HEADS, *self._rows()]
        widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        head = " ".join([f"The network {self._title}.", *self._notes])
        return "\n".join(wording.legible(line) for line in (head, *lines))
