"""The probes on a real host: they hold while it is whole, and each fails for its own reason when that is broken for real."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.hosts import faults
from tests.hosts.box import Box

pytestmark = pytest.mark.live

ALL = {"dns", "egress", "image", "limits", "logs", "port", "storage"}
NETWORK = {"dns", "egress", "port"}
FORWARD = "/proc/sys/net/ipv4/ip_forward"


class Probed:
    """What ``doctor probe`` said."""

    def __init__(self, exit_code: int, document: dict[str, Any]) -> None:
        self.exit = exit_code
        self.by_name: dict[str, dict[str, Any]] = {probe["name"]: probe for probe in document["probes"]}

    def named(self, outcome: str) -> set[str]:
        """Names of the probes with this outcome."""
        return {name for name, probe in self.by_name.items() if probe["outcome"] == outcome}

    def said(self, name: str) -> str:
        """A probe's message and evidence as one text."""
        probe = self.by_name[name]
        lines = [f"{entry['source']} | {entry['value']}" for entry in probe["evidence"]]
        return "\n".join([probe["message"], *lines])


def probe(box: Box, *names: str, env: dict[str, str] | None = None) -> Probed:
    done = box.doctor("probe", *names, "--format", "json", env=env)
    print(done.stdout, done.stderr)
    return Probed(done.returncode, json.loads(done.stdout))


def traces(box: Box) -> list[str]:
    """What test containers could leave: interfaces, rules, cgroups, network namespaces, files of doctor's own, mounts."""
    script = """
    ls /sys/class/net | grep -v ^veth
    for save in iptables-save ip6tables-save; do $save | grep '^-A'; done
    find /sys/fs/cgroup -path '*doctor-runtime/*' -type d
    find /var/lib/doctor /tmp /run -xdev -name 'doctor*' -o -xdev -path '/var/lib/doctor/*'
    grep -c . /proc/self/mountinfo
    pgrep -f "[d]octor/runtime"
    """
    found = box.run(["sh", "-c", script], check=False).stdout.splitlines()
    # Entries of reservations that nobody holds go with the next start.
    return sorted(line for line in found if not line.endswith("/probe.lock") and "/reserved" not in line)


@contextmanager
def undone(box: Box) -> Iterator[None]:
    """Take back what is done to the firewall and to forwarding."""
    rules, forward = box.run(["iptables-save"]).stdout, box.read(FORWARD)
    yield
    box.run(["iptables-restore"], input=rules)
    box.write(FORWARD, forward)


def iptables(box: Box, rule: str) -> None:
    box.run(["iptables", *rule.split()])


def wait_for_servers(box: Box) -> None:
    end = time.monotonic() + 5
    while not (box.fetch(8080) and box.fetch(8081)) and time.monotonic() < end:
        time.sleep(0.05)


def test_all_hold_on_a_whole_host_and_leave_nothing(patient_box: Box) -> None:
    wait_for_servers(patient_box)
    probe(patient_box, "limits")  # the first makes the runtime's own cgroup and doctor's directory
    before = traces(patient_box)
    found = probe(patient_box)
    assert found.named("pass") == ALL
    assert found.exit == 0
    assert "port 8080 of web answers" in found.said("port")
    assert "the server sees 192.0.2.2" in found.said("port")
    assert "each of bridge, mesh reached 198.51.100.2, and a host behind eth0" in found.said("egress")
    assert "the engine's name server answered in 1 container" in found.said("dns")
    assert " absent" in found.said("image")
    assert traces(patient_box) == before


def test_all_hold_with_a_dead_engine(patient_box: Box) -> None:
    """After a power loss without a reboot the rules are still there; after one with a reboot, doctor brings its own."""
    box = patient_box
    box.power_loss()
    assert probe(box).named("pass") == ALL
    box.power_loss(network=True)
    found = probe(box)
    assert found.named("unproven") == NETWORK
    assert found.exit == 3
    assert "turns on forwarding only when it starts" in found.said("egress")
    box.write(FORWARD, "1\n")
    before = traces(box)
    found = probe(box)
    assert found.named("pass") == ALL
    assert "doctor's own rules" in found.said("port")
    assert traces(box) == before


