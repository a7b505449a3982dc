"""The viewer's filter: words, and the expressions that `trace.select` takes, with the same result."""

import pytest
from playwright.sync_api import expect

import cnetkit
from cnetkit.model import CnetkitError
from cnetkit.trace.query.fields import CHANGES
from tests.browser.conftest import ROOT

EXPRESSIONS = [
    "tcp.port == 8080", "tcp.port == 0x50 or udp.port == 53", "ip.addr == 172.17.0.0/16 and not tcp", "ip.dst != 203.0.113.1",
    "tcp.flags.syn and tcp.flags.ack", "tcp.flags == 2", "changed(ip.dst)", "changed(ip.addr) && !changed(tcp.port)",
    "hop(node == dock and interface == eth0 and direction == out)", "not hop(changed(ip.ttl))", "evidence contains DNAT",
    "evidence contains \"--dport 8080\"", "latency > 100us", "latency <= 0.05ms", "hops >= 4", "journey in {2, 5..9}",
    "delivered", "outcome == delivered and arp", "protocol in {arp, icmp}", "arp.dst.proto_ipv4 == 172.17.0.2",
    "eth.dst == ff:ff:ff:ff:ff:ff",
    "interface == dock/docker0", "ip.ttl < 64", "frame.len > 100", "tcp.port in {80, 8000..8080}", "(tcp or arp) and hops < 4",
    "ip", "changed(eth.addr)", "ip.version == 4", "frame.number == 15", "flow == 1", "tcp == 0", "reason contains rule", "lost",
    "vlan.id == 5",
]  # fmt: skip
WRONG = [
    "tcp.port = 80", "tcp.port == web", "tcp.prt == 80", "(tcp", "tcp )", "ip.src == 1.2.3.4/40", "changed(node)",
]  # fmt: skip
FITS = """(text) => {
  const { story } = window.cnetkit;
  const { fits, said } = story.fitting(text);
  return [story.journeys.id.filter((_, at) => fits[at]), said];
}"""


def test_an_expression_means_what_it_means_to_select(visit, published, port_mapping):
    page = visit.open(published)
    for words in EXPRESSIONS:
        found, said = page.evaluate(FITS, words)
        assert (words, found) == (words, [journey.id for journey in port_mapping.select(words).journeys])
        assert f"the expression {words}: {len(found)} of" in said


def test_tunnels_can_be_named(visit, tmp_path):
    entry = cnetkit.catalog.find("overlay")
    with cnetkit.Lab("overlay", replay=ROOT / "labs" / "overlay" / "session.cnetkit") as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    trace.to_html(tmp_path / "overlay.html")
    page = visit.open(tmp_path / "overlay.html")
    for words in ("vxlan.vni == 42", "vxlan and changed(encapsulation)", "tunnels == 1 and icmp.type == 8"):
        found, _ = page.evaluate(FITS, words)
        assert found == [journey.id for journey in trace.select(words).journeys]
        assert found


def test_what_is_no_expression_is_searched_as_words_and_that_is_said(visit, published, port_mapping):
    page = visit.open(published)
    for wrong in WRONG:
        found, said = page.evaluate(FITS, wrong)
        with pytest.raises(CnetkitError):
            port_mapping.select(wrong)
        assert (wrong, found) == (wrong, [])
        assert said.startswith(f"Filter: packets with “{wrong.split()[0]}”")
        assert " No expression: " in said


def test_each_change_that_select_knows_can_be_named(visit, published):
    page = visit.open(published)
    assert [name for name in CHANGES if "the expression" not in page.evaluate(FITS, f"changed({name})")[1]] == []


def test_what_the_filter_was_taken_for_is_shown(visit, published, port_mapping):
    translated = [one for one in port_mapping.select("changed(ip.dst)").journeys if one.packet.kind == "SYN"]
    page = visit.open(published)
    expect(page.locator(".ck-made")).to_be_hidden()
    page.get_by_label("Filter journeys").fill("syn dnat")
    counts = f"{len(translated)} of {len(port_mapping.journeys)} packets"
    expect(page.locator(".ck-made")).to_have_text(f"Filter: packets with “syn” and “dnat”: {counts}.")
    page.get_by_label("Filter journeys").fill("tcp.port == 8080 and changed(ip.dst)")
    expect(page.locator(".ck-made")).to_contain_text("Filter: the expression tcp.port == 8080 and changed(ip.dst): ")
    page.get_by_label("Filter journeys").press("Escape")
    expect(page.locator(".ck-made")).to_be_hidden()
