"""A lab is built as it is typed. What is impossible is refused in a sentence, and nothing half-built remains."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from tests.kernel.conftest import Dock


def test_the_published_port_answers_from_outside(dock):
    answer = dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
    assert "This is web at 172.17.0.2 port 80; you are 203.0.113.2" in answer.output


def test_the_published_port_answers_from_a_neighbour_container(dock):
    assert "This is web" in dock.client.run("curl -s -m 5 http://203.0.113.1:8080/").output


def test_the_published_port_answers_the_container_itself_by_hairpin(dock):
    answer = dock.web.run("curl -s -m 5 http://203.0.113.1:8080/").output
    assert "you are 172.17.0.1" in answer  # masqueraded: else the answer would never go through the host


def test_the_published_port_answers_on_the_hosts_localhost(dock):
    assert "This is web" in dock.host.run("curl -s -m 5 http://127.0.0.1:8080/").output


def test_containers_reach_the_outside_behind_the_hosts_address(dock):
    dock.outside.http_server(80)
    assert "you are 203.0.113.1" in dock.client.run("curl -s -m 5 http://203.0.113.2/").output


def test_a_container_looks_like_a_container_from_inside(dock):
    assert dock.web.run("hostname").output == "web\n"
    processes = dock.web.run("ps -o pid,args ax").output
    assert "1 init" in processes
    assert "http-server 80" in processes
    assert len(processes.splitlines()) <= 6
    assert dock.web.run("ls /sys/class/net").output.split() == ["eth0", "lo"]
    assert "http-server 80" in dock.host.run("ps ax").output  # as on a real Docker host


def test_files_of_the_host_can_be_read_and_not_written(dock):
    assert "Read-only" in dock.web.run("touch /etc/cnetkit-was-here").errors
    dock.web.run("echo mine > /tmp/note", check=True)
    assert not dock.client.run("cat /tmp/note").ok


def test_a_missing_program_is_reported_in_one_sentence(dock):
    with pytest.raises(CnetkitError, match="no-such-program could not be started"):
        dock.web.run(["no-such-program"])


def test_a_program_is_killed_at_its_time_limit_and_the_result_shows_it(dock):
    result = dock.web.run("sleep 30", timeout=0.2)
    assert result.timed_out
    assert not result.ok
    with pytest.raises(CnetkitError, match="did not end in time"):
        result.check()


def test_output_errors_status_and_input_are_passed_on(dock):
    result = dock.web.run("cat; echo oops >&2; exit 3", input="hello")
    assert (result.output, result.errors, result.status) == ("hello", "oops\n", 3)


def test_a_program_receives_the_same_signals_as_in_a_shell(dock):
    ended = dock.web.run("for n in 1 15; do sleep 100 & kill -$n $!; wait $!; echo $(($? - 128)); done", timeout=5)
    assert ended.output.split() == ["1", "15"]
    assert dock.web.run("timeout 0.1 sleep 10; echo $?", timeout=5).output.split() == ["124"]


def test_started_programs_run_until_they_are_stopped(dock):
    program = dock.web.start("echo begun; cat")
    program.write("given\n")
    while not program.output.endswith("given\n"):
        assert program.running
    program.stop()
    assert not program.running
    assert program.output == "begun\ngiven\n"


@pytest.mark.parametrize(("kind", "protocol"), [("tcp_echo", "tcp"), ("udp_echo", "udp")])
def test_echo_servers_echo(dock, kind, protocol):
    getattr(dock.web, kind)(7000)
    dock.host.publish(7, to=dock.web, port=7000, protocol=protocol)
    type_ = "SOCK_DGRAM" if protocol == "udp" else "SOCK_STREAM"
    ask = f"import socket; s = socket.socket(type=socket.{type_}); "
    ask += "s.connect(('203.0.113.1', 7)); s.send(b'again'); print(s.recv(99))"
    assert dock.outside.run(["python3", "-c", ask], timeout=10).output == "b'again'\n"


def test_many_containers_are_built_in_one_batch(lab):
    net = lab.host("dock").bridge("docker0", "172.17.0.1/16")
    made = net.containers("c{}", 100)
    assert [container.address for container in made[:2]] == ["172.17.0.2", "172.17.0.3"]
    assert made[0].run(f"ping -c1 -W2 {made[99].address}").ok


def test_a_full_network_is_reported_and_nothing_is_built(lab):
    net = lab.host("dock").bridge("docker0", "10.0.0.1/29")
    with pytest.raises(CnetkitError, match="no free address left"):
        net.containers("c{}", 6)
    assert list(lab.nodes) == ["dock"]
    assert len(net.containers("c{}", 5)) == 5


def test_a_taken_port_is_refused_with_the_name_of_its_holder(dock):
    with pytest.raises(CnetkitError, match="taken by the container web, whose port 80"):
        dock.host.publish(8080, to=dock.client, port=80)
    with pytest.raises(CnetkitError, match="taken by the container web"):
        dock.host.http_server(8080)
    with pytest.raises(CnetkitError, match="taken by its http server"):
        dock.web.http_server(80)
    dock.host.publish(8080, to=dock.client, port=80, protocol="udp")


def test_a_port_held_by_a_program_is_refused_by_the_kernel(dock):
    dock.web.start(["python3", "-m", "http.server", "81"])
    dock.web.run("for i in $(seq 50); do curl -s http://127.0.0.1:81/ >/dev/null && break; sleep .1; done")
    with pytest.raises(CnetkitError, match="port 81: Address already in use"):
        dock.web.http_server(81)


def test_unpublishing_removes_exactly_the_rules_of_the_port(dock):
    rules = "iptables-nft-save | grep -v '^[#:]'"
    before = dock.host.run(rules).output
    dock.host.publish(9000, to=dock.client, port=90).remove()
    assert dock.host.run(rules).output == before


def test_the_address_and_port_of_a_removed_container_are_free_again(dock):
    dock.web.remove()
    assert "8080" not in dock.host.run("iptables-nft-save").output
    again = dock.net.container("again")
    assert again.address == "172.17.0.2"
    dock.host.publish(8080, to=again, port=80)
    with pytest.raises(CnetkitError, match="no node 'web'"):
        dock.web.run("true")


def test_a_failed_batch_leaves_nothing_behind(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16")
    host.run(f"ip link add {_veth('late')} type dummy || ip link add {_veth('late')} type veth peer name x", check=True)
    before = host.run("ip -br link").output
    with pytest.raises(CnetkitError, match="the kernel refused a link"):
        net.container("late")
    assert host.run("ip -br link").output == before
    assert "late" not in lab.nodes
    assert net.container("other").address == "172.17.0.2"


def _veth(name):
    from cnetkit.lab.addresses import veth_name

    return veth_name(name, "eth0")


def test_dual_stack_publishes_both_families():
    with Lab("dual", ipv6=True) as lab:
        host = lab.host("dock")
        web = host.bridge("docker0", "172.17.0.1/16", "fd00:17::1/64").container("web")
        outside = lab.host("outside")
        lab.connect(outside, host, "203.0.113.0/24", "2001:db8::/64")
        host.publish(8080, to=web, port=80)
        web.http_server(80)
        assert "web at 172.17.0.2" in outside.run("curl -s -m 5 http://203.0.113.1:8080/").output
        assert "web at fd00:17::2" in outside.run("curl -gs -m 5 http://[2001:db8::1]:8080/").output


def test_routers_join_networks(lab):
    a, router, b = lab.host("a"), lab.router("r"), lab.host("b")
    lab.connect(a, router, "10.0.1.0/24")
    lab.connect(b, router, "10.0.2.0/24")
    assert "ttl=63" in a.run(f"ping -c1 -W2 {b.address}").output


def test_addresses_names_and_macs_are_determined_by_the_lab_alone():
    outputs = []
    for _ in range(2):
        with Lab("same") as lab:
            dock = Dock(lab)
            outputs.append(dock.host.run("ip -br link; ip -br addr").output + dock.web.run("ip -br link").output)
    assert outputs[0] == outputs[1]
    assert "02:42:ac:11:00:02" in outputs[0]


def test_twenty_simultaneous_labs_of_one_name_are_traced_correctly():
    def answered_requests(number: int) -> tuple[str, str]:
        with Lab("same") as lab:
            dock = Dock(lab)
            with lab.trace() as trace:
                dock.outside.run(f"curl -s http://203.0.113.1:8080/{number}", check=True)
            answered = [j for j in trace.journeys if j.outcome.kind == "delivered" and "8080" in j.summary]
            payload = b"".join(trace.recording.frames.bytes_of(n) for n in range(len(trace.recording.frames)))
            return f"{len(answered) > 4}", f"{payload.count(b'GET /')}:{payload.count(b'GET /%d HTTP' % number)}"

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(answered_requests, range(20)))
    assert results == [("True", "5:5")] * 20


def test_a_lab_works_in_a_process_that_has_threads():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with Lab("threads") as lab:
            assert lab.host("h").run("id -u").output == "0\n"
    finally:
        over.set()
        thread.join()


def test_programs_that_drop_root_privileges_start(dock):
    capture = dock.web.start("tcpdump -i eth0 -c 2 -w - icmp | tcpdump -r - -n")
    dock.web.run("for i in $(seq 50); do grep -q tcpdump /proc/[0-9]*/comm && break; sleep .05; done; sleep .3")
    dock.client.run("ping -c 1 172.17.0.2", check=True)
    assert "ICMP echo reply" in capture.wait(10).output