def test_the_network_broken_for_real(patient_box: Box) -> None:
    """Forwarding, nat, one rule, one network, names: each is told from the others."""
    box = patient_box
    wait_for_servers(box)
    with undone(box):
        faults.inject(box, "forward/runtime-off")
        assert probe(box).named("fail") == NETWORK
    with undone(box):
        faults.inject(box, "firewall/nat-flushed")
        found = probe(box, *NETWORK)
        assert found.named("fail") == NETWORK
        assert found.exit == 1
        assert "docker-proxy alone" in found.said("port")
    with undone(box):
        faults.inject(box, "firewall/dnat-gone", seed=1)
        assert box.fetch(8080), "docker-proxy hides it"
        assert box.fetch(8081)
        found = probe(box, *NETWORK)
        assert found.named("fail") == {"port"}
        assert "answers through docker-proxy alone" in found.said("port")
    with undone(box):
        iptables(box, f"-t nat -D POSTROUTING -s 172.31.0.0/24 ! -o {mesh(box)} -j MASQUERADE")
        found = probe(box, *NETWORK)
        assert found.named("fail") == {"egress"}
        assert "a container on mesh gets no answer" in found.said("egress")
    with undone(box):
        iptables(box, "-I DOCKER-USER -p udp --dport 53 -j DROP")
        assert probe(box, *NETWORK).named("fail") == {"dns"}
    assert probe(box, *NETWORK).named("pass") == NETWORK


def mesh(box: Box) -> str:
    return f"br-{box.docker('network', 'inspect', '-f', '{{.Id}}', 'mesh')[:12]}"


def test_a_reject_is_no_answer_and_a_rule_against_the_probe_no_failure(patient_box: Box) -> None:
    box = patient_box
    wait_for_servers(box)
    with undone(box):
        # The reset bears the far end's address: only that the host connects there tells that it is a firewall's.
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


def test_names_inside_a_container(patient_box: Box) -> None:
    """The nat rules that lead a container to the engine's own name server are gone in one container."""
    box = patient_box
    wait_for_servers(box)
    pid = box.docker("inspect", "-f", "{{.State.Pid}}", "web")
    box.run(["nsenter", "-t", pid, "-n", "iptables", "-t", "nat", "-F"])
    found = probe(box, "dns")
    assert found.named("fail") == {"dns"}
    assert "does not answer in web" in found.said("dns")


def test_images_whose_layers_are_gone_or_exchanged(patient_box: Box) -> None:
    box = patient_box
    box.power_loss()
    overlay2 = box.path("/var/lib/docker/overlay2")
    layers = box.path("/var/lib/docker/image/overlay2/layerdb/sha256")
    lowest = next(path for path in layers.iterdir() if not (path / "parent").exists())
    cache = (lowest / "cache-id").read_text()
    link = overlay2 / "l" / (overlay2 / cache / "link").read_text()
    right = link.readlink()
    wrong = next(path.readlink() for path in (overlay2 / "l").iterdir() if path != link)
    link.unlink()
    link.symlink_to(wrong)
    found = probe(box, "image", "storage")
    assert found.named("fail") == {"image"}
    link.unlink()
    link.symlink_to(right)
    assert probe(box, "image").named("pass") == {"image"}

    directory = overlay2 / right.parts[1]
    directory.rename(overlay2.parent / "moved")
    found = probe(box, "image", "storage")
    assert found.named("fail") == {"image"}
    assert found.named("pass") == {"storage"}
    assert "has no directory" in found.said("image")


def test_logs_that_nobody_can_read(patient_box: Box) -> None:
    box = patient_box
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", '{"log-driver": "none"}')
    found = probe(box, "logs")
    assert found.named("fail") == {"logs"}
    assert "by its settings | none" in found.said("logs")
    box.start_dockerd()
    found = probe(box, "logs")
    assert found.named("fail") == {"logs"}
    assert "of the running engine | none" in found.said("logs")


