"""The README's examples run, one after another in one lab, as a reader would type them."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_readmes_examples_do_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    try:
        exec(compile(EXAMPLES[0], "README.md", "exec"), names)
        assert len(names["trace"].select("delivered and tcp.dstport == 80").journeys) > 3
        for example in EXAMPLES[1:]:
            exec(compile(example, "README.md", "exec"), names)
        request, reply = [each for each in names["trace"].journeys if each.packet.protocol == "icmp"]
        assert [hop.node for hop in request.hops] == ["desk", "office", "office", "rack", "worker"]
        assert request.outcome.kind == reply.outcome.kind == "delivered"
    finally:
        names["lab"].close()
