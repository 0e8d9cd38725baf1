"""A dead, silent or crippled engine on a real host."""

import json
import signal

import pytest

from tests.hosts import faults
from tests.hosts.box import Box
from tests.hosts.systemd import SystemdHost

pytestmark = pytest.mark.live

AREA = "engine"


def findings(box: Box, area: str = AREA) -> dict[str, str]:
    """Id → severity of what a scan finds, what is only worth knowing left out."""
    done = box.doctor("scan", "--select", area, "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return {finding["id"]: finding["severity"] for finding in found if finding["severity"] != "info"}


def test_a_killed_engine_is_started_as_it_was(bare_box: Box) -> None:
    """Started by the init script and killed: found, started by the script again, with its options; undo stops it."""
    box = bare_box
    box.write("/etc/default/docker", "DOCKER_OPTS='--label=rack=4'\n")
    pid = box.start_dockerd(settings=True)
    assert findings(box) == {}
    box.run(["kill", "-9", str(pid)])
    assert findings(box) == {"engine/down": "critical"}
    done = box.doctor("fix", AREA, "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(box.docker("info", "--format", "{{json .Labels}}")) == ["rack=4"]
    assert findings(box) == {}
    assert box.doctor("undo", "--yes").returncode == 0
    assert not box.engine_answers()


def test_what_ends_with_the_engine_is_no_second_problem(patient_box: Box) -> None:
    """Each docker-proxy dies with a killed dockerd: ways through them end, and the engine is the one cause."""
    box = patient_box
    box.run(["kill", "-9", str(box.pids("dockerd")[0])])
    done = json.loads(box.doctor("scan", "--format", "json").stdout)
    assert [one["id"] for one in done["findings"] if one["severity"] != "info"] == ["engine/down"]


def test_an_engine_started_by_hand_is_restarted_by_its_own_command_line(box: Box) -> None:
    """A setting that needs a restart: dockerd is started again with its flags, log and directory."""
    box.stop_dockerd()
    box.start_dockerd("--label=by=hand", "--debug")
    old = box.pids("dockerd")
    box.write("/etc/docker/daemon.json", '{"log-driver": "journald"}\n')
    done = box.doctor("fix", "logging", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 0, done.stdout + done.stderr
    new = box.pids("dockerd")
    assert new != old
    info = json.loads(box.docker("info", "--format", "{{json .}}"))
    assert (info["Labels"], info["Debug"], info["LoggingDriver"]) == (["by=hand"], True, "json-file")
    assert box.path(f"/proc/{new[0]}/fd/1").readlink().name == "dockerd.log"


def test_a_running_engine_whose_socket_lost_its_path(box: Box) -> None:
    """A directory in the socket's place, moved away: only a restart gives the listening engine its path again."""
    faults.inject(box, "state/socket-directory", seed=1)
    old = box.pids("dockerd")
    safe = box.doctor("fix", "--apply", "--yes")
    assert safe.returncode == 1, safe.stdout + safe.stderr
    assert findings(box)["engine/socket-lost"] == "critical"
    done = box.doctor("fix", AREA, "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.engine_answers()
    assert box.pids("dockerd") != old
    assert findings(box) == {}


def test_a_socket_path_that_another_program_has_bound(box: Box) -> None:
    """Its own socket listens on, and clients reach the other: the kernel's own diagnosis shows which is which."""
    program = (
        "import socket, time; s = socket.socket(socket.AF_UNIX); s.bind('/run/docker.sock'); s.listen(); time.sleep(99)"
    )
    box.run(["rm", "/run/docker.sock"])
    box.start(["python3", "-c", program])
    box.run(["sh", "-c", "until [ -S /run/docker.sock ]; do sleep 0.1; done"])
    assert findings(box) == {"engine/socket-lost": "critical"}


def test_a_silent_engine_costs_seconds(box: Box) -> None:
    """A stopped process accepts and never answers: the scan ends in time and says so, and is incomplete."""
    pid = box.pids("dockerd")[0]
    box.run(["kill", "-STOP", str(pid)])
    try:
        done = box.doctor("scan", "--select", AREA, timeout=30)
        print(done.stdout)
        assert "no answer to GET /version" in done.stdout
        assert done.returncode in {1, 3}
    finally:
        box.run(["kill", f"-{signal.SIGCONT.value}", str(pid)])


def test_missing_programs(box: Box) -> None:
    """Without runc no container starts, though the engine answers."""
    box.run(["sh", "-c", "mv $(command -v runc) /root/runc"])
    assert findings(box) == {"engine/runtime-missing": "critical"}
    box.run(["sh", "-c", "mv $(command -v docker-proxy) /root/docker-proxy"])
    assert set(findings(box)) == {"engine/runtime-missing", "engine/docker-proxy-missing"}


def test_an_engine_whose_program_is_gone(bare_box: Box) -> None:
    """The package is installed, and nothing of the engine answers: that is not a host without one."""
    box = bare_box
    box.run(["sh", "-c", "mv $(command -v dockerd) /root/dockerd"])
    assert findings(box) == {"engine/program-missing": "critical"}
    done = box.doctor("scan", "--select", AREA)
    assert done.returncode == 1
    assert "apt-get install --reinstall" in box.doctor("fix", AREA).stdout


def test_an_open_socket_is_closed(box: Box) -> None:
    """A mode of 666 is repaired without a restart, and undone to the bit."""
    box.run(["chmod", "666", "/run/docker.sock"])
    pid = box.pids("dockerd")
    assert findings(box, "security") == {"security/socket-open": "error"}
    done = box.doctor("fix", "security", "--apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.run(["stat", "-c", "%a", "/run/docker.sock"]).stdout.strip() == "660"
    assert box.pids("dockerd") == pid
    assert box.doctor("undo", "--yes").returncode == 0
    assert box.run(["stat", "-c", "%a", "/run/docker.sock"]).stdout.strip() == "666"


OVERRIDE = "/etc/systemd/system/docker.service.d/override.conf"


def active(host: SystemdHost) -> list[str]:
    """Return the state of the engine's service and socket in systemd."""
    return host.run(["systemctl", "is-active", "docker.service", "docker.socket"], check=False).stdout.split()


def test_a_drop_in_that_systemd_refuses(systemd_host: SystemdHost) -> None:
    """A second ExecStart= under a running engine: the empty line is put in, systemd reads it, and nothing restarts."""
    host = systemd_host
    host.write(OVERRIDE, "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// --label=from=drop-in\n")
    host.run(["systemctl", "daemon-reload"])
    assert "bad unit file setting" in host.run(["systemctl", "restart", "docker"], check=False).stderr
    pid = host.pids("dockerd")
    assert findings(host, "config") == {"config/dropin-execstart": "critical"}
    done = host.doctor("fix", "config", "--apply", "--yes")
    print(done.stdout, done.stderr)
    assert host.pids("dockerd") == pid
    assert findings(host, "config") == {}
    host.run(["systemctl", "restart", "docker"])
    assert json.loads(host.docker("info", "--format", "{{json .Labels}}")) == ["from=drop-in"]


def test_hosts_beside_the_packaged_unit(systemd_host: SystemdHost) -> None:
    """The key hosts in daemon.json and -H fd:// of the package: a drop-in leaves the flag out, systemd starts the engine."""
    host = systemd_host
    unit = host.read("/usr/lib/systemd/system/docker.service")
    host.write("/etc/docker/daemon.json", '{"hosts": ["tcp://127.0.0.1:2375"]}\n')
    assert host.run(["systemctl", "restart", "docker"], check=False).returncode != 0
    host.run(["sh", "-c", "until systemctl is-failed -q docker; do sleep 0.2; done"])
    found = findings(host, "config,engine")
    assert set(found) >= {"config/flag-file-conflict", "engine/down", "engine/start-failure"}
    done = host.doctor("fix", "config", "engine", "--apply", "--yes")
    print(done.stdout, done.stderr)
    assert active(host) == ["active", "active"]
    assert host.run(["docker", "-H", "tcp://127.0.0.1:2375", "info"], check=False).returncode == 0
    assert host.read("/usr/lib/systemd/system/docker.service") == unit
    assert findings(host, "config,engine") == {}


def test_systemd_restarts_what_it_owns(systemd_host: SystemdHost) -> None:
    """A repair that needs a restart goes through systemd, and so does its undo; the socket is not left behind."""
    host = systemd_host
    host.write(OVERRIDE, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --log-driver=jsonfile\n")
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "restart", "docker"])
    done = host.doctor("fix", "logging", "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout, done.stderr)
    assert host.docker("info", "--format", "{{.LoggingDriver}}").strip() == "json-file"
    assert active(host) == ["active", "active"]
    undo = host.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert active(host) == ["active", "active"]
    assert host.docker("info", "--format", "{{.LoggingDriver}}").strip() == "jsonfile"
