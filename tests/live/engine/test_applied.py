"""Settings of the file against those that a real engine shows: none is guessed, none is missed."""

import json

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

FILE = "/etc/docker/daemon.json"
SHOWN = {
    "bip": "10.66.1.1/24",
    "debug": True,
    "default-runtime": "x",
    "exec-opts": ["native.cgroupdriver=cgroupfs"],
    "experimental": True,
    "icc": False,
    "insecure-registries": ["reg.example:5000", "10.0.0.0/8", "http://r2.example"],
    "labels": ["a=b"],
    "log-driver": "local",
    "mtu": 1400,
    "no-new-privileges": True,
    "proxies": {"http-proxy": "http://me:hunter2@127.0.0.1:3128", "no-proxy": "a"},
    "registry-mirrors": ["https://m.example"],
    "runtimes": {"x": {"path": "/usr/sbin/runc"}},
    "seccomp-profile": "unconfined",
}
UNSHOWN = {"dns": ["9.9.9.9"], "log-level": "info", "max-concurrent-downloads": 2}


def found(box: Box) -> tuple[set[str], str]:
    """The settings that the check names, and the whole report."""
    done = box.doctor("scan", "--select", "config/not-applied", "--format", "json")
    return {one["subject"]["name"] for one in json.loads(done.stdout)["findings"]}, done.stdout


def test_each_setting_that_the_engine_shows_is_compared(box: Box) -> None:
    """A file with an old time, as a backup has it: every difference is found, and none is left after a restart."""
    assert found(box)[0] == set()
    box.write(FILE, json.dumps(SHOWN | UNSHOWN))
    box.run(["touch", "-d", "2020-01-01", FILE])
    keys, report = found(box)
    # The cgroup driver is the default, so the engine runs with it already.
    assert keys == (SHOWN.keys() | {"http-proxy", "no-proxy"}) - {"proxies", "exec-opts"}
    assert "hunter2" not in report
    box.stop_dockerd()
    box.start_dockerd()
    assert found(box)[0] == set()
