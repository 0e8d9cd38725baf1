"""Things that the next start of an engine opens and that are closed now, by its settings file and its flags."""

import json
from typing import Any

import pytest

from doctor.collect.config.engine import flattened
from doctor.facts.config.engine import DaemonJson, EngineConfig, EngineFlags, GivenFlag
from doctor.facts.config.exposure import exposure
from doctor.model.paths import HostPath

PATH = HostPath("/etc/docker/daemon.json")
TCP = "tcp://0.0.0.0:2375"
LOCAL = "unix:///var/run/docker.sock"


def config(file: dict[str, Any] | str, *flags: tuple[str, str, str]) -> EngineConfig:
    """The settings of a file, or of a broken file's text, and of the next start's flags (name, key, value)."""
    given = tuple(GivenFlag(name=name, key=key, value=value) for name, key, value in flags)
    text = file if isinstance(file, str) else json.dumps(file)
    found = DaemonJson(
        path=PATH,
        exists=True,
        content=text.encode(),
        value={} if isinstance(file, str) else flattened(file),
        problem="broken" if isinstance(file, str) else "",
    )
    return EngineConfig(json=found, flags=EngineFlags(launcher="sysv", configured=given))


HOST = ("host", "hosts", LOCAL)
HOST_TCP = ("host", "hosts", TCP)
OPENS = [
    pytest.param(
        config({"hosts": [LOCAL, TCP]}, HOST), config({"hosts": [LOCAL, TCP]}), id="one of two lists is dropped"
    ),
    pytest.param(config({"hosts": [LOCAL]}, HOST_TCP), config({}, HOST_TCP), id="the other one is"),
    pytest.param(
        config({"hosts": [TCP], "tlsverify": True}), config({"hosts": [TCP]}), id="certificates are not asked for"
    ),
    pytest.param(
        config('{"hosts": ["tcp://10.0.0.1:2375"],}'), config({"hosts": ["tcp://10.0.0.1:2375"]}), id="mended"
    ),
    pytest.param(config({"hosts": TCP}), config({"hosts": [TCP]}), id="a list of the right type"),
    pytest.param(config({}), config({"metrics-addr": "0.0.0.0:9323"}), id="metrics"),
    pytest.param(config({}), config({"insecure-registries": ["r:5000"]}), id="registry"),
    pytest.param(config({"authorization-plugins": ["opa"]}), config({}), id="authorization"),
    pytest.param(config({"icc": False}, ("icc", "icc", "true")), config({}, ("icc", "icc", "true")), id="icc"),
    pytest.param(config({"iptables": False}), config({}), id="rules of its own"),
    pytest.param(config({}), config({"iptables": False}), id="no rules any more"),
    pytest.param(config({"ip": "127.0.0.1"}), config({}), id="ports on every address"),
    pytest.param(config({"userns-remap": "default"}), config({}), id="users"),
    pytest.param(config({"seccomp-profile": "/p.json"}), config({"seccomp-profile": "unconfined"}), id="seccomp"),
    pytest.param(config({}), config({"allow-direct-routing": True}), id="routing"),
]


@pytest.mark.parametrize(("before", "after"), OPENS)
def test_what_is_opened_is_seen(before: EngineConfig, after: EngineConfig) -> None:
    assert exposure(before).opened_by(exposure(after))
    assert exposure(after).opened_by(exposure(after)) == ()


STAYS = [
    pytest.param(
        config({"hosts": [LOCAL]}, ("host", "hosts", "fd://")), config({"hosts": [LOCAL]}), id="both are local"
    ),
    pytest.param(
        config({"hosts": ["tcp://127.0.0.1:2375"]}, HOST), config({"hosts": ["tcp://127.0.0.1:2375"]}), id="loopback"
    ),
    pytest.param(config({"hosts": [TCP]}, HOST_TCP), config({"hosts": [TCP]}), id="both open it"),
    pytest.param(config({}, HOST_TCP), config({"debug": True}, HOST_TCP), id="it was open"),
    pytest.param(
        config('{"icc": false, "insecure-registries": ["r:5000"],}'),
        config({"icc": False, "insecure-registries": ["r:5000"]}),
        id="mended",
    ),
    pytest.param(config("{", HOST_TCP), config({}, HOST_TCP), id="a flag that a broken file has nothing to do with"),
    pytest.param(
        config({"insecure-registries": ["a"]}, ("insecure-registry", "insecure-registries", "b")),
        config({"insecure-registries": ["b", "a"]}),
        id="joined",
    ),
    pytest.param(config({"hosts": [TCP]}), config({"hosts": [TCP], "tlsverify": True}), id="guarded better"),
]


@pytest.mark.parametrize(("before", "after"), STAYS)
def test_what_stays_closed_is_no_question(before: EngineConfig, after: EngineConfig) -> None:
    assert exposure(before).opened_by(exposure(after)) == ()
