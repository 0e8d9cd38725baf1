"""The fourth rung: the engine creates and starts a container itself, from an image that it has."""

from functools import partial
from typing import Any

from doctor.engines.docker import places as docker
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System
from doctor.facts.starts.engine import StartingEngine
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.probing import Ended
from doctor.probes._rung import FAILED, OPEN, PASSED, SKIPPED, Rung, RungResult, not_tried
from doctor.probes._rung_words import Cause, cause_of, rest, shown

_NAME = "the engine"
_CODE = 42


def rung(
    engine: StartingEngine | Missing, system: System | Missing, packages: Packages | Missing, limit_s: float
) -> Rung:
    """Return the rung. Nothing is sent to an engine that answers no request at all."""
    if isinstance(engine, Missing):
        return not_tried(_NAME, SKIPPED if engine.is_harmless else OPEN, engine.reason)
    if engine.is_stopped:
        says = f"dockerd (process {engine.pid}) is stopped by a signal"
        stopped = RungResult(state=FAILED, says=says, brings_back=f"kill -CONT {engine.pid}")
        return Rung(name=_NAME, id="", untried=stopped)
    if engine.starts_now:
        return not_tried(_NAME, OPEN, engine.silent)
    if engine.silent:
        return Rung(name=_NAME, id="", untried=RungResult(state=FAILED, says=engine.silent, brings_back=_RESTART))
    if not engine.socket:
        return not_tried(_NAME, OPEN, "it has no Unix socket")
    start: dict[str, Any] = {
        "id": "engine",
        "kind": "engine",
        "limit_s": limit_s,
        "socket": engine.socket,
        "init": engine.uses_init or engine.has_init,
        "network": engine.network,
        "port": bool(engine.network),
    }
    again = reinstall(system, packages, "engine")
    return Rung(
        name=_NAME,
        id="engine",
        start=start,
        judge=partial(_judge, engine, again),
        others=_others(engine, start),
        spare=() if engine.uses_init else (docker.INIT,),
    )


def _others(engine: StartingEngine, start: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the starts without each part; the engine removes the test container of the first start before they begin."""
    changes: list[tuple[str, bool, dict[str, Any]]] = [
        (docker.INIT, bool(start["init"]), {"init": False}),
        ("a published port", bool(start["port"]), {"port": False}),
        (f"network {engine.network}", bool(engine.network), {"network": "", "port": False}),
    ]
    wanted = [(part, change) for part, is_used, change in changes if is_used]
    return {
        part: {**start, **change, "id": f"engine{number}", "beside": True}
        for number, (part, change) in enumerate(wanted)
    }


_RESTART = "systemctl restart docker (with live-restore, containers keep running)"


def _judge(engine: StartingEngine, again: str, ended: Ended) -> RungResult:
    seen = ended.output
    step, kind, text = str(seen.get("step", "")), str(seen.get("kind", "")), str(seen.get("message", ""))
    image = str(seen.get("image", "")).removeprefix("sha256:")[:12]
    evidence = (Evidence(f"{engine.socket}, {step or f'start of image {image}'}", text or _end(seen)), *rest(ended))
    if kind == "denied":
        return RungResult(state=OPEN, says=text, evidence=evidence)
    if seen.get("exit") == _CODE:
        return RungResult(state=PASSED, says=f"started a container of image {image}", evidence=evidence)
    if kind == "refused":
        cause = _cause(engine, text, again)
        return RungResult(state=FAILED, says=cause.says, brings_back=cause.do, evidence=evidence)
    if kind or ended.timed_out:
        is_slow = kind == "timeout" and step != "list images"
        says = f"it answers requests, but not '{step}'" if is_slow else text or "no answer in time"
        return RungResult(state=FAILED, says=says, brings_back=_RESTART, evidence=evidence)
    if not image:
        says = "it has no image"
        return RungResult(state=SKIPPED, says=says, evidence=evidence)
    if engine.uses_init or engine.has_init:
        says = f"{docker.INIT}{_users(engine)} does not start a program: it {_end(seen)}"
        return RungResult(state=FAILED, says=says, brings_back=again, evidence=evidence)
    return RungResult(state=FAILED, says=f"the container of image {image} {_end(seen)}", evidence=evidence)


def _cause(engine: StartingEngine, text: str, again: str) -> Cause:
    if docker.INIT in text:
        return Cause(f"{docker.INIT}{_users(engine)} can't be started ({shown(text)})", again)
    return cause_of(text)


def _users(engine: StartingEngine) -> str:
    return ", which containers of this host run below," if engine.uses_init else " (docker run --init)"


def _end(seen: dict[str, Any]) -> str:
    return f"ended with code {seen.get('exit')}"
