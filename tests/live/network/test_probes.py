"""The probes on a real host: they hold while it is whole, and each fails for its own reason when that is broken for real."""

import json
import time

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.live.network.probe_kit import ALL, FORWARD, NETWORK, iptables, mesh, probe, traces, undone, wait_for_servers

pytestmark = pytest.mark.live


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
    """Forwarding, nat, one rule, one network, names: each is distinguished from the others."""
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
    """No logs, by a setting: that is a choice, so there is nothing to try."""
    box = patient_box
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", '{"log-driver": "none"}')
    found = probe(box, "logs")
    assert found.named("skip") == {"logs"}
    assert "by its settings | none" in found.said("logs")
    box.start_dockerd()
    found = probe(box, "logs")
    assert found.named("skip") == {"logs"}
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
    """On a file system of its own, doctor's test container writes in memory: without space or inodes below it, that is not a pass."""
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
    assert {one["name"] for one in first["probes"] if one["outcome"] == "pass"} == ALL


def test_an_empty_plan_is_no_good_end_while_test_containers_fail(patient_box: Box) -> None:
    """A rule that the model can't evaluate cuts the bridge off: the scan's test containers fail, a traced packet shows where, and
    ``fix`` says so.
    """
    box = patient_box
    untried = box.doctor("fix", "--apply", "--yes")
    assert untried.returncode == 0
    assert "nothing to repair" not in untried.stdout
    iptables(box, "-t raw -I PREROUTING -i docker0 -m u32 --u32 0x0=0:0xffffffff -j DROP")
    assert box.doctor("scan").returncode == 0
    scan = box.doctor("scan", "--probe")
    assert scan.returncode == 1
    text = "in chain PREROUTING of table ip raw (nftables, handle 2)"
    assert text in " ".join(scan.stdout.split())
    fix = box.doctor("fix", "--apply", "--yes")
    print(fix.stdout)
    assert fix.returncode == 1
    assert "test containers failed: dns, egress" in " ".join(fix.stdout.split())
    assert json.loads(box.doctor("fix", "--format", "json").stdout)["exit_code"] == 1
