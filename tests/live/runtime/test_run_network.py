"""The network of `doctor run` beside a real dockerd, beside each other, after a reboot, and after everything was killed."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

SERVE = "mkdir -p /w; hostname -i > /w/index.html; httpd -p 80 -h /w; sleep 600"
FORWARD = "/proc/sys/net/ipv4/ip_forward"
RULES = "iptables-save | grep doctor-runtime; true"


@pytest.fixture
def box(bare_box: Box) -> Iterator[Box]:
    bare_box.start_dockerd()
    bare_box.load_images()
    script = "mkdir -p /w; echo hi >/w/index.html; httpd -f -p 80 -h /w"
    bare_box.docker("run", "-d", "--name", "web", "--stop-timeout", "1", "-p", "8080:80", "bb:1", "sh", "-c", script)
    return bare_box


def served(box: Box, *ports: int) -> list[int]:
    """Start a container for each port in the background, all at once, and wait until each answers from outside; the processes."""
    argv = [box.doctor_path, "run", "-p", "{}:80", "bb:1", "sh", "-c", SERVE]
    pids = [box.start([word.format(port) for word in argv], log=f"/tmp/run{port}") for port in ports]
    end = time.monotonic() + 60
    while not all(box.fetch(port) for port in ports):
        assert time.monotonic() < end, [box.read(f"/tmp/run{port}") for port in ports]
        time.sleep(0.1)
    return pids


def inside(box: Box, url: str) -> str:
    return box.run(["busybox", "wget", "-qO-", "-T", "2", url], check=False).stdout.strip()


def interrupted(box: Box, pid: int) -> None:
    """End a run as Ctrl-C does, the third of which kills a container that ignores it."""
    end = time.monotonic() + 60
    while box.run(["kill", "-INT", str(pid)], check=False).returncode == 0:
        assert time.monotonic() < end
        time.sleep(0.1)


def killed(box: Box) -> None:
    """Kill every process of the runtime's, janitors too, at once."""
    box.run(["sh", "-c", "kill -9 $(pgrep -f runtime/__main__.py)"], check=False)
    end = time.monotonic() + 30
    while "doctor-runtime" in box.read("/proc/net/unix") and time.monotonic() < end:
        time.sleep(0.05)


def test_names_and_a_joined_network(box: Box) -> None:
    done = box.doctor(
        "run", "bb:1", "sh", "-c", "cat /etc/resolv.conf /etc/hosts; nslookup x.test | grep Address:; hostname"
    )
    assert "nameserver 198.51.100.2" in done.stdout
    assert "172.17.255.254\trun" in done.stdout
    assert "Address: 198.51.100.2" in done.stdout
    assert box.doctor("run", "--net", "container:web", "bb:1", "wget", "-qO-", "http://127.0.0.1/").stdout == "hi\n"


def test_a_stale_record_leads_to_no_other_process(box: Box) -> None:
    """After a crash the number may be that of a process in this host's network."""
    identity = box.docker("inspect", "-f", "{{.Id}}", "web")
    box.power_loss()
    other = box.start(["sleep", "100"])
    path = f"/var/lib/docker/containers/{identity}/config.v2.json"
    config = json.loads(box.read(path))
    config["State"] |= {"Running": True, "Pid": other}
    box.write(path, json.dumps(config))
    done = box.doctor("run", "--net", "container:web", "bb:1", "ip", "-o", "link")
    assert done.returncode == 125
    assert "its record is stale" in done.stderr
    assert "eth0" not in done.stdout
    done = box.doctor("run", "--net", f"container:{other}", "bb:1", "ip", "-o", "link")
    assert done.returncode == 2
    assert "is in this host's network" in done.stderr


