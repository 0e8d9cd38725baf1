"""The ladder of starts: the kernel and the host's runtime, each broken for real; docker itself is the judge."""

import json
import time
from pathlib import Path

import pytest

from tests.hosts.box import Box
from tests.live.network.probe_kit import probe

pytestmark = pytest.mark.live

RUNC = "/usr/sbin/runc"
LEFT = """
ls -d /run/doctor-start/*
find /sys/fs/cgroup -maxdepth 4 -name 'doctor-????????????'
pgrep -fa '[d]octor-start/doctor-'
docker ps -aq --filter label=io.doctor.probe
true
"""


def put(box: Box, content: bytes) -> None:
    """Replace runc, as an upgrade does: a process that runs keeps the old file."""
    new = box.path(f"{RUNC}.new")
    new.write_bytes(content)
    new.chmod(0o755)
    new.rename(box.path(RUNC))


def works(box: Box) -> bool:
    return box.run(["docker", "run", "--rm", "bb:1", "true"], check=False).returncode == 0


def found(box: Box) -> dict[str, str]:
    """Id → message of what a plain scan finds."""
    done = box.doctor("scan", "--format", "json")
    return {one["id"]: one["message"] for one in json.loads(done.stdout)["findings"] if one["severity"] != "info"}


def test_a_runtime_that_can_not_be_executed(box: Box) -> None:
    """Found by a scan alone, with the file, the fault and the package; the probe agrees, and names it as its cause."""
    box.load_images()
    whole = box.path(RUNC).read_bytes()
    assert works(box)
    put(box, whole[: len(whole) - 65536])
    assert not works(box)
    assert f"{RUNC} can't be run (truncated: it has" in found(box)["engine/runtime-missing"]
    put(box, b"404: Not Found\n")
    assert not works(box)
    tried = json.loads(box.doctor("scan", "--probe", "--format", "json").stdout)["findings"]
    by_id = {one["id"]: one for one in tried if one["severity"] != "info"}
    cause, failed = by_id["engine/runtime-missing"], by_id["probe/start-failed"]
    assert failed["causes"] == [cause["fingerprint"]]
    assert f"the host's runtime runc can't start a container: {RUNC}: not a program" in failed["message"]
    assert "--reinstall runc" in cause["fix"]["summary"]
    put(box, whole)
    _without_library(box)
    assert works(box)
    assert found(box) == {}


def _without_library(box: Box) -> None:
    """The advice is the package of the library, not the runtime's."""
    library = Path(box.run(["sh", "-c", "ls /usr/lib/*/libseccomp.so.2"]).stdout.strip())
    box.run(["sh", "-c", f"mkdir /root/kept; mv {library}* /root/kept"])
    assert not works(box)
    assert "its library libseccomp.so.2 is missing" in found(box)["engine/runtime-missing"]
    tried = probe(box, "start")
    assert "its library libseccomp.so.2 is missing; to do: apt-get install --reinstall libseccomp2" in tried.said(
        "start"
    )
    box.run(["sh", "-c", f"mv /root/kept/* {library.parent}"])


def test_a_part_that_a_setting_decides(box: Box) -> None:
    """A seccomp profile that allows nothing is valid: only a start shows it, and a start without it names it."""
    box.load_images()
    profile = "/etc/docker/seccomp.json"
    box.write("/etc/docker/daemon.json", json.dumps({"seccomp-profile": profile}))
    box.write(profile, '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}')
    box.stop_dockerd()
    box.start_dockerd()
    assert not works(box)
    tried = probe(box, "start")
    assert tried.named("fail") == {"start"}
    assert f"without the seccomp profile {profile} it can" in tried.said("start")
    box.write(profile, "{")
    assert "seccomp.json: it is not valid JSON" in found(box)["config/invalid-value"]


def test_killed_in_the_middle_the_next_one_removes_everything(box: Box) -> None:
    """The runtime is slow, and both doctor and the keeper of its rungs are killed; doctor alone leaves nothing at all."""
    box.load_images()
    box.run(["mv", RUNC, f"{RUNC}.real"])
    put(box, f'#!/bin/sh\ncase "$*" in *" run "*|*" create "*) sleep 2;; esac\nexec {RUNC}.real "$@"\n'.encode())
    _kill(box, "$me")
    assert left(box, until_s=20) == ""
    _kill(box, '$me $(pgrep -f "[d]octor/runtime/__main__.py rungs")')
    assert "/run/doctor-start/doctor-" in left(box)
    put(box, box.path(f"{RUNC}.real").read_bytes())
    assert probe(box, "start").named("pass") == {"start"}
    # A shim whose caller was killed may write once more after that; what is a minute old is removed by the next run.
    box.run(["sh", "-c", "touch -d '2 minutes ago' /run/doctor-start/doctor-*; true"])
    assert probe(box, "start").named("pass") == {"start"}
    assert left(box) == ""


def _kill(box: Box, killed: str) -> None:
    """Kill them once each rung has its directory."""
    wait = "until [ $(ls -d /run/doctor-start/doctor-* 2>/dev/null | wc -l) -ge 3 ]; do sleep 0.02; done; sleep 0.5"
    box.run(["sh", "-c", f"{box.doctor_path} probe start >/dev/null 2>&1 & me=$!; {wait}; kill -9 {killed}; true"])


def left(box: Box, *, until_s: float = 0.0) -> str:
    """The things that rungs left, if they are still there after some seconds."""
    end = time.monotonic() + until_s
    while (found := box.run(["sh", "-c", LEFT]).stdout) and time.monotonic() < end:
        time.sleep(0.2)
    return found
