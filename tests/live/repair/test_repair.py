"""Repairs on hosts with several faults at once: what is asked for is done, nothing else, and all of it can be undone."""

import json
import re

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

HARDENING = "/etc/sysctl.d/99-hardening.conf"
JOURNALD = '{\n  "log-driver": "journald",\n  "labels": ["rack=4"]\n}\n'
UNDER_CONTAINERS = ("forward/file-off", "firewall/nat-flushed", "firewall/user-rules")


def container_pids(box: Box) -> dict[str, str]:
    """The first process of each running container."""
    return {name: box.docker("inspect", "-f", "{{.State.Pid}}", name) for name in judge.running(box)}


def test_a_plan_changes_nothing(patient_box: Box) -> None:
    """Neither scan nor fix leaves a trace on the host: bytes, owners, rules, values, and when files were last read."""
    box = patient_box
    faults.inject_all(box, UNDER_CONTAINERS, seed=1)
    box.write("/etc/docker/daemon.json", JOURNALD)
    (box.workdir / "docker/image/overlay2/repositories.json").write_bytes(b"")
    box.run(["sh", "-c", "find /etc /var/lib/docker -type f -exec touch -a -d '2 days ago' {} +"])
    before = kit.files(box), kit.kernel(box)
    read = kit.times(box, "/etc/docker", "/etc/sysctl.d", "/var/lib/docker/image", "/var/lib/docker/containers")
    assert box.doctor("scan").returncode == 1
    assert box.doctor("fix", "--allow", "destructive").returncode == 1
    later = kit.times(box, "/etc/docker", "/etc/sysctl.d", "/var/lib/docker/image", "/var/lib/docker/containers")
    assert later == read, kit.words(later ^ read)
    after = kit.files(box), kit.kernel(box)
    assert after == before, kit.words((before[0] ^ after[0]) | (before[1] ^ after[1]))


