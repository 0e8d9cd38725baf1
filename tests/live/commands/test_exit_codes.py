"""Every documented exit code, reached on a real host by the command line that a person would type."""

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

from doctor.model.exit_code import ExitCode
from tests.hosts import faults, places
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import Completed

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

# Packets from behind a router are dropped outside: forwarding can be repaired, and no container reaches anything.
STRANGE = "table inet strange { chain c { type filter hook input priority 0; ip ttl 63 drop; }; }\n"
FORWARD = "network/ip-forward-off"
HARDENING = "/etc/sysctl.d/99-hardening.conf"


@pytest.fixture(scope="module")
def host(can_box: None) -> Iterator[Box]:
    """One host for all stories, each of which leaves it as it was, but for the last."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        yield box


def code(done: Completed) -> int:
    """The exit code, which a JSON document must hold as well."""
    print(done.stdout, done.stderr)
    if done.stdout.startswith("{"):
        assert json.loads(done.stdout)["exit_code"] == done.returncode
    return done.returncode


def ok(box: Box) -> int:
    """A whole scan without a problem; then nothing to repair; then a repair that is proven, and its undo."""
    assert code(box.doctor("scan", "--format", "json")) == ExitCode.OK
    assert code(box.doctor("fix", "--format", "json")) == ExitCode.OK
    faults.inject(box, "forward/runtime-off")
    assert code(box.doctor("fix", FORWARD, "--apply", "--yes", "--format", "json")) == ExitCode.OK
    assert code(box.doctor("undo", "--yes")) == ExitCode.OK
    box.write("/proc/sys/net/ipv4/ip_forward", "1\n")
    return code(box.doctor("probe", "storage", "--format", "json"))


def found(box: Box) -> int:
    """A problem that nobody has repaired yet, also where it is not shown."""
    box.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    try:
        assert code(box.doctor("scan", "--format", "json")) == ExitCode.FOUND
        assert code(box.doctor("scan", "--since-last", "--format", "json")) == ExitCode.FOUND
        assert code(box.doctor("probe", "egress", "--format", "json")) == ExitCode.FOUND
        return code(box.doctor("fix", "--format", "json"))
    finally:
        box.write("/proc/sys/net/ipv4/ip_forward", "1\n")


def usage(box: Box) -> int:
    """An unknown id, an unknown option, settings that can't be read."""
    assert code(box.doctor("scan", "--select", "network/ip-forwad-off")) == ExitCode.USAGE
    assert code(box.doctor("scan", "--colour", "always")) == ExitCode.USAGE
    box.write("/tmp/doctor.toml", "fail-on = 3\n")
    return code(box.doctor("scan", env={"DOCTOR_CONFIG": "/tmp/doctor.toml"}))


def incomplete(box: Box) -> int:
    """No check is left; without root most can't look."""
    assert code(box.doctor("scan", "--select", "network", "--skip", "network", "-f", "json")) == ExitCode.INCOMPLETE
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent"]
    done = box.run([*nobody, box.doctor_path, "scan", "--format", "json"], check=False)
    return code(done) if done.returncode not in {126, 127} else ExitCode.INCOMPLETE


def rolled_back(box: Box) -> int:
    """The change is made, the proof fails, all of it is undone."""
    faults.inject(box, "forward/file-off")
    box.write("/tmp/ttl.nft", STRANGE)
    box.outside(["nft", "-f", str(box.path("/tmp/ttl.nft"))])
    try:
        return code(box.doctor("fix", "network", "--apply", "--yes", "--format", "json"))
    finally:
        box.outside(["nft", "delete", "table", "inet", "strange"])
        box.run(["rm", "-f", HARDENING])
        box.write("/proc/sys/net/ipv4/ip_forward", "1\n")


def half_done(box: Box) -> int:
    """As before; and while the proof runs, somebody mounts the changed file read-only: it can't be rolled back."""
    faults.inject(box, "forward/file-off")
    box.write("/tmp/ttl.nft", STRANGE)
    box.outside(["nft", "-f", str(box.path("/tmp/ttl.nft"))])
    pin = f"mount --bind {HARDENING} {HARDENING} && mount -o remount,ro,bind {HARDENING}"
    box.start(
        ["sh", "-c", f"while grep -q '^net.ipv4.ip_forward' {HARDENING}; do sleep 0.02; done; {pin}"],
        log="/tmp/pin.log",
    )
    try:
        done = box.doctor("fix", "network", "--apply", "--yes", "--format", "json")
        report = json.loads(done.stdout)
        assert [one["what"] for one in report["half_done"]] == [HARDENING], report["half_done"]
        assert not report["rolled_back"]
        # The rest is as before the repair, and the way on is the one that is named.
        assert box.read("/proc/sys/net/ipv4/ip_forward") == "0\n"
        box.run(["umount", HARDENING])
        assert code(box.doctor("undo", "--yes")) == ExitCode.OK
        assert "ip_forward = 0" in box.read(HARDENING)
        return code(done)
    finally:
        box.outside(["nft", "delete", "table", "inet", "strange"])
        box.run(["umount", HARDENING], check=False)
        box.run(["rm", "-f", HARDENING])
        box.write("/proc/sys/net/ipv4/ip_forward", "1\n")


def refused(box: Box) -> int:
    """More risk than is allowed; nobody to ask; a repair that there is not."""
    box.write("/proc/sys/net/ipv4/ip_forward", "0\n")
    assert code(box.doctor("fix", FORWARD, "--apply")) == ExitCode.REFUSED
    box.write("/proc/sys/net/ipv4/ip_forward", "1\n")
    faults.inject(box, "logging/daemon-json-journald")
    assert code(box.doctor("fix", "--apply", "--yes", "--format", "json")) == ExitCode.REFUSED
    box.run(["rm", "-f", "/etc/docker/daemon.json"])
    return code(box.doctor("undo", "--yes"))


def start_stopped(box: Box) -> int:
    """A start of the engine that would delete a layer, before which the guard stands."""
    box.power_loss()
    record = next(path for path in places.records(box.data_root) if (path / "cache-id").exists())
    shutil.copytree(record, record.with_name(f"{record.name}-1234567-removing"))
    return code(box.doctor("guard"))


STORIES: dict[ExitCode, Callable[[Box], int]] = {
    ExitCode.OK: ok,
    ExitCode.FOUND: found,
    ExitCode.USAGE: usage,
    ExitCode.INCOMPLETE: incomplete,
    ExitCode.ROLLED_BACK: rolled_back,
    ExitCode.REFUSED: refused,
    ExitCode.HALF_DONE: half_done,
    ExitCode.START_STOPPED: start_stopped,
}


@pytest.mark.parametrize("wanted", STORIES, ids=lambda wanted: f"{int(wanted)}-{wanted.name}")
def test_it_is_reached(host: Box, wanted: ExitCode) -> None:
    assert STORIES[wanted](host) == wanted


def test_every_code_has_a_story() -> None:
    assert set(STORIES) == set(ExitCode)
