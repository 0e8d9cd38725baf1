"""The incident that doctor was made for: a logging driver that hides files, set in a file that the engine's starter reads.

Each repair of a running engine is tried as it runs: as a systemd unit, by an init script, by hand.
"""

import json
from collections.abc import Iterator

import pytest

from tests.hosts import judge
from tests.hosts.box import Box
from tests.hosts.inits.managed import kubelet
from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost, why_no_systemd
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SYSCONFIG = "/etc/sysconfig/docker"
OPTIONS = """# /etc/sysconfig/docker

# Modify these options if you want to change the way the docker daemon runs
OPTIONS='--selinux-enabled=false --log-driver=journald --label=rack=4'
"""
UNIT = """[Service]
EnvironmentFile=-/etc/sysconfig/docker
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// $OPTIONS
"""


@pytest.fixture(params=["systemd", "sysv", "hand"])
def incident(request: pytest.FixtureRequest, can_box: None) -> Iterator[Box]:
    """A host whose dockerd runs with --log-driver=journald, started in one of three ways, beside a kubelet."""
    how = request.param
    if how == "systemd":
        reason = why_no_systemd()
        if reason:
            pytest.skip(reason)
        with SystemdHost(data_root=patient()) as host:
            kubelet(host)
            host.write(SYSCONFIG, OPTIONS)
            host.write("/etc/systemd/system/docker.service.d/override.conf", UNIT)
            host.run(["systemctl", "daemon-reload"])
            host.run(["systemctl", "restart", "docker"])
            yield host
        return
    with Box(data_root=patient()) as box:
        kubelet(box)
        if how == "sysv":
            box.write(SYSCONFIG, OPTIONS)
            box.start_dockerd(settings=True)
        else:
            box.write("/etc/docker/daemon.json", json.dumps({"log-driver": "journald"}))
            box.start_dockerd("--label=rack=4")
        yield box


def driver(host: Box) -> str:
    """The logging driver that the engine runs with."""
    return host.docker("info", "-f", "{{.LoggingDriver}}")


def test_the_driver_is_changed_where_it_stands(incident: Box) -> None:
    """Found, repaired, restarted as it was started, with its other options; a second plan is empty, and undo restores it."""
    host = incident
    assert driver(host) == "journald"
    etc = kit.files(host, "/etc/docker", "/etc/default") | kit.files(host, "/etc/sysconfig")
    assert "logging/driver-hides-files" in kit.ids(host)
    done = host.doctor("fix", "logging", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert driver(host) == "json-file", done.stdout
    assert host.docker("info", "-f", "{{.Labels}}") == "[rack=4]"
    assert set(judge.ports(host, patience=10).values()) == {"hello", "com"}
    assert "logging/driver-hides-files" not in kit.ids(host)
    assert kit.planned(host, "logging", "--allow", "disruptive") == []
    host.docker("run", "-d", "--name", "later", "--network", "none", "bb:1", "echo", "readable")
    assert host.docker("logs", "later") == "readable"
    kit.undo(host)
    assert driver(host) == "journald"
    assert kit.files(host, "/etc/docker", "/etc/default") | kit.files(host, "/etc/sysconfig") == etc
