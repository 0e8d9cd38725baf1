"""Units that systemd does not start or that nobody accepts for, on a booted host: found by their word, and repaired."""

import base64
import json
import zlib
from collections.abc import Iterator

import pytest

from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

UNITS = ("docker.service", "docker.socket")
OVERRIDE = "/etc/systemd/system/docker.service.d/override.conf"
SOCKET = "/run/docker.sock"
CONTROLLERS = "cgroups/controller-missing"


@pytest.fixture(scope="module")
def host() -> Iterator[SystemdHost]:
    """A booted Debian whose dockerd is an enabled unit and runs the patient; each test leaves it as it was."""
    reason = why_no_systemd()
    if reason:
        pytest.skip(reason)
    with SystemdHost(data_root=patient()) as made:
        yield made


def ids(host: SystemdHost) -> set[str]:
    """Return what a scan finds, but for the host's own lack."""
    return kit.ids(host) - {CONTROLLERS}


def restart(host: SystemdHost) -> None:
    """Start the engine with its units as they are now, however often that was done before."""
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "reset-failed", *UNITS], check=False)
    host.run(["systemctl", "restart", "docker.socket", "docker"])
    host.run(["systemctl", "reset-failed", *UNITS], check=False)


def test_masked_units_are_found_by_that_word(host: SystemdHost) -> None:
    """/dev/null has mode 0666, and no file is blamed for it; the answer to the question unmasks and starts, undo masks again."""
    host.run(["systemctl", "stop", *UNITS])
    host.run(["systemctl", "mask", *UNITS])
    refused = host.run(["systemctl", "start", "docker.service"], check=False)
    explained = host.doctor("explain", refused.stderr)
    assert explained.returncode == 0
    assert "engine/unit-masked" in explained.stdout
    assert ids(host) == {"engine/unit-masked"}

    choices = [word for unit in UNITS for word in ("--choose", f"engine/unit-masked:{unit}=unmask")]
    fix = host.doctor("fix", "--apply", "--yes", *choices)
    print(fix.stdout, fix.stderr)
    assert ids(host) == set()
    assert host.engine_answers()

    undo = host.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert ids(host) == {"engine/unit-masked"}
    assert host.run(["readlink", "/etc/systemd/system/docker.service"]).stdout.strip() == "/dev/null"
    host.run(["systemctl", "unmask", *UNITS])
    restart(host)


def test_a_socket_that_nobody_accepts_on_is_found(host: SystemdHost) -> None:
    """The engine listens on TCP alone and docker.socket is active: docker ps hangs, and following the advice ends that."""
    host.write(OVERRIDE, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H tcp://127.0.0.1:2375\n")
    restart(host)
    assert host.run(["timeout", "4", "docker", "ps"], check=False).returncode == 124
    assert ids(host) == {"engine/socket-unserved", "security/tcp-exposed"}

    host.write(OVERRIDE, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://127.0.0.1:2375\n")
    restart(host)
    assert ids(host) == {"security/tcp-exposed"}
    host.run(["rm", "-r", "/etc/systemd/system/docker.service.d"])
    restart(host)


def test_a_socket_closed_to_its_group_is_opened_to_it(host: SystemdHost) -> None:
    """A member gets permission denied; group and mode are restored as docker.socket says, and undo closes it again."""
    host.run(["useradd", "-G", "docker", "anna"])
    member = ["setpriv", "--reuid=anna", "--regid=anna", "--init-groups", "docker", "ps", "-q"]
    assert host.run(member, check=False).returncode == 0
    host.run(["chown", "root:root", SOCKET])
    host.run(["chmod", "600", SOCKET])
    assert host.run(member, check=False).returncode != 0
    assert ids(host) == {"engine/socket-closed"}
    fix = host.doctor("fix", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert host.run(member, check=False).returncode == 0
    assert ids(host) == set()
    assert host.doctor("undo", "--yes").returncode == 0
    assert host.run(["stat", "-c", "%a %U:%G", SOCKET]).stdout.strip() == "600 root:root"
    host.run(["chown", "root:docker", SOCKET])
    host.run(["chmod", "660", SOCKET])


def test_a_lost_group_is_the_cause_and_no_start_is_tried(host: SystemdHost) -> None:
    """docker.socket fails with 216/GROUP: doctor names the command, starts nothing that fails, and starts it afterwards."""
    host.run(["groupdel", "docker"])
    assert "engine/socket-group-missing" in ids(host)
    host.run(["systemctl", "stop", *UNITS])
    assert host.run(["systemctl", "start", "docker.service"], check=False).returncode != 0
    assert ids(host) == {"engine/socket-group-missing", "engine/down", "engine/unit-failure"}
    fix = host.doctor("fix", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 1

    found = host.doctor("scan", "--select", "engine", "--format", "json").stdout
    advice = next(one["fix"] for one in json.loads(found)["findings"] if one["id"] == "engine/socket-group-missing")
    host.run(["sh", "-ec", advice["summary"].partition(";")[0]])
    fix = host.doctor("fix", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert host.engine_answers()
    assert ids(host) == set()


def test_the_log_of_a_stopped_engine_has_no_line_of_a_container(host: SystemdHost) -> None:
    """With the driver journald they stand under the engine's unit, too; a bundle has the lines of the engine and of systemd."""
    host.docker("run", "--log-driver", "journald", "--name", "talker", "bb:1", "echo", "login bob hunter2")
    host.docker("rm", "talker")
    host.run(["systemctl", "stop", *UNITS])
    assert "login bob hunter2" in host.journal("docker")
    try:
        bundle = host.run(["sh", "-c", f"{host.doctor_path} bundle -o - | base64"]).stdout
    finally:
        restart(host)
    content = zlib.decompress(base64.b64decode(bundle), 31)
    assert b"Starting up" in content
    assert b"Deactivated successfully" in content
    assert b"hunter2" not in content
