"""Each notebook runs from top to bottom as it is shipped, and its traces show what its text says."""

from __future__ import annotations

import json
import os
from functools import cache

import nbformat
import pytest

from cnetkit.course import LESSONS
from tests.kernel.engines import fetch
from tests.kinds import differences
from tests.notebooks import LONGER, NOTEBOOKS, PATIENCE, ROOT, read, run

CHECKS = {
    "00-start-here": """
        kinds = [journey.packet.kind for journey in trace.journeys]
        assert kinds.count("echo request") == kinds.count("echo reply") == 1
        assert trace.journeys[0].packet.protocol == "arp"
        assert [(hop.node, hop.direction) for hop in request.hops] == [("left", "out"), ("right", "in")]
        assert request.outcome.kind == "delivered"
        assert not trace.unexplained
        assert len({node.namespace for node in trace.recording.topologies[-1].nodes}) == 2
        assert not any(journey.packet.protocol == "arp" and journey.hops[0].node == "left" for journey in second.journeys)
        assert any(journey.packet.protocol == "arp" and journey.hops[0].node == "left" for journey in quiet.journeys)
        assert not lost.ok and {hop.node for journey in broken.journeys for hop in journey.hops} == {"left", "right"}
        assert not any(journey.packet.kind == "echo reply" for journey in broken.journeys)
        """,
    "01-namespaces": """
        asked = {frames.bytes_of(n).partition(b"GET /")[2].split(b" ")[0].decode() for each in (named, mounted, numbered, trace)
                 for frames in (each.recording.frames,) for n in range(len(frames))}
        assert {"inside-box", "after-left", "inside-secret", "after-0", "pid-1"} <= asked
        assert {"mount", "uts", "ipc", "pid", "user", "cgroup"} <= asked and "net" not in asked
        assert not [one for one in wired.journeys if one.packet.protocol == "tcp"]
        got = [one for one in single.journeys if one.hops[0].node == "once" and one.says == "GET /once"]
        assert [one.outcome.kind for one in got] == ["delivered"]
        """,
    "02-veth-and-bridge": """
        assert question.hops[0].node == "c0" and {hop.node for hop in question.hops} == {"c0", "c1", "c2", "dock"}
        assert not any(hop.node == "c2" for hop in request.hops)
        assert any(one.kind == "forwarding-entry" for hop in request.hops for one in hop.evidence)
        assert not any(journey.packet.kind == "echo reply" for journey in broken.journeys)
        """,
    "03-out-of-the-host": """
        changed = [(hop.node, change.field, change.after) for hop in reply.hops for change in hop.changes]
        assert ("dock", "ip.dst", "172.17.0.2") in changed
        assert "you are 192.0.2.2 " in answer.output
        assert len([flow for flow in both.flows if flow.protocol == "tcp"]) == 2
        assert any(hop.node == "server" for journey in broken.journeys for hop in journey.hops)
        assert not any(journey.packet.kind == "echo reply" and journey.outcome.where == "c0/eth0"
                       for journey in broken.journeys)
        """,
    "05-overlay": """
        inner = [(hop.node, hop.interface) for hop in request.hops]
        assert [node for node, _ in inner][0] == "a" and inner[-1] == ("b", "eth0")
        assert ("router", "eth0") in inner and ("n2", "vxlan0") in inner
        assert any(change.field == "encapsulation" and "vxlan 42 from 192.0.2.18 to 192.0.2.34" in change.after
                   for hop in request.hops for change in hop.changes)
        assert not any(journey.packet.ends.destination_port == 4789 for journey in trace.journeys)
        assert not any(change.field == "encapsulation" for change in request.hops[0].changes)
        assert [change.after for hop in request.hops for change in hop.changes if change.field == "encapsulation"][-1] == "none"
        assert not trace.unexplained
        (asked,) = (one for one in trace.journeys if one.packet.protocol == "arp" and one.packet.ends.source == "10.0.9.1")
        assert {"n2", "b", "n3", "c"} <= {hop.node for hop in asked.hops}
        assert [one.quote.split()[0] for hop in request.hops if (hop.node, hop.direction) == ("router", "out")
                for one in hop.evidence if one.kind == "route"] == ["192.0.2.32/28"]
        assert fits.ok and not too_large.ok
        assert not any(journey.packet.kind == "echo reply" for journey in broken.journeys)
        """,
    "06-pods": """
        shared = {kind for kind in one if one[kind] == other[kind]}
        assert {"net", "ipc", "uts"} <= shared and not shared & {"mnt", "pid"}
        assert "you are 10.244.1.2 " in answer.output
        fields = {change.field for journey in trace.journeys for hop in journey.hops for change in hop.changes}
        assert not fields & {"ip.src", "ip.dst"}
        assert not refused.ok and any("RST" in journey.packet.kind for journey in down.journeys)
        assert not any(journey.outcome.where == "client/eth0" for journey in broken.journeys
                       if journey.packet.kind == "SYN, ACK")
        """,
    "07-services": """
        assert sum(chosen(trace).values()) == sum(chosen(other).values()) == 16
        assert set(chosen(trace)) == set(chosen(other)) == {"10.244.0.2", "10.244.1.2"}
        quotes = [{one.quote for journey in each.journeys for hop in journey.hops for one in hop.evidence}
                  for each in (trace, other)]
        assert any("-A KUBE-SEP-" in quote for quote in quotes[0]) and any("dnat to" in quote for quote in quotes[1])
        answers = [words.split()[0] for words in said.split("This is ")[1:]]
        assert len(answers) == 40 and "failed" not in said and set(answers) == {"web-1", "web-2"}
        assert set(answers[-10:]) == {"web-1"}
        assert all(journey.outcome.kind == "delivered" for each in (trace, other) for journey in each.journeys
                   if journey.packet.protocol == "tcp")
        assert not any(journey.packet.kind == "SYN, ACK" for journey in nobody.journeys)
        assert sum(chosen(broken).values()) < 16
        """,
    "04-port-mapping": """
        changed = {change.field: (change.before, change.after) for hop in opening.hops for change in hop.changes}
        assert changed["ip.dst"] == ("203.0.113.1", "172.17.0.2")
        assert changed["tcp.dstport"] == ("8080", "80")
        quoted = [one.quote for hop in opening.hops for one in hop.evidence if "ip.dst" in str(hop.changes)]
        assert any("DNAT --to-destination 172.17.0.2:80" in quote for quote in quoted)
        back = {change.field: (change.before, change.after) for hop in reply.hops for change in hop.changes}
        assert back["ip.src"] == ("172.17.0.2", "203.0.113.1")
        assert any(one.kind == "conntrack" for hop in reply.hops for one in hop.evidence)
        assert not any("-j DNAT" in one.quote for hop in reply.hops for one in hop.evidence)
        assert all(journey.outcome.kind == "delivered" for journey in connection.journeys)
        assert "you are 203.0.113.2 " in answer.output and "you are 172.17.0.1 " in seen.output
        opened = [[one for one in each.journeys if one.packet.kind == "SYN"] for each in (hairpin, itself, ranged, clash)]
        by_proxy = [("dock/docker0", "203.0.113.1"), ("web/eth0", "172.17.0.2")]
        assert [[(one.outcome.where, one.packet.ends.destination) for one in each] for each in opened[:2]] == [by_proxy] * 2
        assert {each[1].packet.ends.source for each in opened[:2]} == {"172.17.0.1"}
        assert [{one.outcome.where for one in each} for each in opened[2:]] == [{"web/eth0"}] * 2
        assert len(opened[3]) == 4
        assert not failed.ok
        assert not any({"outside", "web"} <= {hop.node for hop in journey.hops}
                       for each in (refused, broken, mended, published) for journey in each.journeys)
        assert not any(journey.packet.kind == "SYN" and journey.hops[-1].node == "web" for journey in refused.journeys)
        assert any(journey.packet.kind == "SYN" and journey.hops[-1].node == "web" for journey in broken.journeys)
        """,
    "09-addresses-and-names": """
        asked_in = {"named": named, "forwarded": forwarded, "several": several, "default": default, "linked": linked}
        says = {name: [one.says for one in each.journeys if one.says.startswith("DNS")] for name, each in asked_in.items()}
        opened = {name: [one for one in each.journeys if one.packet.kind == "SYN"]
                  for name, each in {"given": given, "linked": linked, "clash": clash, "front": front}.items()}
        assert [one.packet.ends.destination for one in opened["given"]] == ["10.20.0.3"]
        assert says["named"] == ["DNS A shop", "DNS A shop: 10.20.0.2"]
        assert {hop.node for one in named.journeys if one.says.startswith("DNS") for hop in one.hops} == {"till"}
        assert [one.packet.ends.source for one in forwarded.journeys if one.says == "DNS A files.office.example"] == [
            "127.0.0.1", "203.0.113.2"]
        assert says["forwarded"].count("DNS A files: NXDOMAIN") == 2
        assert says["several"][1] in ("DNS A store: 10.20.0.2, 10.20.0.3", "DNS A store: 10.20.0.3, 10.20.0.2")
        assert says["default"] == ["DNS A shop.office.example", "DNS A shop.office.example: NXDOMAIN", "DNS A shop",
                                   "DNS A shop: NXDOMAIN"]
        assert says["linked"] == [] and "once" not in lab.nodes
        assert [one.hops[0].node for one in opened["linked"]] == ["once"] and opened["clash"] == opened["front"] == []
        asking = [one for one in clash.journeys if one.says == "ARP who has 172.18.0.80?" and one.hops[0].node == "dock"]
        assert asking and "guest" in {hop.node for hop in asking[0].hops}
        assert not any(one.hops[-1].node == "office" for one in mended.journeys)
        assert not any(each.unexplained for each in (*asked_in.values(), given, clash, front, mended))
        """,
    "10-many-hosts": """
        opened = [{(one.hops[0].node, one.outcome.where.partition("/")[0]) for one in each.journeys if one.packet.kind == "SYN"}
                  for each in (asked, without, hidden, refused)]
        assert opened == [{("client", "web")}, {("client", "web")}, set(), set()]
        wrapped = {change.after.rpartition(" to ")[2] for one in asked.journeys if one.packet.kind == "SYN"
                   for hop in one.hops for change in hop.changes if change.field == "encapsulation"}
        assert "192.0.2.18" in wrapped and "late" not in lab.nodes
        assert words[0].startswith(b"join 10.0.9.4 255.255.255.0 02:42:0a:00:09:04")
        assert {one.hops[0].node for one in gossip.journeys} == {"n1", "n2"}
        tasks = {one.outcome.where for one in published.journeys if one.packet.kind == "SYN"}
        assert tasks and all(where.startswith("app.") for where in tasks)
        assert not any(each.unexplained for each in (asked, without, hidden, refused, gossip, published, database, back))
        """,
    "08-docker-networks": """
        asked_in = {"published": published, "hosted": hosted, "across": across, "linked": linked, "once": once}
        ends = {name: [(one.hops[-1].node, one.outcome.kind) for one in each.journeys if one.packet.kind == "SYN"]
                for name, each in asked_in.items()}
        assert ends["published"] == [("web", "delivered")] and ends["hosted"] == [("dock", "delivered")]
        assert ends["linked"] == [("direct", "delivered")] and ends["once"] == [("web", "delivered")]
        assert {kind for _, kind in ends["across"]} == {"dropped"}
        asks = [one for one in once.journeys if one.packet.kind == "SYN"]
        assert asks[0].hops[0].node == "once" and "once" not in lab.nodes
        assert not [one for one in within.journeys if one.packet.protocol == "tcp"]
        assert not [one for one in own.journeys if one.packet.protocol == "tcp"]
        reached = {name: [to for to, ok in row.items() if ok] for name, row in asked.items()}
        assert reached == {"web": ["web", "outside"], "till": ["shop", "outside"], "vault": [], "direct": ["direct", "outside"],
                           "dock": ["web", "shop", "outside"], "outside": ["direct", "outside"]}
        assert not any(each.unexplained for each in (published, hosted, across, within, linked, own, once, joined, private))
        """,
}
"""What must hold at the end of each notebook, in its own names."""


