"""Repairs that are killed, interrupted, or run out of room: the next command knows, and finishes or rolls back."""

import os
import random
import re
import time
from collections.abc import Iterator

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SEED = int(os.environ.get("DOCTOR_SEED", "11"))
APPLY = ("fix", "--apply", "--yes", "--allow", "disruptive")
DEAD = ("state/torn-by-crash", "state/overlay2-links-gone", "forward/file-off", "logging/sysconfig-journald")
ALIVE = ("forward/file-off", "firewall/nat-flushed", "logging/daemon-json-journald")


@pytest.fixture
def torn_box(can_box: None) -> Iterator[Box]:
    """A box whose dockerd is dead, with corrupt state, forwarding off and a wrong logging driver."""
    with Box(data_root=patient()) as made:
        faults.inject_all(made, DEAD, seed=SEED)
        yield made


def still_engine(box: Box) -> list[str]:
    """The command line of each dockerd."""
    return [box.read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() for pid in box.pids("dockerd")]


def touched(box: Box, lines: set[str], run: str) -> set[str]:
    """The files of /etc and those that the run's plan names: a started engine writes others of its own."""
    paths = set(re.findall(r'"(/[^"]+)"', box.read(f"{kit.RUNS}/{run}/plan.json")))
    return {line for line in lines if line.startswith("('/etc/") or line.split("'")[1] in paths}


def test_killed_at_any_instant_it_is_rolled_back(torn_box: Box) -> None:
    """Eight times: SIGKILL in the middle of a repair, often once more in the middle of the undo; every byte is restored."""
    box, choose = torn_box, random.Random(SEED)
    print(f"DOCTOR_SEED={SEED}")
    broken = kit.files(box)
    for number in range(8):
        # The first ones before the engine starts, where all must be as before; the later ones anywhere.
        at = choose.uniform(0, 0.4) if number < 4 else choose.uniform(0, 2.5)
        pid = kit.begin(box, *APPLY)
        time.sleep(at)
        kit.kill(box, pid)
        run = kit.runs(box)[-1]
        print(f"{number}: killed after {at:.2f} s")
        told = box.doctor("scan", "--select", "kernel").stderr
        over = "unfinished" not in told
        if choose.random() < 0.6 and not over:
            again = box.start([box.doctor_path, "undo", "--yes"])
            time.sleep(choose.uniform(0.1, 0.8))
            kit.kill(box, again)
        done = box.doctor("undo", "--yes")
        assert done.returncode == 0 or "no repair to undo" in done.stderr, done.stdout + done.stderr
        assert re.search(rf"^{run} .* undone ", box.doctor("undo", "--list").stdout, re.MULTILINE)
        assert "unfinished" not in box.doctor("scan", "--select", "kernel").stderr
        assert box.pids("dockerd") == [], done.stdout + done.stderr
        found, was = kit.files(box), broken
        if "start the engine" in box.read("/tmp/begun.log"):
            broken = found
            found, was = touched(box, found, run), touched(box, was, run)
        assert found == was, kit.words(found ^ was)
        box.run(["rm", "-f", "/tmp/begun.log"])


@pytest.mark.parametrize("number", range(4))
def test_killed_at_any_instant_it_is_finished(torn_box: Box, number: int) -> None:
    """SIGKILL in the middle, then --resume: exit 0 or 1 (an image that nothing can rebuild), and dockerd sees all."""
    box, choose = torn_box, random.Random(f"{SEED} {number}")
    at = choose.uniform(0, 2.0)
    print(f"DOCTOR_SEED={SEED}, killed after {at:.2f} s")
    pid = kit.begin(box, *APPLY)
    time.sleep(at)
    kit.kill(box, pid)
    if "unfinished" in box.doctor("fix").stderr:
        quiet = box.doctor("-q", "scan", "--select", "kernel")
        assert (quiet.returncode in {1, 3}, quiet.stdout) == (True, "")
        assert " is unfinished: '" in quiet.stderr
        refused = box.doctor("fix", "--apply", "--yes")
        assert refused.returncode == 5
        assert "unfinished" in refused.stderr
        done = box.doctor("fix", "--resume")
        assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert box.engine_answers()
    answers = set(judge.ports(box).values())
    # A container stays away where the one copy of its settings is corrupt; no other may.
    torn = box.doctor("scan", "--select", "state/container-config-corrupt,state/hostconfig-corrupt").returncode
    assert answers == {"hello", "com"} or (torn and answers < {"hello", "com"})
    assert kit.planned(box, "--allow", "disruptive") == []
    kit.undo(box)
    assert box.doctor("scan", "--select", "state").returncode == 1


