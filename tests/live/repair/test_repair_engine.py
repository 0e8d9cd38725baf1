"""How the engine is stopped and started: as somebody typed it, by its init script, on another socket; or not at all."""

import time

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

JOURNALD = "logging/daemon-json-journald"
BY_HAND = """
mkdir -p '/opt/a dir' && cd '/opt/a dir' &&
FLAVOUR='two words' setsid dockerd --label 'note=two  words' --log-level warn >>/var/log/mine.log 2>&1 </dev/null &
"""


def started(box: Box) -> tuple[str, ...]:
    """Command line, directory, output and environment of the one dockerd."""
    (pid,) = box.pids("dockerd")
    line = box.read(f"/proc/{pid}/cmdline").removeprefix("/usr/sbin/")
    links = box.run(["readlink", f"/proc/{pid}/cwd", f"/proc/{pid}/fd/1", f"/proc/{pid}/fd/2"]).stdout
    environment = sorted(set(box.read(f"/proc/{pid}/environ").split("\0")))
    return (line, links, *environment)


def await_engine(box: Box, socket: str = "/run/docker.sock") -> None:
    """Wait until an engine answers on this socket."""
    deadline = time.monotonic() + 30
    while box.run(["docker", "-H", f"unix://{socket}", "version"], check=False).returncode != 0:
        assert time.monotonic() < deadline, box.log()
        time.sleep(0.1)


def test_started_by_hand_it_is_started_again_the_same(patient_box: Box) -> None:
    """Flags with blanks, working directory, environment and output file are those that somebody typed."""
    box = patient_box
    box.stop_dockerd()
    box.run(["sh", "-c", BY_HAND])
    await_engine(box)
    before = started(box)
    faults.inject(box, JOURNALD)
    kit.repair(box)
    assert started(box) == before
    assert set(judge.ports(box).values()) == {"hello", "com"}
    kit.undo(box)
    assert started(box) == before
    assert "journald" in box.read("/etc/docker/daemon.json")


def test_started_by_its_script_it_is_started_again_by_it(patient_box: Box) -> None:
    """The init script's own settings file is repaired, and the engine restarted through the script takes it."""
    box = patient_box
    box.stop_dockerd()
    box.write("/etc/default/docker", 'DOCKER_OPTS="--label of=script --log-driver=journald"\n')
    box.start_dockerd(settings=True)
    assert "logging/driver-hides-files" in kit.ids(box)
    done = kit.repair(box)
    assert "/etc/init.d/docker start" in done.stdout
    assert started(box)[0].split("\0")[:3] == ["dockerd", "--label", "of=script"]
    assert "journald" not in started(box)[0]
    assert kit.planned(box, "--allow", "disruptive") == []


def test_an_engine_on_another_socket(patient_box: Box) -> None:
    """It is asked where it listens, and waited for there: no time-out, no false alarm."""
    box = patient_box
    box.stop_dockerd()
    box.start(["dockerd", "-H", "unix:///run/elsewhere.sock"], log="/var/log/dockerd.log")
    await_engine(box, "/run/elsewhere.sock")
    assert kit.ids(box) == set()
    faults.inject(box, JOURNALD)
    begin = time.monotonic()
    kit.repair(box)
    # One that is waited for in vain costs 60 s.
    assert time.monotonic() - begin < 60
    assert kit.ids(box) == set()


def test_an_engine_that_would_not_start_again_is_not_stopped(patient_box: Box) -> None:
    """A setting that only a person can repair stops the next start: what needs a restart is left, the rest is done."""
    box = patient_box
    box.write("/etc/docker/daemon.json", '{"log-driver": "journald", "labels": ["no equals sign"]}\n')
    faults.inject(box, "forward/runtime-off")
    pids = box.pids("dockerd")
    done = kit.repair(box, code=1)
    assert "before you resolve this" in done.stdout
    assert box.pids("dockerd") == pids
    assert box.read("/proc/sys/net/ipv4/ip_forward") == "1\n"


def test_an_engine_that_ends_at_once_is_reported_at_once(patient_box: Box) -> None:
    """A dockerd that dies as it starts is a failed repair within seconds, with the path of its log, and all is rolled back."""
    box = patient_box
    box.power_loss()
    faults.inject(box, "state/repositories-empty")
    box.write("/etc/init.d/docker", "#!/bin/sh\n# uses $DOCKER_OPTS of /etc/default/docker\nexit 0\n", mode=0o755)
    begin = time.monotonic()
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert time.monotonic() - begin < 60
    assert done.returncode == 4, done.stdout + done.stderr
    assert "the engine did not start" in done.stderr
    assert (box.workdir / "docker/image/overlay2/repositories.json").read_bytes() == b""
