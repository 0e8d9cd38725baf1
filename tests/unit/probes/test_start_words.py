"""Messages of the rungs of containerd and of the engine, for errors in the words of these programs."""

from typing import Any

import pytest

from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.containerd import HostContainerd
from doctor.facts.starts.engine import StartingEngine
from doctor.facts.starts.load import HostLoad
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.missing import Missing, Why
from doctor.model.probing import Ended
from doctor.probes import _rung_engine, _rung_task
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, RungResult

GONE = Missing(Why.ABSENT, "not here")
SYSTEM: System | Missing = GONE
PACKAGES: Packages | Missing = GONE
OWN = HostContainerd(socket="/run/c.sock", is_own=True, pid=9)
RUNC = HostRuntime(name="runc", path="/usr/sbin/runc")
ENGINE = StartingEngine(socket="/run/d.sock", pid=2)
SHIM = "failed to start shim: start failed: : fork/exec /usr/bin/containerd-shim-runc-v2: exec format error"
FILES = "failed to start shim: start failed: : pipe2: too many open files"
NOTHING = {"step": "", "kind": "", "code": 0, "status": 0, "message": ""}


def task(seen: dict[str, Any], found: HostContainerd = OWN, **given: Any) -> RungResult:
    ended = Ended(id="task", exit=0, output=NOTHING | {"expected": "line"} | seen, **given)
    return _rung_task.rung(found, RUNC, SYSTEM, PACKAGES, 5.0).result({"task": ended})


def engine(seen: dict[str, Any], found: StartingEngine = ENGINE, **given: Any) -> RungResult:
    ended = Ended(id="engine", exit=0, output=NOTHING | {"image": "sha256:abc"} | seen, **given)
    return _rung_engine.rung(found, SYSTEM, PACKAGES, 5.0).result({"engine": ended})


@pytest.mark.parametrize(
    ("seen", "state", "says", "do"),
    [
        ({"exit": 42, "stdout": "line"}, PASSED, "started a task", ""),
        ({"exit": 42, "stdout": ""}, FAILED, "printed ''", "docker-*.tgz"),
        ({"exit": 0, "stdout": "line"}, FAILED, "ended with code 0", "docker-*.tgz"),
        (
            {"step": "create task", "kind": "refused", "message": SHIM},
            FAILED,
            "its shim containerd-shim-runc-v2",
            "docker-*.tgz",
        ),
        (
            {"step": "create task", "kind": "refused", "message": FILES},
            FAILED,
            "too many open files",
            "LimitNOFILE",
        ),
        (
            {"step": "create task", "kind": "timeout"},
            FAILED,
            "its shim containerd-shim-runc-v2 gave no answer",
            "docker-*.tgz",
        ),
        (
            {"step": "version", "kind": "timeout", "message": "no answer"},
            FAILED,
            "no answer",
            "systemctl restart docker",
        ),
        (
            {"step": "connect", "kind": "absent", "message": "no process"},
            FAILED,
            "no process",
            "systemctl restart docker",
        ),
        ({"step": "connect", "kind": "denied", "message": "denied"}, OPEN, "denied", ""),
        (
            {"step": "create task", "kind": "refused", "message": "no space left on device"},
            FAILED,
            "a disk is full",
            "du -xsh",
        ),
    ],
)
def test_a_task(seen: dict[str, Any], state: str, says: str, do: str) -> None:
    """The culprit is containerd, its shim or what the error names."""
    result = task(seen)
    assert result.state == state
    assert says in result.says
    assert do in result.brings_back


def test_an_early_end_of_runc_has_several_causes() -> None:
    """The limit of processes of the group above, here: only the engine's group has it, so only the engine's start fails."""
    said = "runc create failed: unable to start container process: can't get final child's PID from pipe: EOF: unknown"
    result = engine({"step": "start container", "kind": "refused", "message": said})
    assert result.says.startswith("the first process of runc ended")
    assert "pids.max" in result.brings_back


def test_a_task_that_ran_but_was_not_deleted_in_time_has_passed() -> None:
    """A slow disk delays the deletion of its record; the start is proven."""
    result = task({"exit": 42, "stdout": "line", "step": "delete container", "kind": "timeout"}, left=("task x",))
    assert result.state == PASSED
    assert [one.value for one in result.evidence][-1] == "task x"