def test_the_engine_reads_nothing_of_a_log(patient_box: Box) -> None:
    box = patient_box
    box.docker("run", "-d", "--name", "aloud", "--stop-timeout", "1", "bb:1", "sh", "-c", "echo said; sleep 100")
    identity = box.docker("inspect", "-f", "{{.Id}}", "aloud")
    found = probe(box, "logs")
    assert found.named("pass") == {"logs"}
    assert "last line of aloud" in found.said("logs")
    box.path(f"/var/lib/docker/containers/{identity}/{identity}-json.log").write_bytes(b"\0" * 4096)
    found = probe(box, "logs")
    assert found.named("fail") == {"logs"}
    assert "docker logs aloud" in found.said("logs")
    assert "said" not in found.said("logs").replace("gives", ""), "a log may hold secrets"


def test_a_file_system_that_can_not_carry_containers(bare_box: Box) -> None:
    """A data root on an overlay (a container's own root, say) and one on a read-only mount."""
    box = bare_box
    box.write("/etc/docker/daemon.json", '{"data-root": "/srv/docker"}')
    box.run(["mkdir", "-p", "/srv/docker", "/srv/doctor"])
    found = probe(box, "storage", env={"DOCTOR_STATE_DIR": "/srv/doctor"})
    assert found.named("fail") == {"storage"}
    assert "(overlay)" in found.said("storage")
    assert box.run(["ls", "/srv/docker"]).stdout == ""
    assert box.run(["ls", "/srv/doctor"]).stdout.split() == ["probe.lock"]

    box.write("/etc/docker/daemon.json", "{}")
    assert probe(box, "storage").named("pass") == {"storage"}
    box.run(["mount", "-o", "remount,bind,ro", "/var/lib/docker"])
    found = probe(box, "storage")
    assert found.named("fail") == {"storage"}
    assert "read-only" in found.said("storage")


def test_writes_stay_in_memory_where_doctor_has_no_directory_beside_the_data_root(bare_box: Box) -> None:
    box = bare_box
    box.run(["mkdir", "-p", "/srv/doctor"])
    found = probe(box, "storage", env={"DOCTOR_STATE_DIR": "/srv/doctor"})
    assert found.named("unproven") == {"storage"}
    assert found.exit == 3
    assert "with its writable layer in memory" in found.said("storage")
    box.start_dockerd()
    box.load_images()
    box.docker("run", "-d", "--stop-timeout", "1", "bb:1", "sleep", "100")
    found = probe(box, "storage", env={"DOCTOR_STATE_DIR": "/srv/doctor"})
    assert found.named("pass") == {"storage"}
    assert "it has 1 mounted writable layer" in found.said("storage")


def test_a_data_root_that_takes_no_write_fails_wherever_the_test_container_writes(bare_box: Box) -> None:
    """On a file system of its own, doctor's test container writes in memory: without room or inodes below it, that is no pass."""
    box = bare_box
    box.run(["mount", "-t", "tmpfs", "-o", "size=48m,nr_inodes=3000", "none", "/var/lib/docker"])
    box.start_dockerd()
    box.load_images()
    box.docker("run", "-d", "--stop-timeout", "1", "bb:1", "sleep", "100")
    found = probe(box, "storage")
    assert found.named("pass") == {"storage"}
    assert "writing an unnamed file there works" in found.said("storage")
    box.run(["sh", "-c", "dd if=/dev/zero of=/var/lib/docker/big bs=4k 2>/dev/null; true"])
    found = probe(box, "storage")
    assert found.named("fail") == {"storage"}
    assert ": no space left on device" in found.said("storage")
    box.run(
        [
            "sh",
            "-c",
            "rm /var/lib/docker/big; mkdir /var/lib/docker/x; seq 5000 | (cd /var/lib/docker/x; xargs touch) 2>/dev/null; true",
        ]
    )
    assert probe(box, "storage").named("fail") == {"storage"}
    box.run(["rm", "-rf", "/var/lib/docker/x"])
    assert probe(box, "storage").named("pass") == {"storage"}


