"""Messages of the rungs of the kernel and of the host's runtime, and the order of the ladder."""

from typing import Any

import pytest

from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.runtime import HostRuntime
from doctor.formats.host import os_release
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended
from doctor.probes import _rung_bundled, _rung_runtime
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, RungResult
from doctor.probes.start import start

GONE = Missing(Why.ABSENT, "not here")
NO_STATE: Any = GONE
DEBIAN = System(os=os_release.parse("ID=debian\n"))
PACKAGES: Packages | Missing = GONE
RUNC = HostRuntime(name="runc", path="/usr/sbin/runc", lacks="/usr/sbin/runc", owner="runc", user="containerd", pid=7)
GOOD = {"exit": 42, "stdout": "line", "expected": "line", "refused": "", "stderr": "", "log": []}


def judged(seen: dict[str, Any], runtime: HostRuntime = RUNC, **given: Any) -> RungResult:
    ended = Ended(id="runtime", exit=0, output=GOOD | seen, **given)
    return _rung_runtime.rung(runtime, DEBIAN, PACKAGES, 5.0).result({"runtime": ended})


@pytest.mark.parametrize(
    ("seen", "state", "says", "do"),
    [
        ({}, PASSED, "started a container", ""),
        ({"stdout": ""}, FAILED, "did not print its line", "--reinstall runc"),
        ({"exit": 0}, FAILED, "ended with code 0", "--reinstall runc"),
        ({"exit": -11, "stdout": ""}, FAILED, "crashed: ended by signal 11 (SIGSEGV)", "--reinstall runc"),
        ({"exit": 127, "refused": "exec format error"}, FAILED, "can't be executed: exec format", "--reinstall runc"),
        ({"exit": 1, "log": ["mountpoint for devices not found"]}, FAILED, "control group controller", "mount it"),
        ({"exit": 1, "stderr": "something new\n"}, FAILED, "something new", ""),
    ],
)
def test_the_end_of_the_runtime(seen: dict[str, Any], state: str, says: str, do: str) -> None:
    """A fault of the file names its package; one that the runtime reports names the remedy of the table of messages."""
    found = judged(seen)
    assert found.state == state
    assert says in found.says
    assert do in found.brings_back
    assert bool(do) is bool(found.brings_back)


def test_a_runtime_that_hangs() -> None:
    found = judged({"exit": None, "stdout": ""}, timed_out=True)
    assert (found.state, found.says) == (FAILED, "/usr/sbin/runc did not end within 5 s")


def test_what_a_scan_sees_of_the_file_has_priority() -> None:
    """The library, not the message of the dynamic linker; its package, not the runtime's."""
    broken = HostRuntime(
        name="runc",
        path="/usr/sbin/runc",
        problem="its library libseccomp.so.2 is missing",
        lacks="libseccomp.so.2",
        owner="libseccomp2",
    )
    found = judged({"exit": 127, "stderr": "error while loading shared libraries"}, broken)
    assert found.says == "/usr/sbin/runc: its library libseccomp.so.2 is missing"
    assert found.brings_back == "apt-get install --reinstall libseccomp2"
    assert not _rung_runtime.rung(broken, DEBIAN, PACKAGES, 5.0).others


@pytest.mark.parametrize(
    ("runtime", "state"),
    [
        (GONE, SKIPPED),
        (Missing(Why.DENIED, "no permission"), OPEN),
        (HostRuntime(name="runc", path="", search=("/usr/bin",)), FAILED),
        (HostRuntime(name="runc", path="/usr/bin/runc", seccomp_problem="it is not valid JSON"), FAILED),
    ],
)
def test_a_runtime_that_is_not_started(runtime: HostRuntime | Missing, state: str) -> None:
    rung = _rung_runtime.rung(runtime, DEBIAN, PACKAGES, 5.0)
    assert not rung.start
    assert rung.result({}).state == state


def test_a_rung_that_could_not_be_tried_is_open() -> None:
    """The keeper's error is not the layer's."""
    ended = Ended(id="runtime", exit=125, error="can't make /run/doctor-start: read-only file system (30)")
    found = _rung_runtime.rung(RUNC, DEBIAN, PACKAGES, 5.0).result({"runtime": ended})
    assert (found.state, found.says) == (OPEN, ended.error)


@pytest.mark.parametrize(
    ("error", "stdout", "state"), [("", "started\n", PASSED), ("no namespace", "", FAILED), ("", "", FAILED)]
)
def test_the_end_of_the_bundled_runtime(error: str, stdout: str, state: str) -> None:
    ended = Ended(id="bundled", exit=125 if error else 0, stdout=stdout, error=error)
    assert _rung_bundled.rung(5.0).result({"bundled": ended}).state == state


def climbed(runtime: dict[str, Any], without: dict[str, bool]) -> ProbeResult:
    """Return the result of the whole probe with a runtime that ends so, and the starts without a part that succeed."""
    facts: Any = HostRuntime(
        name="runc", path="/usr/sbin/runc", seccomp={"x": 1}, seccomp_path="/p.json", rlimits=({"type": "x"},)
    )
    work = start(facts, NO_STATE, NO_STATE, NO_STATE, DEBIAN, PACKAGES, NO_STATE)
    launch = next(work)
    ended = {
        "bundled": Ended(id="bundled", exit=0, stdout="started\n"),
        "runtime": Ended(id="runtime", exit=0, output=GOOD | runtime),
    }
    assert [rung["id"] for rung in launch.rungs] == ["runtime"]
    try:
        launch = work.send(ended)
        work.send(
            {
                rung["id"]: Ended(id=rung["id"], exit=0, output=GOOD if able else GOOD | runtime)
                for rung in launch.rungs
                for able in [without["seccomp"] if rung["seccomp"] == {} else without["rlimits"]]
            }
        )
    except StopIteration as end:
        found: ProbeResult = end.value
        return found
    raise AssertionError("it has no result")


def test_the_part_at_fault_is_named() -> None:
    """A start without it succeeds; if none or a start without nothing does, the failure stays as it is."""
    failure = {"exit": 1, "log": ["container process is already dead"], "stdout": ""}
    named = climbed(failure, {"seccomp": True, "rlimits": False})
    assert named.result is Result.FAIL
    assert named.message.endswith("container process is already dead; without the seccomp profile /p.json it can")
    assert "without" not in climbed(failure, {"seccomp": False, "rlimits": False}).message


def test_nothing_is_tried_again_after_a_success() -> None:
    passed = climbed({}, {})
    assert passed.result is Result.PASS
    assert passed.message == "a container was started by the bundled runtime, the host's runtime runc"
    assert passed.untried == ()