def checks_of(name):
    return "\n".join(line.removeprefix("        ") for line in CHECKS[name].strip("\n").splitlines())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_plain_python_and_says_what_it_needs(path):
    cells = read(path).cells
    assert "Needs: " in cells[0].source
    magic = [
        cell.source.split()[0] for cell in cells if cell.cell_type == "code" and cell.source.startswith(("%", "!"))
    ]
    assert set(magic) <= {"%load_ext", "%%node"}
    assert sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown") <= 1500
    assert 25 <= len(cells) <= 45


RECORDED = [path for path in NOTEBOOKS if path.with_suffix(".cnetkit").is_file()]
ELSEWHERE = {"08-docker-networks": 1}
"""How many pictures of a live notebook are of labs that not every kernel can run: those of ipvlan."""
SAID = {"live": "Captured live with Linux ", "replay": "Replayed, not live: a recording made on "}


def test_each_lesson_with_questions_has_a_recording():
    assert {path.stem[:2] for path in RECORDED} == {one.number for one in LESSONS if one.lab}


def test_recordings_are_a_few_megabytes_in_all():
    assert sum(path.stat().st_size for path in ROOT.glob("[ln]*/**/*.cnetkit")) < 4_000_000


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """Runs a notebook in a mode, each once for all tests."""

    @cache
    def once(path, mode):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("JUPYTER_DATA_DIR", "PYTHONPATH", "XDG_STATE_HOME"):
                patch.setenv(name, os.environ.get(name, ""))  # so that it is as before afterwards
            patch.setenv("CNETKIT_MODE", mode)
            fetch(next(row.needs for row in LESSONS if row.number == path.stem[:2]))
            return run(path, tmp_path_factory.mktemp(f"{path.stem}-{mode}"), checks_of(path.stem))

    return once


