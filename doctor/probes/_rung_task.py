"""The third rung: containerd starts a task through its shim, without the engine and without an image."""

import re
from functools import partial
from typing import Any

from doctor.engines.containerd import places as containerd
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.containerd import HostContainerd
from doctor.facts.starts.runtime import HostRuntime
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.probing import Ended
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, Rung, RungResult, not_tried
from doctor.probes._rung_words import Cause, cause_of, rest, shown

_NAME = "containerd"
_CODE = 42
_OF_SHIM = ("create task", "start task", "wait for task", "delete task")
"""Calls that containerd hands to the shim."""
_SHIM_FAILED = r"failed to start shim: (?:start failed|failed to resolve runtime path)|binary not installed"
"""Without these words, something else than its program kept the shim from starting: a full /run, for example."""
_NO_RESOURCE = r"too many open files|resource temporarily unavailable|cannot allocate memory|no space left on device|file too large|file system$"
"""With these words at the end, its program is not at fault either."""


def rung(
    found: HostContainerd | Missing,
    runtime: HostRuntime | Missing,
    system: System | Missing,
    packages: Packages | Missing,
    limit_s: float,
) -> Rung:
    """Return the rung for the containerd that the engine uses; it calls the engine's runtime."""
    if isinstance(found, Missing):
        return not_tried(_NAME, SKIPPED if found.is_harmless else OPEN, found.reason)
    if isinstance(runtime, Missing):
        return not_tried(_NAME, SKIPPED if runtime.is_harmless else OPEN, runtime.reason)
    if found.is_stopped:
        says = f"process {found.pid} is stopped by a signal"
        stopped = RungResult(state=FAILED, says=says, brings_back=f"kill -CONT {found.pid}")
        return Rung(name=_NAME, id="", untried=stopped)
    start: dict[str, Any] = {
        "id": "task",
        "kind": "task",
        "limit_s": limit_s,
        "socket": found.socket,
        "runtime": containerd.RUNC_SHIM,
        "binary": "" if runtime.arguments else runtime.path,
        "systemd": runtime.uses_systemd,
        "parent": runtime.parent,
        "cgroup_namespace": runtime.cgroup_namespace,
        "directories": list(found.directories),
    }
    again = reinstall(system, packages, "containerd")
    return Rung(name=_NAME, id="task", start=start, judge=partial(_judge, found, again))


def _judge(found: HostContainerd, again: str, ended: Ended) -> RungResult:
    seen = ended.output
    step, kind, text = str(seen.get("step", "")), str(seen.get("kind", "")), str(seen.get("message", ""))
    evidence = (Evidence(f"{found.socket}, {step or 'start of a task'}", text or _end(seen)), *rest(ended))
    if kind == "denied":
        return RungResult(state=OPEN, says=text, evidence=evidence)
    if seen.get("exit") == _CODE and seen.get("stdout") == seen.get("expected"):
        return RungResult(state=PASSED, says="started a task through its shim", evidence=evidence)
    if kind == "refused":
        is_shim = re.search(_SHIM_FAILED, text) is not None and re.search(_NO_RESOURCE, text.strip()) is None
        cause = (
            Cause(f"its shim {containerd.SHIM} can't be started ({shown(text)})", again) if is_shim else cause_of(text)
        )
        return RungResult(state=FAILED, says=cause.says, brings_back=cause.do, evidence=evidence)
    if step in _OF_SHIM and kind == "timeout":
        says = f"its shim {containerd.SHIM} gave no answer to '{step}'"
        return RungResult(state=FAILED, says=says, brings_back=again, evidence=evidence)
    if kind or ended.timed_out:
        says = text or "no answer in time"
        return RungResult(state=FAILED, says=says, brings_back=_restart(found), evidence=evidence)
    return RungResult(state=FAILED, says=f"the task of its shim {_end(seen)}", brings_back=again, evidence=evidence)


def _restart(found: HostContainerd) -> str:
    if found.is_own:
        return "restart the engine, which starts its containerd: systemctl restart docker"
    return "systemctl restart containerd (its containers keep running)"


def _end(seen: dict[str, Any]) -> str:
    return f"ended with code {seen.get('exit')} and printed {str(seen.get('stdout', ''))[:100]!r}"