@pytest.mark.parametrize(
    ("seen", "state", "says", "do"),
    [
        ({"exit": 42}, PASSED, "of image abc", ""),
        ({"image": ""}, SKIPPED, "no image", ""),
        ({"exit": 1}, FAILED, "ended with code 1", ""),
        (
            {"step": "create container", "kind": "timeout"},
            FAILED,
            "but not 'create container'",
            "systemctl restart docker",
        ),
        (
            {"step": "list images", "kind": "timeout", "message": "no answer"},
            FAILED,
            "no answer",
            "systemctl restart docker",
        ),
        ({"step": "list images", "kind": "denied", "message": "denied"}, OPEN, "denied", ""),
        (
            {
                "step": "start container",
                "kind": "refused",
                "message": 'exec: "docker-init": executable file not found in $PATH',
            },
            FAILED,
            "docker-init, which containers of this host run below",
            "docker-*.tgz",
        ),
        (
            {
                "step": "start container",
                "kind": "refused",
                "message": "dial tcp 127.0.0.1:24224: connect: connection refused",
            },
            FAILED,
            "connection refused",
            "",
        ),
        (
            {
                "step": "start container",
                "kind": "refused",
                "message": "OCI runtime create failed: is not a valid action",
            },
            FAILED,
            "OCI runtime create failed: is not a valid action",
            "",
        ),
    ],
)
def test_an_engine(seen: dict[str, Any], state: str, says: str, do: str) -> None:
    """The cause is first, and the words that each failed start has are not taken for one."""
    result = engine(seen)
    assert result.state == state
    assert says in result.says
    assert do in result.brings_back


def test_docker_init_that_ends_at_once_is_the_culprit() -> None:
    """The same program without it has the code 42."""
    result = engine({"exit": 0}, StartingEngine(socket="/run/d.sock", uses_init=True))
    assert (result.state, "docker-init" in result.says) == (FAILED, True)


def test_stopped_processes_are_asked_nothing() -> None:
    """A signal stopped them: they would cost the whole limit."""
    stopped = _rung_task.rung(HostContainerd(socket="s", pid=9, is_stopped=True), RUNC, SYSTEM, PACKAGES, 5.0)
    assert (stopped.start, stopped.result({}).brings_back) == ({}, "kill -CONT 9")
    stopped = _rung_engine.rung(
        StartingEngine(socket="s", pid=2, is_stopped=True, silent="no answer"), SYSTEM, PACKAGES, 5.0
    )
    assert (stopped.start, stopped.result({}).brings_back) == ({}, "kill -CONT 2")


def test_an_engine_that_does_not_run_is_not_started() -> None:
    """engine/down reports it; a socket that would start it is not used. A young one may answer later."""
    assert _rung_engine.rung(GONE, SYSTEM, PACKAGES, 5.0).result({}).state == SKIPPED
    young = StartingEngine(socket="s", silent="no answer yet", starts_now=True)
    assert _rung_engine.rung(young, SYSTEM, PACKAGES, 5.0).result({}).state == OPEN
    assert _rung_engine.rung(StartingEngine(socket=""), SYSTEM, PACKAGES, 5.0).result({}).state == OPEN


def test_a_secret_in_an_error_is_masked() -> None:
    """A log driver's address may have a password."""
    text = "failed to initialize logging driver: dial https://user:hunter2@logs.example:8088: connection refused"
    assert "hunter2" not in engine({"step": "start container", "kind": "refused", "message": text}).says


def test_a_busy_host_is_given_more_time() -> None:
    """Else a slow disk would be taken for a fault."""
    assert HostLoad(load=20.0, processors=2).limit_s > HostLoad(load=1.0, processors=2).limit_s


def test_a_full_run_is_not_blamed_on_the_shim() -> None:
    """Its error says "failed to start shim" for everything that keeps it from one; the place is that of the failed write."""
    text = "failed to start shim: symlink /var/lib/x/d7 /run/docker/containerd/x/work: no space left on device: unknown"
    result = task({"step": "create task", "kind": "refused", "message": text})
    assert result.says.startswith("a file system is full")
    assert result.brings_back == "df -h /run/docker/containerd and df -i /run/docker/containerd show it"