def test_what_can_be_repaired_under_containers_restarts_none(patient_box: Box) -> None:
    """Forwarding and rules are restored under running containers, a second fix does nothing, undo breaks them again."""
    box = patient_box
    faults.inject_all(box, UNDER_CONTAINERS, seed=2)
    broken, etc, engine = kit.kernel(box), kit.files(box, "/etc"), box.pids("dockerd")
    pids = container_pids(box)
    assert judge.egress(box)["web"].startswith("failed")
    done = box.doctor("fix", "--apply", "--yes", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert {probe["outcome"] for probe in report["probes"]} == {"pass"}
    assert judge.egress(box)["web"] == "198.51.100.1"
    assert (container_pids(box), box.pids("dockerd")) == (pids, engine)
    assert kit.planned(box, "--allow", "destructive") == []
    kit.undo(box)
    later = kit.kernel(box)
    assert later == broken, kit.words(later ^ broken)
    assert kit.files(box, "/etc") == etc
    assert (container_pids(box), box.pids("dockerd")) == (pids, engine)


def test_several_faults_one_restart(patient_box: Box) -> None:
    """State, settings, forwarding and rules at once: one stop, one start, and undo gives back every byte."""
    box = patient_box
    faults.inject_all(box, UNDER_CONTAINERS, seed=3)
    box.write("/etc/docker/daemon.json", JOURNALD, mode=0o640)
    box.run(["chown", "0:8", "/etc/docker/daemon.json"])
    box.run(["setfattr", "-n", "user.note", "-v", "kept", "/etc/docker/daemon.json"], check=False)
    (box.workdir / "docker/image/overlay2/repositories.json").write_bytes(b"")
    etc = kit.files(box, "/etc")
    refused = box.doctor("fix", "--apply", "--yes", "--allow", "safe", "state")
    assert refused.returncode == 5, refused.stdout + refused.stderr
    done = kit.repair(box, code=1 if "tag" in "".join(kit.ids(box)) else 0)
    assert len(re.findall("stop the engine", done.stdout)) == len(re.findall("start the engine", done.stdout)) == 1
    assert kit.planned(box, "--allow", "disruptive") == []
    assert set(judge.ports(box).values()) == {"hello", "com"}
    assert '"labels": ["rack=4"]' in box.read("/etc/docker/daemon.json")
    # The engine ran on a file that was gone under it; on that old state it can't start.
    undone = kit.undo(box, code=1)
    assert "will not start with the restored state" in undone.stderr
    assert "does not start on the old state" in undone.stderr
    assert kit.files(box, "/etc") == etc, kit.words(kit.files(box, "/etc") ^ etc)
    assert (box.workdir / "docker/image/overlay2/repositories.json").read_bytes() == b""
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "0\n"


def test_one_problem_alone(patient_box: Box) -> None:
    """Asked for one id or area, the rest stays broken."""
    box = patient_box
    faults.inject_all(box, ("forward/runtime-off", "firewall/nat-flushed"), seed=4)
    done = box.doctor("fix", "network/ip-forward-off", "--apply", "--yes")
    assert done.returncode in {1, 4}, done.stdout + done.stderr
    assert "-A DOCKER" not in box.run(["iptables-save", "-t", "nat"]).stdout


def test_nobody_to_ask(patient_box: Box) -> None:
    """Without a terminal and --yes nothing is done; on a terminal one question, where the end of input is a no."""
    box = patient_box
    faults.inject(box, "forward/runtime-off")
    done = box.doctor("fix", "--apply")
    assert done.returncode == 5
    assert "add --yes" in done.stderr
    for answer in ("n\n", "\n", "\x04"):
        said = on_terminal(box, answer, "fix", "--apply")
        assert "EXIT=5" in said, said
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "0\n"
    assert "EXIT=0" in on_terminal(box, "y\n", "fix", "--apply")
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "1\n"


def test_a_host_that_changed_during_the_question(patient_box: Box) -> None:
    """Somebody edits the file that the plan would write while doctor waits for the answer: nothing is overwritten."""
    box = patient_box
    faults.inject(box, "forward/file-off")
    edit = f"until grep -qF '[y/N]' /tmp/said; do sleep 0.1; done; echo '# mine' >>{HARDENING}; echo y"
    said = box.run(
        ["script", "-qefc", f"({edit}) | {ON_TERMINAL} {box.doctor_path} fix --apply", "/tmp/said"], check=False
    ).stdout
    if "is not a terminal" in said:
        pytest.skip("this machine's script(1) gives a pipe no terminal")
    assert "the host changed" in said, said
    assert "# mine" in box.read(HARDENING)


ON_TERMINAL = "/usr/bin/python3 -c 'import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'"


def on_terminal(box: Box, typed: str, *arguments: str) -> str:
    """Return doctor's output on a terminal on which this is typed, with its exit code at the end."""
    script = f"{ON_TERMINAL} {box.doctor_path} {' '.join(arguments)}; echo EXIT=$?"
    return box.run(["sh", "-c", script], input=typed, check=False).stdout


def test_what_was_changed_after_the_repair_is_not_lost(patient_box: Box) -> None:
    """Undo refuses to overwrite an edit that came after the repair; forced, it keeps the edit and undoes the rest."""
    box = patient_box
    faults.inject(box, "forward/file-off")
    broken = box.read(HARDENING)
    kit.repair(box, "network")
    edited = box.read(HARDENING) + "# mine, later\n"
    box.write(HARDENING, edited)
    refused = kit.undo(box, code=5)
    assert HARDENING in refused.stderr
    assert box.read(HARDENING) == edited
    kit.undo(box, "--force")
    assert box.read(HARDENING) == broken + "# mine, later\n"
    assert "no repair to undo" in kit.undo(box, code=5).stderr


def test_an_undo_can_be_reversed(patient_box: Box) -> None:
    """Undo of the undo is the repaired host; the repair can then be undone again."""
    box = patient_box
    faults.inject(box, "forward/file-off")
    kit.repair(box, "network")
    repaired = box.read(HARDENING)
    name = re.search(r"\(run (\S+)\)", kit.undo(box).stdout)
    assert name is not None
    kit.undo(box, name[1])
    assert box.read(HARDENING) == repaired
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "1\n"
    kit.undo(box)
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "0\n"


def test_a_failed_proof_takes_all_of_it_back(patient_box: Box) -> None:
    """Forwarding is repaired, yet a router outside drops what comes from behind a router: exit 4, and the host as before."""
    box = patient_box
    faults.inject(box, "forward/file-off")
    ttl = "table inet strange { chain c { type filter hook input priority 0; ip ttl 63 drop; }; }\n"
    box.write("/tmp/ttl.nft", ttl)
    box.outside(["nft", "-f", str(box.path("/tmp/ttl.nft"))])
    before = kit.kernel(box), kit.files(box, "/etc")
    done = box.doctor("fix", "network", "--apply", "--yes")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "egress" in done.stdout
    assert "rolled back" in done.stdout
    after = kit.kernel(box), kit.files(box, "/etc")
    assert after == before, kit.words((before[0] ^ after[0]) | (before[1] ^ after[1]))
    assert "no repair to undo" in kit.undo(box, code=5).stderr