def test_limits_of_controllers_that_are_away(bare_box: Box) -> None:
    """One that can't be written and one that is not mounted: a limit does not hold."""
    box = bare_box
    mounts = box.read("/proc/self/mountinfo")
    if " - cgroup " not in mounts:
        pytest.skip("this machine has cgroup v2 only: its one hierarchy can't be taken away from a box")
    box.run(["mount", "-o", "remount,bind,ro", "/sys/fs/cgroup/pids"])
    found = probe(box, "limits")
    assert found.named("fail") == {"limits"}
    assert "pids: can't set the limits" in found.said("limits")
    box.run(["umount", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"])
    found = probe(box, "limits")
    assert found.named("fail") == {"limits"}
    assert found.exit == 1
    assert "the memory controller is missing" in found.said("limits")
    assert "the pids controller is missing" in found.said("limits")


def test_dead_name_servers_and_images_without_a_program_that_runs(patient_box: Box) -> None:
    """Neither is a matter of taste: names resolve nowhere, and no container of the image starts."""
    box = patient_box
    box.write("/etc/resolv.conf", "nameserver 198.51.100.77\n")
    found = probe(box, "dns")
    assert found.named("fail") == {"dns"}
    assert found.exit == 1
    assert "198.51.100.77" in found.said("dns")
    box.docker("build", "-q", "-t", "lost:1", "-", input='FROM bb:1\nENTRYPOINT ["/srv/app"]\n')
    found = probe(box, "image")
    assert found.named("fail") == {"image"}
    assert "program '/srv/app' is missing" in found.said("image")
    box.docker("rmi", "lost:1")
    torn = 'FROM bb:1\nRUN head -c 4096 /dev/zero >/app && chmod 755 /app\nENTRYPOINT ["/app"]\n'
    box.docker("build", "-q", "-t", "torn:1", "-", input=torn)
    found = probe(box, "image")
    assert found.named("fail") == {"image"}
    assert "program /app is corrupt" in found.said("image")


@pytest.mark.parametrize("after", [0.25, 0.45])
def test_a_killed_doctor_leaves_nothing(patient_box: Box, after: float) -> None:
    box = patient_box
    probe(box, "limits")
    before = traces(box)
    pid = box.start([box.doctor_path, "probe"])
    time.sleep(after)
    box.run(["kill", "-9", str(pid)], check=False)
    end = time.monotonic() + 15
    while (now := traces(box)) != before and time.monotonic() < end:
        time.sleep(0.1)
    assert now == before
    assert probe(box).named("pass") == ALL
    assert box.run(["ls", "/var/lib/doctor/reserved"]).stdout == ""


def test_two_doctors_at_once(patient_box: Box) -> None:
    """The second waits for the first: they would take the same addresses."""
    box = patient_box
    wait_for_servers(box)
    box.start([box.doctor_path, "probe", "--format", "json", "-o", "/tmp/first.json"])
    assert probe(box).named("pass") == ALL
    end = time.monotonic() + 10
    while not box.exists("/tmp/first.json") and time.monotonic() < end:
        time.sleep(0.05)
    first = json.loads(box.read("/tmp/first.json"))
    assert {one["outcome"] for one in first["probes"]} == {"pass"}


def test_an_empty_plan_is_no_good_end_while_test_containers_fail(patient_box: Box) -> None:
    """A routing rule that no check knows cuts the bridge off: the scan's test containers fail, and ``fix`` says so."""
    box = patient_box
    untried = box.doctor("fix", "--apply", "--yes")
    assert untried.returncode == 0
    assert "nothing to repair" not in untried.stdout
    box.run(["ip", "rule", "add", "iif", "docker0", "prohibit", "pref", "10"])
    assert box.doctor("scan").returncode == 0
    assert box.doctor("scan", "--probe").returncode == 1
    fix = box.doctor("fix", "--apply", "--yes")
    print(fix.stdout)
    assert fix.returncode == 1
    assert "test containers failed: dns, egress" in " ".join(fix.stdout.split())
    assert json.loads(box.doctor("fix", "--format", "json").stdout)["exit_code"] == 1
