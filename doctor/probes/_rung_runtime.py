"""The second rung: the host's own runtime runs a bundle of doctor's."""

from functools import partial
from typing import Any

from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.probing import Ended
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, Rung, RungResult, not_tried

_CODE = 42
"""The exit code of doctor's program (doctor/runtime/rungs/elf.py)."""
_LIMIT_S = 5.0


def rung(runtime: HostRuntime | Missing, system: System | Missing, packages: Packages | Missing) -> Rung:
    """Return the rung for the runtime that the engine uses."""
    if isinstance(runtime, Missing):
        return not_tried("the host's runtime", SKIPPED if runtime.is_harmless else OPEN, runtime.reason)
    name = f"the host's runtime {runtime.name}"
    brings_back = reinstall(system, packages, "runc")
    if not runtime.path:
        says = f"there is no {runtime.name} in {':'.join(runtime.search)}"
        return Rung(name=name, id="", untried=RungResult(state=FAILED, says=says, brings_back=brings_back))
    if runtime.seccomp_problem:
        says = f"the engine's seccomp profile is invalid: {runtime.seccomp_problem}"
        return Rung(name=name, id="", untried=RungResult(state=FAILED, says=says))
    start: dict[str, Any] = {
        "id": "runtime",
        "kind": "runtime",
        "limit_s": _LIMIT_S,
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
    return Rung(name=name, id="runtime", start=start, judge=partial(_judge, runtime, brings_back))


def _judge(runtime: HostRuntime, brings_back: str, ended: Ended) -> RungResult:
    seen = ended.output
    evidence = (Evidence(f"{runtime.path} run", _words(ended)),)
    if ended.timed_out:
        return RungResult(state=FAILED, says=f"{runtime.path} did not end within {_LIMIT_S:g} s", evidence=evidence)
    if seen.get("refused"):
        says = f"{runtime.path} can't be executed: {seen['refused']}"
        return RungResult(state=FAILED, says=says, brings_back=brings_back, evidence=evidence)
    if seen.get("exit") == _CODE and seen.get("stdout") == seen.get("expected"):
        return RungResult(state=PASSED, says=f"{runtime.path} started a container", evidence=evidence)
    return RungResult(state=FAILED, says=f"{runtime.path} failed: {_words(ended)}", evidence=evidence)


def _words(ended: Ended) -> str:
    seen = ended.output
    logged = seen.get("log")
    if isinstance(logged, list) and logged:
        return str(logged[-1])
    lines = str(seen.get("stderr", "")).strip().splitlines()
    return lines[-1] if lines else f"exit code {seen.get('exit')}"
