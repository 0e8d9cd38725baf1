"""The runtime as the engine would start it: from its settings, not from doctor's masked copy of them."""

import json
from pathlib import Path

import pytest

from doctor.collect.starts.runtime import host_runtime
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.starts.runtime import HostRuntime
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError, Missing, Why
from doctor.scan.resolve import Facts

NOTHING = Missing(Why.ABSENT, "not asked")
SETTINGS = {
    "default-runtime": "mine",
    "runtimes": {"mine": {"path": "/opt/mine", "runtimeArgs": ["--token", "hunter2hunter2"]}},
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": -1}},
    "cgroup-parent": "/mine",
}


def found(top: Path, settings: dict[str, object]) -> HostRuntime:
    """Return the runtime of a root with these settings."""
    (top / "etc/docker").mkdir(parents=True, exist_ok=True)
    (top / "opt").mkdir(exist_ok=True)
    (top / "opt/mine").write_text("#!/bin/sh\n")
    (top / "opt/mine").chmod(0o755)
    (top / "etc/docker/daemon.json").write_text(json.dumps(settings))
    host = RootHost(str(top))
    config = Facts(host).get(EngineConfig)
    return host_runtime(host, config, EngineState(status="running"), NOTHING, NOTHING)


def test_its_arguments_are_those_of_the_file(tmp_path: Path) -> None:
    """A masked argument would fail each start; they are secret, and in no text of the value."""
    runtime = found(tmp_path, SETTINGS)
    assert json.loads(json.dumps(runtime.arguments)) == ["--token", "hunter2hunter2"]
    assert "hunter2" not in repr(runtime)
    assert (runtime.name, runtime.path, runtime.parent) == ("mine", "/opt/mine", "/mine")
    assert runtime.rlimits == ({"type": "RLIMIT_NOFILE", "soft": 1024, "hard": (1 << 64) - 1},)


def test_a_shim_is_none_of_its_own(tmp_path: Path) -> None:
    """Only containerd starts it, so there is nothing to run."""
    kata = {"default-runtime": "kata", "runtimes": {"kata": {"runtimeType": "io.containerd.kata.v2"}}}
    with pytest.raises(HostError, match="is a shim, which only containerd starts"):
        found(tmp_path, kata)


def test_a_link_to_nothing_is_no_program(tmp_path: Path) -> None:
    """As Debian's /usr/bin/runc, if /usr/sbin/runc is gone."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/runc").symlink_to("../sbin/runc")
    assert found(tmp_path, {}).path == ""
