"""Each notebook runs from top to bottom as it is shipped, and its traces show what its text says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

SHOWN = ("execute_result", "display_data")
CHECKS = {
    "00-start-here": """
        kinds = [journey.packet.kind for journey in trace.journeys]
        assert kinds.count("echo request") == kinds.count("echo reply") == 1
        assert trace.journeys[0].packet.protocol == "arp"
        assert [(hop.node, hop.direction) for hop in request.hops] == [("left", "out"), ("right", "in")]
        assert request.outcome.kind == "delivered"
        assert not trace.unexplained
        assert len({node.namespace for node in topology.nodes} | {here}) == 3
        assert not any(journey.packet.kind == "echo reply" for journey in broken.journeys)
        assert not lost.ok
        assert any(journey.packet.kind == "echo reply" for journey in mended.journeys)
        """,
    "04-port-mapping": """
        changed = {change.field: (change.before, change.after) for hop in opening.hops for change in hop.changes}
        assert changed["ip.dst"] == ("203.0.113.1", "172.17.0.2")
        assert changed["tcp.dstport"] == ("8080", "80")
        quoted = [one.quote for one in opening.why(rewritten)]
        assert any("DNAT --to-destination 172.17.0.2:80" in quote for quote in quoted)
        back = {change.field: (change.before, change.after) for hop in reply.hops for change in hop.changes}
        assert back["ip.src"] == ("172.17.0.2", "203.0.113.1")
        assert any(one.kind == "conntrack" for hop in reply.hops for one in hop.evidence)
        assert not any("-j DNAT" in one.quote for hop in reply.hops for one in hop.evidence)
        assert all(journey.outcome.kind == "delivered" for journey in connection.journeys)
        assert beside.journeys[0].outcome.where == "web/eth0"
        assert not failed.ok
        assert not any(hop.node == "web" for journey in refused.journeys for hop in journey.hops
                       if journey.packet.protocol == "tcp")
        """,
}
"""What must hold at the end of each notebook, in its own names."""


def source(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_plain_python_and_says_what_it_needs(path):
    cells = source(path).cells
    assert "Needs: " in cells[0].source
    assert not [cell for cell in cells if cell.cell_type == "code" and cell.source.lstrip().startswith(("%", "!"))]
    assert sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown") <= 1500


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_and_its_traces_show_what_it_says(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(_kernel(tmp_path)))
    notebook = source(path)
    if "topology" in CHECKS[path.stem]:
        notebook.cells.insert(-1, nbformat.v4.new_code_cell("topology = lab.topology"))
    lines = (line.removeprefix("        ") for line in CHECKS[path.stem].strip("\n").splitlines())
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(lines)))
    NotebookClient(
        notebook, timeout=60, kernel_name="this-python", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [output.data["text/html"] for cell in notebook.cells if cell.cell_type == "code"
             for output in cell.outputs if output.output_type in SHOWN and "text/html" in output.data]  # fmt: skip
    assert any('class="ck"' in html for html in shown)


def _kernel(folder):
    """A Jupyter kernel that is this very Python, however it was started."""
    spec = folder / "data" / "kernels" / "this-python"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "this", "language": "python"}))
    return folder / "data"