@pytest.mark.parametrize(("number", "ending"), [(0, "undo"), (1, "resume"), (2, "undo"), (3, "resume")])
def test_an_engine_started_by_hand_is_started_again_as_before(can_box: None, number: int, ending: str) -> None:
    """Killed anywhere between its stop and its start, the engine runs again with the options somebody typed."""
    choose = random.Random(f"hand {SEED} {number}")
    with Box(data_root=patient()) as box:
        box.write("/etc/default/docker", 'DOCKER_OPTS="--label of=script"\n')
        box.start_dockerd("--label", "of=hand", "--log-level", "warn")
        before = still_engine(box)
        faults.inject_all(box, ALIVE, seed=SEED)
        broken = box.read("/etc/docker/daemon.json"), box.read("/etc/sysctl.d/99-hardening.conf")
        at = choose.uniform(0, 4)
        pid = kit.begin(box, *APPLY)
        time.sleep(at)
        kit.kill(box, pid)
        print(f"DOCTOR_SEED={SEED}, killed after {at:.2f} s, engine {box.pids('dockerd')}")
        done = box.doctor("undo", "--yes") if ending == "undo" else box.doctor("fix", "--resume")
        assert done.returncode == 0 or "no repair is unfinished" in done.stderr, done.stdout + done.stderr
        assert [line.removeprefix("/usr/sbin/") for line in still_engine(box)] == before
        if ending == "undo":
            assert (box.read("/etc/docker/daemon.json"), box.read("/etc/sysctl.d/99-hardening.conf")) == broken
            if "ip_forward to 1 now" in box.read("/tmp/begun.log"):
                assert box.read("/proc/sys/net/ipv4/ip_forward") == "0\n"
        else:
            assert set(judge.ports(box).values()) == {"hello", "com"}
            assert box.doctor("scan").returncode == 0


def test_ctrl_c_says_what_is_left(torn_box: Box) -> None:
    """An interrupted repair exits with 130 and names the two ways on; a second repair is refused until one is taken."""
    box = torn_box
    broken = kit.files(box)
    script = f"trap : INT; {box.doctor_path} {' '.join(APPLY)}; echo EXIT=$?"
    pid = kit.begin(box, log="/tmp/int.log", argv=("bash", "-c", script))
    kit.kill(box, pid, "INT")
    kit.wait(box, pid)
    said = box.read("/tmp/int.log")
    assert "Traceback" not in said, said
    if "EXIT=130" in said:
        assert "unfinished" in said
        assert box.doctor(*APPLY).returncode == 5
        kit.undo(box)
        if not box.pids("dockerd"):
            assert kit.files(box) == broken


def test_a_lost_terminal_does_not_stop_a_repair(torn_box: Box) -> None:
    """SIGHUP and a reader that went away: the repair continues to its end."""
    box = torn_box
    pid = box.start(["bash", "-c", f"{box.doctor_path} {' '.join(APPLY)} 2>&1 | head -1"])
    deadline = time.monotonic() + 60
    while not kit.runs(box):
        time.sleep(0.005)
    kit.kill(box, pid, "HUP")
    while "unfinished" in box.doctor("undo", "--list").stdout and time.monotonic() < deadline:
        time.sleep(0.1)
    assert " applied " in box.doctor("undo", "--list").stdout
    # "applied" is recorded after the engine has answered for each container and image, if the plan starts it.
    plan = box.read(f"{kit.RUNS}/{kit.runs(box)[-1]}/plan.json")
    assert '"start the engine' in plan, plan
    assert box.pids("dockerd"), box.read("/var/log/dockerd.log")[-4000:]
    # A single answer may take longer than its two seconds on a busy machine.
    asked = time.monotonic()
    while not box.engine_answers():
        assert time.monotonic() - asked < 20, box.read("/var/log/dockerd.log")[-4000:]


def test_no_room_for_the_way_back_means_no_beginning(torn_box: Box) -> None:
    """With a full disk under /var/lib/doctor nothing is begun (5), or all is rolled back (4): the host is as before."""
    box = torn_box
    broken = kit.files(box)
    for size, codes in (("64k", {5}), ("300k", {4, 5})):
        box.run(["mkdir", "-p", "/var/lib/doctor"])
        box.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "full", "/var/lib/doctor"])
        done = box.doctor(*APPLY)
        assert done.returncode in codes, done.stdout + done.stderr
        assert "No space left" in done.stderr
        assert "Traceback" not in done.stderr
        box.run(["umount", "/var/lib/doctor"])
        assert kit.files(box) == broken
    # A thing that can't be rebuilt remains, and makes the exit code 1.
    assert box.doctor(*APPLY).returncode in {0, 1}
    assert box.engine_answers()


def test_a_disk_that_fills_up_during_a_repair(torn_box: Box) -> None:
    """Somebody takes the last block while the journal is written: the repair is rolled back with the space it reserved."""
    box = torn_box
    broken = kit.files(box)
    box.run(["mkdir", "-p", "/var/lib/doctor"])
    box.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "full", "/var/lib/doctor"])
    pid = kit.begin(box, *APPLY)
    box.run(["sh", "-c", "cat /dev/zero >/var/lib/doctor/greedy"], check=False)
    kit.wait(box, pid)
    said = box.read("/tmp/begun.log")
    assert "Traceback" not in said, said
    assert "defect" not in said, said
    listed = box.doctor("undo", "--list").stdout
    if "No space left" in said:
        assert "rolled back" in listed, said + listed
        assert box.pids("dockerd") == []
        found = kit.files(box)
        assert found == broken, kit.words(found ^ broken)
    else:
        assert " applied " in listed, said + listed


def test_two_doctors_at_once(torn_box: Box) -> None:
    """The second repair and an undo are refused, clearly; a scan says that somebody is at work."""
    box = torn_box
    pid = kit.begin(box, *APPLY)
    second, back, scan = box.doctor(*APPLY), box.doctor("undo", "--yes"), box.doctor("scan", "--select", "kernel")
    plan = box.doctor("fix", "kernel")
    kit.wait(box, pid)
    for refused in (second, back):
        assert refused.returncode == 5, refused.stdout + refused.stderr
        assert "another doctor" in refused.stderr
    assert "is changing this host" in scan.stderr
    assert "is changing this host" in plan.stderr
    assert " applied " in box.doctor("undo", "--list").stdout
