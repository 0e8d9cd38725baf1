"""Judges the risk of actions on this host from their steps: the only judgement, for scans and plans.

A fixer declares the least risk of its repair. The steps on a prediction of the host show which programs stop, and what it
opens or destroys.
"""

import msgspec
from msgspec import Struct

from doctor.api.actions.engine import RestartEngine
from doctor.facts.config.engine import DaemonJson, EngineConfig
from doctor.facts.config.options import takes_by_reload
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineState
from doctor.facts.secrets.redact import revealed
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action
from doctor.model.errors import DoctorError
from doctor.model.finding import Evidence
from doctor.model.missing import HostError, Missing
from doctor.model.severity import Applicability
from doctor.model.step import File, Netlink, Put, Reload, Run, Signal, StartContainers, Step, touches
from doctor.plugins.engines import engine as named
from doctor.scan.controls import controls, is_for
from doctor.scan.opening import Ranked, opened
from doctor.scan.resolve import Facts
from doctor.scan.session import moved_session

_RUNNING = Run | Signal | Netlink | Reload | StartContainers


class JudgedActions(Struct, frozen=True, kw_only=True):
    """The risk of actions.

    Attributes:
        risk: the least that ``--allow`` must be.
        why: why doctor never applies them, "" if it may.
        stops: names of the running engines that must be stopped.
        stops_service: whether a separate containerd service must be stopped.
        reloads: numbers of the actions for which a reload of the running engine is sufficient.
        opens: what they would open to the network.
        session: the session of somebody who is logged in and whose packets take another way then, "" for none.
        steps: their steps.
    """

    risk: Applicability
    why: str = ""
    stops: tuple[str, ...] = ()
    stops_service: bool = False
    reloads: frozenset[int] = frozenset()
    opens: tuple[Evidence, ...] = ()
    session: str = ""
    steps: tuple[Step, ...] = ()


def judge(actions: Ranked, view: Host, facts: Facts) -> JudgedActions:
    """Judge actions that are lowered on ``view``, a prediction or the host itself; ``facts`` are those of the host.

    Raises ``DoctorError`` or ``HostError`` if one can't be lowered.
    """
    risk = max((risk for _, risk in actions), default=Applicability.MANUAL)
    if risk is Applicability.MANUAL:
        return JudgedActions(risk=risk, why="only you can decide this")
    trial = OverlayHost(view)
    lowered = [_lowered(action, trial) for action, _ in actions]
    steps = [step for found in lowered for step in found]
    if not view.is_live() and any(isinstance(step, _RUNNING) for step in steps):
        return JudgedActions(risk=Applicability.MANUAL, why="it needs the running host")
    reloads = _reloads(actions, lowered, view, facts)
    stops: tuple[str, ...] = ()
    service, why = False, ""
    for control in controls(facts):
        engine = control.is_running and _needs_stop(actions, steps, control, reloads)
        part = bool(control.containerd) and any(touches(step, control.service_roots) for step in steps)
        why = why or _forbidden(control, engine=engine, service=part)
        stops, service = (*stops, *((control.engine,) if engine else ())), service or part
    if why:
        return JudgedActions(risk=Applicability.MANUAL, why=why, stops=stops, stops_service=service)
    session = moved_session((action for action, _ in actions), steps, view, trial, facts)
    return JudgedActions(
        risk=max(risk, Applicability.DISRUPTIVE) if stops or service or session else risk,
        stops=stops,
        stops_service=service,
        reloads=reloads,
        opens=opened((action for action, _ in actions), steps, view, trial, facts),
        session=session,
        steps=tuple(steps),
    )


def _lowered(action: Action, trial: OverlayHost) -> list[Step]:
    steps = []
    for step in action.steps(trial):
        steps.append(step)
        trial.apply(step)
    return steps


def _needs_stop(actions: Ranked, steps: list[Step], control: EngineControl, reloads: frozenset[int]) -> bool:
    if any(touches(step, control.data_roots) for step in steps):
        return True
    return any(
        action.needs_engine_restart and number not in reloads and is_for(action, control)
        for number, (action, _) in enumerate(actions)
    )


def _forbidden(control: EngineControl, *, engine: bool, service: bool) -> str:
    """Return why the programs can't be stopped: doctor can't start them again, or data would be lost."""
    noun = named(control.engine).noun
    if engine and control.manual:
        return f"{noun} must be stopped for it, and doctor can't start it again: {control.manual}"
    if service and control.containerd_manual:
        return f"containerd must be stopped for it, and doctor can't start it again: {control.containerd_manual}"
    if engine and control.removes:
        names = ", ".join(control.removes)
        return (
            f"{noun} must be stopped for it, which removes containers run with --rm and their files: {names} "
            "(save their files with docker cp, then docker stop them)"
        )
    return ""


def _reloads(actions: Ranked, lowered: list[list[Step]], view: Host, facts: Facts) -> frozenset[int]:
    """Return the numbers of the actions that declare a restart and for which a reload is sufficient."""
    asking = [number for number, (action, _) in enumerate(actions) if action.needs_engine_restart]
    if not asking:
        return frozenset()
    config, state = facts.get(EngineConfig), facts.get(EngineState)
    if isinstance(config, Missing) or isinstance(state, Missing) or not state.is_running:
        return frozenset()
    found = []
    for number in asking:
        action = actions[number][0]
        if isinstance(action, RestartEngine):
            keys = {action.key: False}
        else:
            keys = _changed(lowered[number], config.json, view)
        running = {flag.key for flag in config.flags.running or ()}
        if keys and all(takes_by_reload(key, removed=gone) and key not in running for key, gone in keys.items()):
            found.append(number)
    return frozenset(found)


def _changed(steps: list[Step], file: DaemonJson, view: Host) -> dict[str, bool]:
    """Return the keys of daemon.json that steps change, and whether each is removed; {} for any other change."""
    from doctor.formats.config import daemon_json  # noqa: PLC0415 - only an edit of the file is compared

    try:
        place = view.resolve(file.path)
        if len(steps) != 1 or file.problem:
            return {}
        (step,) = steps
        if not isinstance(step, Put) or step.path != place or not isinstance(step.node, File):
            return {}
        before = daemon_json.read(view.read(place)).value if view.exists(place) else {}
        after = daemon_json.read(step.node.content).value
    except (HostError, DoctorError):
        return {}
    return {key: key not in after for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def info_after_reload(info: bytes, settings: dict[str, object]) -> bytes:
    """Return the predicted GET /info after a reload with these settings."""
    try:
        said = msgspec.json.decode(info)
    except msgspec.DecodeError:
        return info
    for key, name in _SAID.items():
        if key in settings:
            said[name] = settings[key]
    return msgspec.json.encode(said, enc_hook=_real)


def _real(value: object) -> str:
    """Return the text of a ``Concealed`` label: a prediction has what the engine would have."""
    if isinstance(value, str):
        return revealed(value)
    raise TypeError(type(value).__name__)


_SAID = {
    "live-restore": "LiveRestoreEnabled",
    "debug": "Debug",
    "default-runtime": "DefaultRuntime",
    "labels": "Labels",
}
