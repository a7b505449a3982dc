"""What a node offers besides running commands: ports to wait for, files, complete errors."""

from __future__ import annotations

import time

import pytest

from cnetkit import CnetkitError
from cnetkit.lab import Lab


@pytest.fixture(scope="module")
def lab():
    with Lab("places", ipv6=True) as lab:
        lab.connect(lab.host("a"), lab.host("b"), "10.1.0.0/24")
        yield lab


def test_a_server_answers_as_soon_as_its_call_has_returned(lab):
    for number in range(20):
        server = lab["b"].http_server(8000 + number)
        lab["a"].run(["bash", "-c", f"exec 3<>/dev/tcp/10.1.0.1/{8000 + number}"], check=True)
        server.stop()


@pytest.mark.parametrize(
    ("protocol", "program"),
    [
        ("tcp", "s=socket.socket(); s.bind(('0.0.0.0', 7001)); s.listen()"),
        ("tcp", "s=socket.socket(socket.AF_INET6); s.bind(('::', 7001)); s.listen()"),
        ("udp", "s=socket.socket(type=socket.SOCK_DGRAM); s.bind(('10.1.0.1', 7001))"),
    ],
)
def test_wait_port_returns_when_a_slow_program_listens_and_not_before(lab, protocol, program):
    code = f"import socket, time; time.sleep(0.3); {program}; time.sleep(60)"
    started = lab["b"].start(["python3", "-c", code])
    began = time.monotonic()
    lab["b"].wait_port(7001, protocol=protocol)
    assert 0.3 <= time.monotonic() - began < 5
    listening = lab["b"].run(f"ss -Hln --{protocol} sport = :7001", check=True).output
    assert ":7001" in listening
    started.stop()


def test_wait_port_gives_up_and_says_what_there_is(lab):
    server = lab["b"].tcp_echo(7002)
    with pytest.raises(CnetkitError, match=r"nothing listens on tcp port 7003 of b after 0\.2 s; ports in use: 7002$"):
        lab["b"].wait_port(7003, timeout=0.2)
    server.stop()


def test_a_connection_from_a_port_is_nobody_who_listens_there(lab):
    lab["b"].tcp_echo(7004)
    code = "import socket,time; s=socket.socket(); s.bind(('', 7005)); s.connect(('10.1.0.1', 7004)); time.sleep(60)"
    started = lab["a"].start(["python3", "-c", code])
    with pytest.raises(CnetkitError, match="port 7005"):
        lab["a"].wait_port(7005, timeout=0.5)
    started.stop()


def test_other_requests_are_answered_while_one_waits(lab):
    started = lab["b"].start(["sh", "-c", "sleep 0.3; exec python3 -m http.server 7006"])
    lab["b"].wait_port(7006)
    assert lab["a"].run("echo still there").output == "still there\n"
    started.stop()


@pytest.mark.parametrize("content", ["", "one line\n", "with 'quotes' and $dollars\n", "ä € 🜁\n" * 100000])
def test_a_file_is_read_as_it_was_written(lab, content):
    lab["a"].write_file("/tmp/a file", content)
    assert lab["a"].read_file("/tmp/a file") == content
    assert lab["a"].run(["wc", "-c", "/tmp/a file"]).output.split()[0] == str(len(content.encode()))


def test_bytes_are_written_as_they_are(lab):
    lab["a"].write_file("/tmp/bytes", bytes(range(256)))
    assert lab["a"].run("od -An -v -tu1 -w256 /tmp/bytes").output.split() == [str(number) for number in range(256)]


def test_files_that_cannot_be_written_or_read_are_refused_in_the_shells_words(lab):
    with pytest.raises(CnetkitError, match="Read-only file system"):
        lab["a"].write_file("/usr/passwd", "nobody")
    with pytest.raises(CnetkitError, match="no-such-file"):
        lab["a"].read_file("/tmp/no-such-file")
    lab["a"].run("head -c 17000000 /dev/zero > /tmp/large")
    with pytest.raises(CnetkitError, match="larger than 16 MB"):
        lab["a"].read_file("/tmp/large")


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda node: node.read_file("/tmp/none"), "/tmp/none cannot be read in a: No such file"),
        (lambda node: node.read_file("/tmp"), "/tmp cannot be read in a: Is a directory"),
        (lambda node: node.write_file("/tmp", ""), "/tmp cannot be written in a: Is a directory"),
        (lambda node: node.write_file("/tmp/x", 5), "text or bytes, not int"),
        (lambda node: node.read_file(""), "is not the path of a file"),
        (lambda node: node.run([]), "is not a command"),
        (lambda node: node.run("true", timeout="1"), "wrong type"),
        (lambda node: node.run(None), "is not a command"),
        (lambda node: node.start(None), "is not a command"),
        (lambda node: node.wait_port("80"), "'80' is not a port"),
        (lambda node: node.wait_port(80, protocol="sctp"), "choose 'tcp' or 'udp'"),
        (lambda node: node.http_server("80"), "'80' is not a port"),
        (lambda node: node.http_server(80, address="web"), "'web' is not an IP address"),
        (lambda node: node.sysctl(None, 1), "wrong type"),
    ],
)
def test_a_wrong_argument_is_one_sentence(lab, attempt, words):
    with pytest.raises(CnetkitError, match=words) as caught:
        attempt(lab["a"])
    assert "bug in cnetkit" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_check_quotes_all_of_standard_error(lab):
    with pytest.raises(CnetkitError, match=r"ended with status 3:\nfirst\nsecond$"):
        lab["a"].run("echo ignored; echo first >&2; echo second >&2; exit 3", check=True)
    with pytest.raises(CnetkitError, match=r"ended with status 4: only output$"):
        lab["a"].run("echo only output; exit 4", check=True)
    with pytest.raises(CnetkitError, match=r"ended with status 5: it printed nothing$"):
        lab["a"].run("exit 5", check=True)


def test_a_setting_that_the_kernel_keeps_from_namespaces_says_so(lab):
    lab["a"].sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", 1000)
    with pytest.raises(CnetkitError, match=r"nf_conntrack_max=5 in a: .*it applies to the whole machine"):
        lab["a"].sysctl("net.netfilter.nf_conntrack_max", 5)
    with pytest.raises(CnetkitError, match=r"no_such_setting=5 in a: .*this kernel does not have it"):
        lab["a"].sysctl("net.ipv4.no_such_setting", 5)


def test_waiting_and_files_replay(tmp_path):
    def work(lab):
        node = lab.host("a")
        node.start(["python3", "-m", "http.server", "7007"])
        node.wait_port(7007)
        node.write_file("/tmp/x", "kept")
        return node.read_file("/tmp/x")

    with Lab("replayed", record=tmp_path / "session") as lab:
        live = work(lab)
    with Lab("replayed", replay=tmp_path / "session") as lab:
        assert work(lab) == live == "kept"
