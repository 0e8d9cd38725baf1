"""The second rung: the host's own runtime runs a bundle of doctor's."""

from functools import partial
from typing import Any

from doctor.facts.host.package_commands import reinstall, reinstall_file
from doctor.facts.host.packages import Packages, System
from doctor.facts.secrets.redact import redact
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.probing import Ended
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, Rung, RungResult, not_tried
from doctor.probes._rung_words import cause_of, rest

_CODE = 42
"""The exit code of doctor's program (doctor/runtime/rungs/elf.py)."""
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV", 31: "SIGSYS"}
_PROFILE = (
    "correct the file of seccomp-profile in daemon.json, or remove the setting: the engine has a profile of its own"
)


def rung(
    runtime: HostRuntime | Missing, system: System | Missing, packages: Packages | Missing, limit_s: float
) -> Rung:
    """Return the rung for the runtime that the engine uses."""
    if isinstance(runtime, Missing):
        return not_tried("the host's runtime", SKIPPED if runtime.is_harmless else OPEN, runtime.reason)
    name = f"the host's runtime {runtime.name}"
    again = reinstall_file(system, runtime.lacks, runtime.owner) if runtime.lacks else ""
    again = again or reinstall(system, packages, "runc")
    if not runtime.path:
        says = f"there is no {runtime.program or runtime.name} in {':'.join(runtime.search)}"
        if runtime.program:
            again = (
                f"install the package with {runtime.program}, or remove {runtime.name} from default-runtime and runtimes in "
                f"{runtime.origin}, then: systemctl restart docker"
            )
        return Rung(name=name, id="", untried=RungResult(state=FAILED, says=says, brings_back=again))
    if runtime.seccomp_problem:
        says = f"the engine's seccomp profile is invalid: {runtime.seccomp_problem}"
        return Rung(name=name, id="", untried=RungResult(state=FAILED, says=says, brings_back=_PROFILE))
    start: dict[str, Any] = {
        "id": "runtime",
        "kind": "runtime",
        "limit_s": limit_s,
        "program": runtime.path,
        "arguments": list(runtime.arguments),
        "environment": {"PATH": ":".join(runtime.search)},
        "limits": runtime.limits,
        "systemd": runtime.uses_systemd,
        "parent": runtime.parent,
        "seccomp": runtime.seccomp,
        "apparmor": runtime.apparmor,
        "rlimits": list(runtime.rlimits),
        "cgroup_namespace": runtime.cgroup_namespace,
    }
    return Rung(
        name=name,
        id="runtime",
        start=start,
        judge=partial(_judge, runtime, again, limit_s),
        others=_others(runtime, start),
    )


def _others(runtime: HostRuntime, start: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the starts without each part of the engine's start that a file or a setting of the host decides."""
    if runtime.problem:
        return {}
    profile = f"the seccomp profile {runtime.seccomp_path}" if runtime.seccomp_path else "a seccomp profile"
    changes: list[tuple[str, bool, dict[str, Any]]] = [
        (profile, runtime.seccomp != {}, {"seccomp": {}}),
        (f"the AppArmor profile {runtime.apparmor}", bool(runtime.apparmor), {"apparmor": ""}),
        ("the limits of default-ulimits", bool(runtime.rlimits), {"rlimits": []}),
        (f"the limits of {runtime.user} (process {runtime.pid})", bool(runtime.limits), {"limits": {}}),
        ("systemd's control groups", runtime.uses_systemd, {"systemd": False, "parent": ""}),
        (f"the cgroup-parent {runtime.parent}", bool(runtime.parent), {"parent": ""}),
    ]
    wanted = [(part, change) for part, is_used, change in changes if is_used]
    return {part: {**start, **change, "id": f"runtime{number}"} for number, (part, change) in enumerate(wanted)}


def _judge(runtime: HostRuntime, again: str, limit_s: float, ended: Ended) -> RungResult:
    seen = ended.output
    path, words, code = runtime.path, _words(ended), seen.get("exit")
    evidence = (Evidence(f"{path} run", words), *rest(ended))
    if code == _CODE and seen.get("stdout") == seen.get("expected"):
        return RungResult(state=PASSED, says=f"{path} started a container", evidence=evidence)
    if ended.timed_out:
        return RungResult(state=FAILED, says=f"{path} did not end within {limit_s:g} s", evidence=evidence)
    if runtime.problem:
        return RungResult(state=FAILED, says=f"{path}: {runtime.problem}", brings_back=again, evidence=evidence)
    if seen.get("refused"):
        says = f"{path} can't be executed: {seen['refused']}"
        return RungResult(state=FAILED, says=says, brings_back=again, evidence=evidence)
    if isinstance(code, int) and code < 0:
        says = f"{path} crashed: {words}"
        return RungResult(state=FAILED, says=says, brings_back=again, evidence=evidence)
    if code in {0, _CODE}:
        says = f"{path} ended with code {code}, but doctor's program did not print its line"
        return RungResult(state=FAILED, says=says, brings_back=again, evidence=evidence)
    cause = cause_of(words)
    return RungResult(state=FAILED, says=f"{path}: {cause.says}", brings_back=cause.do, evidence=evidence)


def _words(ended: Ended) -> str:
    """Return how the runtime ended, in its own words if it said any."""
    seen = ended.output
    logged = seen.get("log")
    if isinstance(logged, list) and logged:
        return redact(str(logged[-1]))
    lines = str(seen.get("stderr", "")).strip().splitlines()
    if lines:
        return redact(lines[-1])
    code = seen.get("exit")
    if isinstance(code, int) and code < 0:
        return f"ended by signal {-code}" + (f" ({_SIGNALS[-code]})" if -code in _SIGNALS else "")
    return str(seen.get("refused") or ("it did not end" if ended.timed_out else f"exit code {code}"))
