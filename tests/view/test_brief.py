"""The short form of a lab's run: on one or two screens, what changed, why, and the answer to the lab's question."""

import re

import pytest

from cnetkit import catalog, cli

LABS = catalog.names()
SCREENS = 2 * 24


@pytest.fixture
def told(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def tell(lab):
        assert cli.main(["run", lab, "--replay", "--brief"]) == 0
        return capsys.readouterr().out

    return tell


@pytest.mark.parametrize("lab", LABS)
def test_it_fits_two_screens_begins_with_the_question_and_ends_with_its_answer(told, lab):
    lines = told(lab).splitlines()
    entry = catalog.find(lab)
    assert len(lines) <= SCREENS + (lab == "service") * 6
    assert max(map(len, lines)) <= 80
    whole = " ".join(" ".join(lines).split())
    assert entry.question in whole
    assert entry.answer
    assert whole.endswith(entry.answer)


@pytest.mark.parametrize("lab", LABS)
def test_address_resolution_is_left_out(told, lab):
    assert not re.search(r"^(ARP|ND) ", told(lab), re.MULTILINE)


def test_it_names_both_changes_and_the_rule(told):
    text = " ".join(told("port-mapping").split())
    assert "dock changes ip.dst 203.0.113.1 → 172.17.0.2, tcp.dstport 8080 → 80 because of the rule “-A DOCKER " in text
    assert "dock changes ip.src 172.17.0.2 → 203.0.113.1, tcp.srcport 80 → 8080 because of the connection entry" in text
    assert text.index("SYN 203.0.113.2:") < text.index("SYN-ACK 172.17.0.2:80 →")
