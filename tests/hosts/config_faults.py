"""Faults of the engine's settings: the storage driver, the logging driver, and daemon.json itself."""

import json
from random import Random
from typing import Any

from tests.hosts.box import Box
from tests.hosts.fault import fault

DAEMON_JSON = "/etc/docker/daemon.json"
SYSCONFIG = "/etc/sysconfig/docker"
DEFAULT = "/etc/default/docker"


def set_daemon_json(box: Box, settings: dict[str, Any]) -> str:
    """Add settings to daemon.json; returns them as text."""
    old = json.loads(box.read(DAEMON_JSON)) if box.exists(DAEMON_JSON) else {}
    box.write(DAEMON_JSON, json.dumps(old | settings, indent=4) + "\n")
    return f"{DAEMON_JSON}: {json.dumps(settings)}"


_SETTINGS: dict[str, dict[str, Any]] = {
    "config/storage-driver-removed": {"storage-driver": "devicemapper"},
    "config/storage-driver-aufs": {"storage-driver": "aufs"},
    "config/storage-driver-unsupported": {"storage-driver": "zfs"},
    "config/storage-driver-changed": {"storage-driver": "vfs"},
    "config/override-kernel-check": {
        "storage-driver": "overlay2",
        "storage-opts": ["overlay2.override_kernel_check=true"],
    },
    "config/graph": {"graph": "/var/lib/docker"},
    "config/log-opts-number": {"log-driver": "json-file", "log-opts": {"max-size": 10}},
    "config/log-opts-unknown": {"log-driver": "json-file", "log-opts": {"max-filesize": "10m"}},
    "config/unknown-key": {"storage_driver": "overlay2"},
    "config/iptables-off": {"iptables": False},
    "config/ip-forward-off": {"ip-forward": False},
    "config/bip-host-address": {"bip": "172.17.0.0/16"},
    "logging/daemon-json-journald": {"log-driver": "journald"},
    "logging/daemon-json-unknown": {"log-driver": "fluent"},
    "logging/daemon-json-unreachable": {
        "log-driver": "fluentd",
        "log-opts": {"fluentd-address": "198.51.100.2:24224", "cache-disabled": "true"},
    },
}


def _register() -> None:
    for name, settings in _SETTINGS.items():

        def change(box: Box, random: Random, settings: dict[str, Any] = settings) -> str:
            return set_daemon_json(box, settings)

        fault(name)(change)


_register()


@fault("config/daemon-json-syntax")
def daemon_json_syntax(box: Box, random: Random) -> str:
    """A comma or brace too many or too few, as hand editing leaves it."""
    good = '{\n    "log-driver": "json-file",\n    "live-restore": true,\n    "labels": ["rack=4"]\n}\n'
    broken = random.choice(
        [
            good.replace("]\n}", "],\n}"),
            good.replace("true,", "true"),
            good.replace("\n}\n", "\n"),
            good.replace('"', "'"),
        ]
    )
    box.write(DAEMON_JSON, broken)
    return f"{DAEMON_JSON}: {broken!r}"


@fault("config/daemon-json-empty")
def daemon_json_empty(box: Box, random: Random) -> str:
    """The file was being written when the power went."""
    box.write(DAEMON_JSON, "")
    return f"{DAEMON_JSON}: empty"


@fault("config/flag-and-file")
def flag_and_file(box: Box, random: Random) -> str:
    """One setting both as a flag and in daemon.json: dockerd refuses to start."""
    box.write(SYSCONFIG, "OPTIONS='--log-driver=json-file'\n")
    return f"{SYSCONFIG}: --log-driver=json-file; {set_daemon_json(box, {'log-driver': 'local'})}"


@fault("logging/sysconfig-journald")
def sysconfig_journald(box: Box, random: Random) -> str:
    """Red Hat's old default, kept over updates: kubelet and `docker logs` without a journal read nothing."""
    line = "OPTIONS='--selinux-enabled=false --log-driver=journald --label=rack=4'"
    text = f"# /etc/sysconfig/docker\n\n# Modify these options if you want to change the way the docker daemon runs\n{line}\n"
    box.write(SYSCONFIG, text)
    return f"{SYSCONFIG}: --log-driver=journald"


@fault("logging/default-journald")
def default_journald(box: Box, random: Random) -> str:
    """The same on Debian, in /etc/default/docker."""
    box.write(DEFAULT, '# Docker SysVinit configuration file\n\nDOCKER_OPTS="--log-driver journald --label rack=4"\n')
    return f"{DEFAULT}: --log-driver journald"


@fault("logging/container-journald")
def container_journald(box: Box, random: Random) -> str:
    """One container was made with a driver of its own."""
    name = f"logs-{random.randrange(1000)}"
    box.docker("create", "--log-driver", "journald", "--name", name, "bb:1", "true")
    return f"container {name} has --log-driver journald"
