"""The probe ``port`` on a real host: closed ports, outside hosts, UDP, and the packets of a client behind the uplink."""

import json

import pytest

from tests.hosts.box import Box
from tests.live.network.probe_kit import iptables, probe, traces, undone, wait_for_servers

pytestmark = pytest.mark.live


def test_a_reject_is_no_answer_and_a_rule_against_the_probe_no_failure(patient_box: Box) -> None:
    box = patient_box
    wait_for_servers(box)
    with undone(box):
        # The reset bears the far end's address: only a connection from the host shows that it is a firewall's.
        iptables(box, "-I DOCKER-USER -i docker0 -p tcp -j REJECT --reject-with tcp-reset")
        found = probe(box, "egress")
        assert found.named("fail") == {"egress"}
        assert "bridge: refused; mesh: connected" in found.said("egress")
    # Somebody's own filters on the uplink are left alone, so the outside host stands on a bridge of doctor's own.
    box.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"])
    found = probe(box, "port")
    assert found.named("pass") == {"port"}
    assert "not tried: packets from outside on eth0" in found.said("port")
    with undone(box):
        iptables(box, "-I DOCKER-USER -i doctor+ -j DROP")
        found = probe(box, "port")
        assert found.named("unproven") == {"port"}
        assert "drops packets of doctor's test bridge, not of the uplink" in found.said("port")
    with undone(box):
        iptables(box, "-I DOCKER-USER -i eth0 -j DROP")
        found = probe(box, "port")
        assert found.named("fail") == {"port"}
        assert "drops packets that arrive on eth0" in found.said("port")
    assert "clsact" in box.run(["tc", "qdisc", "show", "dev", "eth0"]).stdout
    assert "doctor" not in box.run(["ip", "-br", "link"]).stdout


CLOSED_OUTSIDE = {
    "by the user's chain": "iptables -I DOCKER-USER -i eth0 -j DROP",
    "before the engine's": "iptables -I FORWARD -i eth0 -p tcp -j REJECT --reject-with tcp-reset",
    "before any translation": "iptables -t raw -I PREROUTING -i eth0 -p tcp -j DROP",
    "on the way back": "iptables -t mangle -I FORWARD -o eth0 -p tcp -j DROP",
    "as it comes in": """nft add table netdev t; nft 'add chain netdev t c { type filter hook ingress device eth0 priority 0; }';
        nft add rule netdev t c tcp dport 1024-65535 tcp flags syn drop""",
}


_UFW_DOCKER = """iptables -N allowed; iptables -A allowed -p tcp -m tcp --dport 80 -j ACCEPT; iptables -F DOCKER-USER
    iptables -A DOCKER-USER -j allowed; iptables -A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
    for net in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do iptables -A DOCKER-USER -s $net -j RETURN; done
    for net in 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16; do iptables -A DOCKER-USER -d $net -m conntrack --ctstate NEW -j DROP; done"""


def test_a_host_that_closes_each_new_port_has_a_dead_one(patient_box: Box) -> None:
    """As ufw-docker sets it up: a new port is closed on purpose, and a port that was allowed and is dead is found."""
    box = patient_box
    wait_for_servers(box)
    with undone(box):
        box.run(["sh", "-ec", _UFW_DOCKER])
        found = probe(box, "port")
        assert found.named("pass") == {"port"}, found.said("port")
        assert found.exit == 0
        assert "a new port on bridge is closed to this outside host" in found.said("port")
        rule = next(
            line for line in box.run(["iptables-save", "-t", "nat"]).stdout.splitlines() if "--dport 8080 " in line
        )
        iptables(box, f"-t nat {rule.replace('-A', '-D', 1)}")
        box.run(["pkill", "-f", "docker-proxy.*-host-port 8080 "])
        found = probe(box, "port")
        assert found.named("fail") == {"port"}
        assert "port 8080 of" in found.said("port")


@pytest.mark.timeout(150)  # each of six closed ports is waited for twice
def test_ports_that_are_dead_for_outside_hosts_alone(patient_box: Box) -> None:
    """A host on any bridge of this host would be answered: the probe's outside host comes in by the uplink as others do."""
    box = patient_box
    wait_for_servers(box)
    for where, script in CLOSED_OUTSIDE.items():
        with undone(box):
            box.run(["sh", "-ec", script])
            assert not box.fetch(8080), where
            assert box.run(["busybox", "wget", "-qO-", "-T", "2", "http://198.51.100.1:8080"]).stdout, (
                "the host itself may"
            )
            found = probe(box, "port")
            assert found.named("fail") == {"port"}, where
        box.run(["sh", "-c", "iptables -t raw -F; iptables -t mangle -F; nft delete table netdev t"], check=False)
    with undone(box):
        iptables(box, "-I DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP")
        found = probe(box, "port")
        assert found.named("unproven") == {"port"}
        assert found.exit == 3
        assert "open to 10.0.0.1" in found.said("port")