RUNS = [(path, "live") for path in NOTEBOOKS] + [(path, "replay") for path in RECORDED]


@pytest.mark.parametrize(("path", "mode"), RUNS, ids=[f"{path.stem}-{mode}" for path, mode in RUNS])
def test_a_notebook_runs_from_top_to_bottom_and_its_traces_show_what_it_says(path, mode, ran):
    done = ran(path, mode)
    assert done.seconds < (LONGER.get(path.stem, PATIENCE) if mode == "live" else PATIENCE)
    assert any('class="ck"' in html for html in done.pictures)
    others = [html for html in done.pictures if 'class="cnetkit"' in html and SAID[mode] not in html]
    assert len(others) <= (ELSEWHERE.get(path.stem, 0) if mode == "live" else 0)
    assert all(SAID["replay"] in html for html in others)


BUILDS = ("publish(", "http_server(", "restart(", ".service(", "remove(")


def twice(notebook):
    """Every cell that captures and builds nothing is run a second time."""
    notebook.cells = [
        again for cell in notebook.cells
        for again in (cell, nbformat.v4.new_code_cell(cell.source))[: 1 + captures(cell)]
    ]  # fmt: skip
    return notebook


def captures(cell):
    return cell.cell_type == "code" and "lab.trace(" in cell.source and not any(word in cell.source for word in BUILDS)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_in_a_replay_a_cell_that_is_run_again_gives_the_same_capture(path, ran, tmp_path, monkeypatch):
    monkeypatch.setenv("CNETKIT_MODE", "replay")
    again = run(path, tmp_path, checks_of(path.stem), twice)
    assert differences(ran(path, "replay").traces, again.traces) == []


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_live_run_shows_the_kinds_of_journeys_that_the_recording_shows(path, ran):
    assert differences(ran(path, "live").traces, ran(path, "replay").traces) == []
