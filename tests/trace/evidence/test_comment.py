"""Another tool's comment is evidence of its hop, is shown without control characters, and is kept when saved."""

from __future__ import annotations

import cnetkit
from cnetkit.view.terminal import text
from tests.recording.test_formats import foreign


def test_a_comment_is_evidence_of_its_hop(tmp_path):
    (tmp_path / "in.pcapng").write_bytes(foreign([b"eth0"], [[b"netns: 7\nreason: NO_SOCKET\x1b[31m"], []]))
    trace = cnetkit.load(tmp_path / "in.pcapng")
    hops = [hop for journey in trace.journeys for hop in journey.hops]
    assert [(item.kind, item.quote) for item in hops[0].evidence][-1] == (
        "comment",
        "netns: 7 reason: NO_SOCKET\x1b[31m",
    )
    assert all(item.kind != "comment" for item in hops[1].evidence)
    assert "netns: 7 reason: NO_SOCKET" in " ".join(text(trace).split())
    assert "\x1b" not in text(trace)
    trace.save(tmp_path / "out.pcapng")
    assert b"NO_SOCKET" in (tmp_path / "out.pcapng").read_bytes()
    assert cnetkit.load(tmp_path / "out.pcapng").to_json() == trace.to_json()
