"""Logging drivers that hide or lose what containers write: set by their real means, judged by the real engine."""

import json

import pytest

from tests.hosts import faults
from tests.hosts.box import Box

pytestmark = pytest.mark.live

AREA = "logging"
SYSCONFIG = "/etc/sysconfig/docker"
DEFAULT = "/etc/default/docker"
DAEMON_JSON = "/etc/docker/daemon.json"
HIDES = "logging/driver-hides-files"


def findings(box: Box, *select: str) -> dict[str, str]:
    """Id → severity of what a scan finds, what is only worth knowing left out."""
    done = box.doctor("scan", "--select", ",".join(select or (AREA,)), "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return {finding["id"]: finding["severity"] for finding in found if finding["severity"] != "info"}


def repaired(box: Box, *ids: str) -> None:
    """Apply the plan for these checks; the engine may restart."""
    done = box.doctor("fix", *ids, "--apply", "--yes", "--allow", "disruptive")
    print(done.stdout, done.stderr)
    assert done.returncode == 0


def written_log(box: Box, name: str) -> list[str]:
    """Run a container that says one line, and return the lines of its log file as a reader of files sees them."""
    box.docker("run", "--name", name, "bb:1", "echo", f"hello from {name}")
    path = box.docker("inspect", "--format", "{{.LogPath}}", name).strip()
    return [json.loads(line)["log"] for line in box.read(path).splitlines()] if path else []


@pytest.fixture
def configured(patient_box: Box) -> Box:
    """The patient with its engine stopped, to be started by the init script, which reads the options files."""
    patient_box.stop_dockerd()
    return patient_box


@pytest.mark.parametrize(
    ("fault", "file"), [("logging/sysconfig-journald", SYSCONFIG), ("logging/default-journald", DEFAULT)]
)
def test_journald_in_an_options_file(configured: Box, fault: str, file: str) -> None:
    """No container starts; the one word is changed where it stands, the engine restarts, new containers log to files."""
    box = configured
    faults.inject(box, fault, seed=1)
    broken = box.read(file)
    box.start_dockerd(settings=True)
    refused = box.run(["docker", "run", "--rm", "bb:1", "true"], check=False)
    assert "journald is not enabled" in refused.stderr

    before = box.doctor("scan", "--select", AREA)
    print(before.stdout)
    assert before.returncode == 1
    assert findings(box)[HIDES] == "error"

    repaired(box, AREA)
    assert box.read(file) == broken.replace("journald", "json-file")
    assert json.loads(box.read(DAEMON_JSON)) == {"log-opts": {"max-size": "10m", "max-file": "3"}}
    assert written_log(box, "said") == ["hello from said\n"]
    config = json.loads(box.docker("inspect", "--format", "{{json .HostConfig.LogConfig}}", "said"))
    assert config == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert box.doctor("scan", "--select", AREA).returncode == 0
    assert json.loads(box.doctor("fix", AREA, "--format", "json").stdout)["actions"] == []

    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert box.read(file) == broken
    assert not box.exists(DAEMON_JSON)
    assert "journald is not enabled" in box.run(["docker", "run", "--rm", "bb:1", "true"], check=False).stderr


def test_options_of_the_old_driver_keep_the_engine_down(configured: Box) -> None:
    """The driver by OPTIONS, rotation in daemon.json: dockerd ends with "unknown log opt"; one repair settles both."""
    box = configured
    box.write(SYSCONFIG, "OPTIONS='--log-driver=journald'\n")
    box.write(DAEMON_JSON, '{\n    "log-opts": {"max-size": "20m"}\n}\n')
    box.start_dockerd(settings=True, wait=False)
    box.run(["sh", "-c", "for i in $(seq 100); do pidof dockerd >/dev/null || exit 0; sleep 0.1; done; exit 1"])
    assert "unknown log opt 'max-size' for journald" in box.log()

    found = findings(box, AREA, "engine")
    assert found["logging/unknown-option"] == "critical"
    assert found["engine/down"] == "critical"
    repaired(box, "logging", "engine")
    assert box.read(SYSCONFIG) == "OPTIONS='--log-driver=json-file'\n"
    assert written_log(box, "said") == ["hello from said\n"]
    assert findings(box, AREA, "engine") == {}


def test_none_in_daemon_json(configured: Box) -> None:
    """`docker logs` shows nothing, as the administrator chose: a remark, and no test of logs."""
    box = configured
    box.write(DAEMON_JSON, '{"log-driver": "none"}\n')
    box.start_dockerd()
    box.docker("run", "--name", "mute", "bb:1", "echo", "lost")
    assert "does not support reading" in box.run(["docker", "logs", "mute"], check=False).stderr

    assert findings(box) == {}
    assert HIDES in (shown := box.doctor("scan", "--select", AREA, "-v").stdout)
    assert "mute" in shown
    assert "the settings keep no logs" in box.doctor("probe", "logs").stdout


def test_a_driver_that_does_not_exist(configured: Box) -> None:
    """The engine starts, no container does; the spelling is corrected."""
    box = configured
    box.write(DAEMON_JSON, '{"log-driver": "jsonfile"}\n')
    box.start_dockerd()
    assert findings(box) == {"logging/unknown-driver": "error"}
    repaired(box, AREA)
    assert written_log(box, "said") == ["hello from said\n"]


def test_a_deleted_log_is_named_with_its_container(patient_box: Box) -> None:
    """Somebody removed the log of a running container: dockerd still writes to the deleted file."""
    box = patient_box
    box.docker("run", "-d", "--name", "chatty", "bb:1", "sh", "-c", "while :; do echo x; sleep 0.1; done")
    path = box.docker("inspect", "--format", "{{.LogPath}}", "chatty").strip()
    box.run(["sh", "-c", f"while ! [ -s {path} ]; do sleep 0.05; done; rm {path}"])
    done = box.doctor("scan", "--select", "logging/log-missing")
    assert done.returncode == 1
    assert "chatty" in done.stdout