def test_a_port_that_is_dead_for_the_host_itself_alone(patient_box: Box) -> None:
    """A reverse proxy on the host is such a client; docker-proxy accepts its connection in any case."""
    box = patient_box
    wait_for_servers(box)
    box.docker("run", "-d", "--name", "behind", "-p", "127.0.0.1:8077:80", "com:1", "httpd", "-f", "-p", "80")
    fetch = ["busybox", "wget", "-qO-", "-T", "2", "http://127.0.0.1:8081"]
    assert box.run(fetch).stdout == "com\n"
    assert probe(box, "port").named("pass") == {"port"}
    with undone(box):
        iptables(box, "-I OUTPUT -o docker0 -j DROP")
        assert box.fetch(8081), "an outside host is served"
        found = probe(box, "port")
        assert found.named("fail") == {"port"}
        for name in ("8081 of plain", "8077 of behind"):
            assert f"port {name} does not answer this host itself" in found.by_name["port"]["message"]
    assert probe(box, "port").named("pass") == {"port"}


def test_udp_and_what_is_not_tried(patient_box: Box) -> None:
    """A UDP port is asked on the way of containers' ones, and fails with it; what nobody asks is said, a paused container too."""
    box = patient_box
    box.docker("run", "-d", "--name", "names", "-p", "5353:53/udp", "--stop-timeout", "1", "com:1", "httpd", "-f")
    before = traces(box)
    found = probe(box, "port")
    assert found.named("pass") == {"port"}
    assert "a new UDP port on bridge answers an outside host on eth0" in found.said("port")
    assert "not tried: UDP: a server need not answer | 0.0.0.0:5353" in found.said("port")
    assert traces(box) == before
    with undone(box):
        iptables(box, "-I FORWARD -i eth0 -p udp -j DROP")
        found = probe(box, "port")
        assert found.named("fail") == {"port"}
        assert "a new UDP port on bridge does not answer an outside host" in found.by_name["port"]["message"]
        assert "-A FORWARD -i eth0 -p udp -j DROP" in found.by_name["port"]["message"]
    box.docker("pause", "plain")
    found = probe(box, "port")
    box.docker("unpause", "plain")
    assert found.named("pass") == {"port"}
    message = found.by_name["port"]["message"]
    assert "of plain answers" not in message
    assert "of plain (paused: the kernel accepts connections, but no process answers)" in message
    box.docker("rm", "-f", "names")


def test_an_outside_host_behind_the_uplink_disturbs_nobody(patient_box: Box) -> None:
    """Real clients are answered meanwhile, strict reverse paths hold, nothing of it is on the wire, nothing is left."""
    box = patient_box
    wait_for_servers(box)
    for name in ("all", "eth0"):
        box.write(f"/proc/sys/net/ipv4/conf/{name}/rp_filter", "1\n")
    wire = box.outside(
        ["sh", "-c", "ip -o link show type veth | head -n1 | sed 's/^[0-9]*: //; s/[@:].*//'"]
    ).stdout.strip()
    nft = f"""table netdev w {{\nchain c {{\ntype filter hook ingress device {wire} priority 0;
        ip saddr 192.0.2.0/24 counter\nip daddr 192.0.2.0/24 counter\narp saddr ip 192.0.2.0/24 counter\n}}\n}}\n"""
    box.outside(["sh", "-c", f"printf '%s' '{nft}' | nft -f -"])
    before = box.run(["sh", "-c", "tc qdisc show; ip route; ip neigh show nud permanent"]).stdout
    pid = box.start([box.doctor_path, "probe", "port", "egress", "--format", "json", "-o", "/tmp/probed.json"])
    answers = []
    while box.exists(f"/proc/{pid}/exe") and not box.exists("/tmp/probed.json"):
        answers.append(bool(box.fetch(8080)))
    assert answers
    assert all(answers)
    assert {one["outcome"] for one in json.loads(box.read("/tmp/probed.json"))["probes"]} == {"pass"}
    counted = box.outside(["nft", "list", "table", "netdev", "w"]).stdout
    assert counted.count("packets 0 bytes 0") == 3, counted
    assert box.run(["sh", "-c", "tc qdisc show; ip route; ip neigh show nud permanent"]).stdout == before
