"""Messages of the rungs of containerd and of the engine, for errors in the words of these programs."""

from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.engine.state import EngineState
from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.containerd import HostContainerd
from doctor.facts.starts.engine import StartingEngine
from doctor.facts.starts.load import HostLoad
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended
from doctor.model.severity import Severity
from doctor.model.verdict import judge
from doctor.probes import _rung_engine, _rung_task
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, RungResult
from doctor.probes._rung_words import cause_of
from doctor.probes.start import start

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
            "docker-init (docker run --init) can't be started",
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


def ended(limit_s: float = 5.0, **given: Any) -> Ended:
    return Ended(id="engine", exit=0, output=NOTHING | {"image": "sha256:abc"} | given, seconds=limit_s)


def climbed(found: StartingEngine, first: Ended, others: dict[str, int]) -> ProbeResult:
    """Return the result of the whole probe for an engine; ``others``: part that is left out → exit code of that start."""
    work = start(GONE, GONE, found, HostLoad(load=0.0, processors=1), SYSTEM, PACKAGES, EngineState(status="running"))
    next(work)
    bundled = Ended(id="bundled", exit=0, stdout="started\n")
    try:
        launch = work.send({"bundled": bundled, "engine": first})
        assert all(rung["beside"] for rung in launch.rungs)
        without = {
            "init": lambda rung: not rung["init"],
            "network": lambda rung: not rung["network"],
            "port": lambda rung: rung["network"] and not rung["port"],
        }
        work.send({
            rung["id"]: replace(ended(exit=code), id=rung["id"])
            for rung in launch.rungs
            for part, code in others.items()
            if without[part](rung)
        })  # fmt: skip
    except StopIteration as end:
        result: ProbeResult = end.value
        return result
    raise AssertionError("it has no result")


WHOLE = StartingEngine(socket="/run/d.sock", network="bridge", has_init=True)


@pytest.mark.parametrize(
    ("others", "uses_init", "result", "says"),
    [
        ({"init": 1, "port": 42, "network": 42}, False, Result.FAIL, "; without a published port it can"),
        ({"init": 1, "port": 1, "network": 42}, False, Result.FAIL, "; without network bridge it can"),
        ({"init": 1, "port": 1, "network": 1}, False, Result.FAIL, "ended with code 1"),
        ({"init": 42, "port": 1, "network": 1}, True, Result.FAIL, "; without docker-init it can"),
        ({"init": 42, "port": 1, "network": 1}, False, Result.PASS, "; but docker-init (docker run --init) does not"),
    ],
)
def test_the_part_of_the_engines_start_is_named(
    others: dict[str, int], result: Result, says: str, *, uses_init: bool
) -> None:
    """A broken docker-init that no container uses fails nothing here, and the host is not called healthy."""
    found = climbed(replace(WHOLE, uses_init=uses_init), ended(exit=1), others)
    assert (found.result, says in found.message) == (result, True)
    assert bool(found.doubts) is (result is Result.PASS)


def test_a_slow_start_is_a_doubt() -> None:
    """It passes, but nobody may call the host healthy; a usual one says nothing."""
    slow = climbed(WHOLE, ended(4.2, exit=42), {})
    assert (slow.result, slow.doubts) == (
        Result.PASS,
        ("the engine took 4.2 s to start and remove a container, usually less than 1 s",),
    )
    verdict = judge((), (), fail_on=Severity.WARNING, probes=(replace(slow, name="start"),))
    assert "; but the engine took 4.2 s" in verdict.says
    assert climbed(WHOLE, ended(1.5, exit=42), {}).doubts == ()


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unable to join session keyring: unable to create session key: disk quota exceeded", "the user's kernel keys"),
        (
            "mkdir /sys/fs/cgroup/pids/doctor-1: read-only file system",
            "the control groups are mounted read-only for runc",
        ),
        (
            "failed to disable IPv6 on container's interface eth0, set env var X=1 to ignore this error: unknown",
            "the engine can't write below /proc/sys/net",
        ),
    ],
)
def test_an_errors_general_words_name_no_other_culprit(text: str, says: str) -> None:
    """No full disk, no engine inside a container, no network with IPv6."""
    cause = cause_of(f"runc run failed: unable to start container process: {text}")
    assert cause.says.startswith(says)
    assert cause.do