def test_neither_group_nor_time_alone_make_a_process_the_container_s(box: Box) -> None:
    """A record that leads to a process of this host's network which is in the container's own control groups."""
    identity = box.docker("inspect", "-f", "{{.Id}}", "web")
    path = f"/var/lib/docker/containers/{identity}/config.v2.json"
    state = f"/run/docker/runtime-runc/moby/{identity}/state.json"
    config, runc = json.loads(box.read(path)), json.loads(box.read(state))
    assert runc["init_process_pid"] == config["State"]["Pid"]
    other = box.start(["sleep", "100"])
    box.run(
        [
            "sh",
            "-c",
            f"for d in $(find /sys/fs/cgroup -type d -name '*{identity}*'); do echo {other} >$d/cgroup.procs; done",
        ]
    )
    assert identity in box.read(f"/proc/{other}/cgroup")
    join = ("run", "--net", "container:web", "bb:1", "ip", "-o", "link")
    for changes in ({}, {"init_process_pid": other}):
        box.write(path, json.dumps(config | {"State": config["State"] | {"Pid": other}}))
        box.write(state, json.dumps(runc | changes))
        done = box.doctor(*join)
        assert done.returncode == 125, done.stdout
        assert f"process {other} did not begin with container {identity[:12]}" in done.stderr
    # Another runtime leaves no such file: the engine's own time counts, a reused number is younger than it.
    box.run(["rm", state])
    early = config["State"] | {"Pid": other, "StartedAt": "2020-02-02T02:02:02.123456789Z"}
    box.write(path, json.dumps(config | {"State": early}))
    assert "did not begin with" in box.doctor(*join).stderr
    box.write(path, json.dumps(config | {"State": early | {"StartedAt": "garbage"}}))
    done = box.doctor(*join)
    assert done.returncode == 2
    assert "container 'web': its start time is unknown" in done.stderr
    box.write(path, json.dumps(config))
    assert "eth0" in box.doctor(*join).stdout
    box.write(state, json.dumps(runc))
    assert "eth0" in box.doctor(*join).stdout


def test_two_at_once_beside_the_engine(box: Box) -> None:
    """Addresses and ports of their own, answers from outside and here, the administrator's chain above them, probes beside."""
    served(box, 9001, 9002)
    found = {box.fetch(port).strip() for port in (9001, 9002)}
    assert len(found) == 2
    for port in (9001, 9002):
        assert {inside(box, f"http://{host}:{port}") for host in ("127.0.0.1", "198.51.100.1")} <= found
    for port in ("8080", "9001", "198.51.100.1:9001"):
        done = box.doctor("run", "-p", f"{port}:80", "bb:1", "true")
        assert done.returncode == 5, port
    assert "published by container web" in box.doctor("run", "-p", "8080:80", "bb:1", "true").stderr
    box.run(["iptables", "-I", "DOCKER-USER", "-i", "eth0", "-j", "DROP"])
    assert not box.fetch(9001), "the administrator's word counts"
    box.run(["iptables", "-D", "DOCKER-USER", "-i", "eth0", "-j", "DROP"])
    assert box.fetch(9001)
    done = box.doctor("probe", "port", "egress", "dns")
    assert done.returncode == 0, done.stdout
    taken = f"{box.fetch(9001).strip()}/16"
    box.run(["sh", "-c", "rm -r /var/lib/doctor/reserved"])
    found = box.doctor("run", "bb:1", "ip", "-o", "-4", "addr", "show", "eth0").stdout
    assert "172.17.255." in found
    assert taken not in found, "without the record, who has an address answers for it"


def test_what_killed_runtimes_leave_is_shown_and_removed(box: Box) -> None:
    served(box, 9001)
    killed(box)
    assert box.run(["sh", "-c", RULES]).stdout
    done = box.doctor("scan", "--select", "firewall/doctor-leftovers", "--format", "json")
    assert [one["id"] for one in json.loads(done.stdout)["findings"]] == ["firewall/doctor-leftovers"]
    done = box.doctor("fix", "firewall/doctor-leftovers", "--apply", "--yes")
    assert done.returncode == 0, done.stdout
    assert not box.run(["sh", "-c", RULES]).stdout
    assert box.doctor("undo", "--yes").returncode == 0
    assert box.run(["sh", "-c", RULES]).stdout
    served(box, 9001)
    assert len({line.split("doctor-runtime:")[1][:8] for line in box.run(["sh", "-c", RULES]).stdout.splitlines()}) == 1


def test_after_a_reboot_without_the_engine(box: Box) -> None:
    """The runtime brings bridge and rules; what it must not switch on it names; the last one on the bridge removes it."""
    box.power_loss(network=True)
    done = box.doctor("run", "bb:1", "ping", "-c1", "-W1", "198.51.100.2")
    assert done.returncode == 1
    assert "net.ipv4.ip_forward is 0" in done.stderr
    box.write(FORWARD, "1\n")
    assert box.doctor("run", "bb:1", "nslookup", "x.test").returncode == 0
    first, second = served(box, 9001), served(box, 9002)
    interrupted(box, *first)
    assert not box.fetch(9001)
    assert box.fetch(9002), "the bridge stays for the other"
    interrupted(box, *second)
    end = time.monotonic() + 60
    while "docker0" in box.run(["ip", "-br", "link"]).stdout and time.monotonic() < end:
        time.sleep(0.2)
    assert "docker0" not in box.run(["ip", "-br", "link"]).stdout
    assert not box.run(["sh", "-c", RULES]).stdout
