"""Adds the stop, start and reload of engines around the actions of a plan."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from doctor.api.actions.kernel import SetSysctl
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.missing import HostError
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Step, touches
from doctor.model.text import plural
from doctor.plugins.engines import engine as named
from doctor.repair.planning.diff import describe
from doctor.repair.planning.draft import Chosen, Draft, Planned
from doctor.scan.controls import is_for
from doctor.scan.resolve import Facts
from doctor.scan.risk import info_after_reload

_NAMED = 8
_HOW = {"hand": "started by hand"}
_AGAIN = {"hand": "with its earlier command line"}


class Turn(Struct, frozen=True, kw_only=True):
    """One engine that a plan stops or starts.

    Attributes:
        stops: whether it is stopped; ``starts`` likewise.
        service: whether the containerd service below it is stopped and started too.
    """

    control: EngineControl
    stops: bool
    starts: bool
    service: bool


def concerned(draft: Draft, ordered: list[Chosen], steps: Callable[[Action], Iterable[Step]]) -> tuple[Turn, ...]:
    """Return the engines that the actions need stopped or started, in stop order.

    ``steps`` lowers an action without effect, to find the paths that it writes.
    """
    return tuple(turn for turn in (_turn(draft, control, ordered, steps) for control in draft.controls) if turn)


def _turn(
    draft: Draft, control: EngineControl, ordered: list[Chosen], steps: Callable[[Action], Iterable[Step]]
) -> Turn | None:
    stop = control.is_running and any(
        item.restarts(control) or any(touches(step, control.data_roots) for step in steps(item.action))
        for item in ordered
    )
    starts = stop or any(item.restarts(control) and item.action.stage is Stage.ENGINE for item in ordered)
    service = draft.stops_service and bool(control.containerd)
    if not (starts or service):
        return None
    return Turn(control=control, stops=stop or service, starts=starts, service=service)


def halt(draft: Draft, overlay: OverlayHost, planned: list[Planned], turns: tuple[Turn, ...]) -> None:
    """Add the stops."""
    for turn in turns:
        if turn.stops:
            _halt(draft, overlay, planned, turn.control, service=turn.service)


def start(draft: Draft, overlay: OverlayHost, planned: list[Planned], turns: tuple[Turn, ...]) -> None:
    """Add the starts: an engine starts before those above it."""
    for turn in reversed(turns):
        _start(draft, overlay, planned, turn)


def _halt(draft: Draft, overlay: OverlayHost, planned: list[Planned], control: EngineControl, *, service: bool) -> None:
    noun = named(control.engine).noun
    names = [name for name, ends in ((noun, control.is_running), ("containerd", service)) if ends]
    _engine(
        draft,
        overlay,
        planned,
        control,
        summary=f"stop {' and '.join(names)}{_with_it(control)}"
        + (f" ({_HOW.get(control.manager, control.manager)})" if control.is_running else ""),
        stage=Stage.STOP,
        steps=control.stop_steps(with_containerd=service),
    )
    if control.is_running and planned:
        fates = [one.fate for one in control.stopping]
        planned[-1] = replace(planned[-1], diff="\n".join((planned[-1].diff, *fates)))


def _with_it(control: EngineControl) -> str:
    """Return the containers that stop with the engine, in a few words; the plan lists each."""
    if control.keeps:
        return f"; its {plural(control.keeps, 'container')} continue{'s' if control.keeps == 1 else ''} to run (live-restore)"
    names = [one.container.name for one in control.stopping]
    more = len(names) - _NAMED + control.unnamed if len(names) > _NAMED else control.unnamed
    text = ", ".join(names[:_NAMED]) + (f" and {more} more" if more else "")
    if not text:
        return ""
    return f" and with it {'container' if len(names) + control.unnamed == 1 else 'containers'} {text.removeprefix(' and ')}"


def reload(draft: Draft, overlay: OverlayHost, planned: list[Planned]) -> None:
    """Make the first engine reload its settings file; its answers afterwards are predicted."""
    control = draft.first
    if control is None:
        return
    predicts: tuple[Answer, ...] = ()
    with suppress(HostError):
        config = Facts(overlay).get(EngineConfig)
        info = overlay.engine("/info")
        if isinstance(config, EngineConfig) and info.status == 200:
            said = info_after_reload(info.body, config.json.value)
            predicts = (Answer(ask=("GET", "/info"), stdout=said, exit=200),)
    steps = control.reload_steps(predicts)
    described = "\n".join(describe(step, overlay, private=False) for step in steps)
    for step in steps:
        overlay.apply(step)
    mended = [finding for item in draft.chosen if item.action.stage is Stage.ENGINE for finding in item.findings]
    planned.append(
        Planned(
            summary="make the engine reload its settings: no container stops",
            stage=Stage.ENGINE,
            risk=Applicability.SAFE,
            findings=tuple(mended),
            steps=steps,
            diff=described,
        )
    )


def _start(draft: Draft, overlay: OverlayHost, planned: list[Planned], turn: Turn) -> None:
    control, engine, service = turn.control, turn.starts, turn.service
    # containerd first: otherwise dockerd starts its own, with another store.
    names = [name for name, starts in (("containerd", service), (named(control.engine).noun, engine)) if starts]
    _engine(
        draft,
        overlay,
        planned,
        control,
        summary=f"start {' and '.join(names)}"
        + (f" ({_AGAIN.get(control.manager, control.manager)})" if engine else ""),
        stage=Stage.ENGINE,
        steps=(
            *(control.start_containerd_steps() if service else ()),
            *(control.start_steps() if engine else ()),
        ),
    )
    forwarding = SetSysctl(key="net.ipv4.ip_forward", value="1")
    if engine and control.start_steps() and control.turns_forwarding_on and overlay.exists(forwarding.path):
        # Only predicted: the engine does it, and problems with the files behind it belong in this plan.
        for step in forwarding.steps(overlay):
            overlay.apply(step)


def _engine(
    draft: Draft,
    overlay: OverlayHost,
    planned: list[Planned],
    control: EngineControl,
    *,
    summary: str,
    stage: Stage,
    steps: tuple[Step, ...],
) -> None:
    if not steps:
        return
    for step in steps:
        overlay.apply(step)
    mended = [
        finding
        for item in draft.chosen
        for finding in item.findings
        if item.action.stage is Stage.ENGINE and stage is Stage.ENGINE and is_for(item.action, control)
    ]
    ends = control.is_running or any(action.stage is Stage.STOP and action.engine for action in planned)
    planned.append(
        Planned(
            summary=summary,
            stage=stage,
            risk=Applicability.DISRUPTIVE if ends or stage is Stage.STOP else Applicability.SAFE,
            findings=tuple(mended),
            steps=steps,
            diff="\n".join(describe(step, overlay, private=False) for step in steps),
            engine=control.engine,
        )
    )
