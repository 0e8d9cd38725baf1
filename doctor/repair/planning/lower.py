"""Ordering and lowering: from chosen actions to steps, each seen on the prediction of those before it."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from doctor.api.actions.kernel import SetSysctl
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.facts.secrets.redact import MASK
from doctor.host.base import Host
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.finding import Finding
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, is_beneath, parent
from doctor.model.report import ManualFix
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Attributes, File, Meta, Move, Put, Step, touches
from doctor.plugins.catalog import Catalog
from doctor.repair.planning.choose import Answers
from doctor.repair.planning.diff import describe
from doctor.repair.planning.obstacle import Obstacle
from doctor.scan.resolve import Facts
from doctor.scan.risk import info_after_reload

_NAMED = 8
_MASK = MASK.encode()


class Planned(Struct, frozen=True, kw_only=True):
    """One action in its place. ``engine`` marks the stop and start that the plan itself puts in."""

    summary: str
    stage: Stage
    risk: Applicability
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    diff: str
    action: Action | None = None
    engine: bool = False


class Chosen(Struct, kw_only=True):
    """One action that the plan takes.

    Attributes:
        risk: the worst judged for any finding that it mends.
        reloads: the running engine takes its effect by a reload, so that it needs no restart.
    """

    action: Action
    risk: Applicability
    findings: list[Finding]
    reloads: bool = False

    @property
    def restarts(self) -> bool:
        """Whether it asks for a stop and start of the engine."""
        return self.action.needs_engine_restart and not self.reloads


class Draft(Struct):
    """The plan while it grows.

    Attributes:
        facts: those of the host as it is.
        judged: what the repair of each finding costs, by fingerprint.
        opened: what a person chose to open to others.
        manual: what is left to a person, by fingerprint; judged anew in each round.
        asked: questions beside actions that are done either way, by fingerprint.
        answers: what was chosen on the command line.
        stops_service: whether an action writes what a containerd holds that is a service of its own and runs.
        blocked: why no engine may be stopped or started by it, ``None`` if it may.
    """

    host: Host
    catalog: Catalog
    ids: tuple[str, ...]
    allow: Applicability
    wanted: frozenset[str]
    data_roots: tuple[str, ...]
    control: EngineControl | None
    facts: Facts
    deep: bool
    chosen: list[Chosen] = []
    judged: dict[str, Applicability] = {}
    opened: set[str] = set()
    manual: dict[str, ManualFix] = {}
    asked: dict[str, ManualFix] = {}
    answers: Answers = msgspec.field(default_factory=Answers)
    handled: set[str] = set()
    stops_service: bool = False
    blocked: Obstacle | None = None

    @property
    def is_running(self) -> bool:
        """Whether an engine holds the data root."""
        return self.control is not None and self.control.is_running


def lower(draft: Draft) -> tuple[OverlayHost, tuple[Planned, ...]]:
    """Order the chosen actions, lower them on a fresh prediction, and put the engine's stop and start around them."""
    overlay = OverlayHost(draft.host)
    planned: list[Planned] = []
    ordered = sorted(draft.chosen, key=lambda item: item.action.stage)
    stop = draft.is_running and any(
        item.restarts or any(touches(step, draft.data_roots) for step in _steps(item.action, overlay, draft))
        for item in ordered
    )
    service = draft.stops_service
    starts = stop or any(item.restarts and item.action.stage is Stage.ENGINE for item in ordered)
    reloads = draft.is_running and not starts and any(item.reloads for item in ordered)
    halt, start = stop or service, starts or service
    stopped = False
    started = False
    for item in ordered:
        action = item.action
        if halt and not stopped and action.stage > Stage.GUARD:
            _halt(draft, overlay, planned, service=service)
            stopped = True
        if start and not started and action.stage > Stage.ENGINE:
            _start(draft, overlay, planned, engine=starts, service=service)
            started = True
        if reloads and action.stage > Stage.ENGINE:
            _reload(draft, overlay, planned)
            reloads = False
        if action.stage is Stage.ENGINE:
            continue  # the plan's own start or reload, which is credited with its findings
        steps, diff = _lower_one(action, overlay, draft)
        if steps:
            planned.append(
                Planned(
                    summary=action.summary,
                    stage=action.stage,
                    risk=item.risk,
                    findings=tuple(item.findings),
                    steps=steps,
                    diff=diff,
                    action=action,
                )
            )
    if halt and not stopped:
        _halt(draft, overlay, planned, service=service)
    if start and not started:
        _start(draft, overlay, planned, engine=starts, service=service)
    if reloads:
        _reload(draft, overlay, planned)
    return overlay, tuple(planned)


def _steps(action: Action, overlay: OverlayHost, draft: Draft) -> Iterable[Step]:
    """Lower without effect, to see what an action touches."""
    try:
        for step in action.steps(overlay):
            yield canonical(step, overlay, draft.data_roots)
    except (HostError, DoctorError):
        return


def _lower_one(action: Action, overlay: OverlayHost, draft: Draft) -> tuple[tuple[Step, ...], str]:
    steps: list[Step] = []
    lines: list[str] = []
    try:
        for step in _unlinked(action.steps(overlay), overlay, draft.data_roots):
            private = touches(step, draft.data_roots)
            _refuse_mask(step, overlay, draft.data_roots)
            lines.append(describe(step, overlay, private=private))
            overlay.apply(step)
            steps.append(step)
    except (HostError, DoctorError):
        # It could be lowered when it was chosen: an earlier action has taken its ground away, and with it the need.
        return (), ""
    return tuple(steps), "\n".join(line for line in lines if line)


def _refuse_mask(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> None:
    if writes_mask(step, overlay, data_roots):
        raise DoctorError("a masked value would be written", where=getattr(step, "path", ""))


def writes_mask(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> bool:
    """Whether a step writes what stands for a secret in reports into a file of the host, where it was not before."""
    if touches(step, data_roots) or not (isinstance(step, Put) and isinstance(step.node, File)):
        return False
    if _MASK not in step.node.content:
        return False
    try:
        was = overlay.read(HostPath(step.path), follow=False)
    except HostError:
        was = b""
    return step.node.content.count(_MASK) > was.count(_MASK)


def _unlinked(steps: Iterable[Step], overlay: OverlayHost, data_roots: tuple[str, ...]) -> Iterator[Step]:
    """Yield the steps at their real places; a file of a data root with further names is moved away, not written or replaced.

    The other names may be a backup made with hard links (``cp -al``, rsnapshot): its content must stay, and an undo that moves
    the file back gives it all its names again. Outside of data roots such a file is written in place, as an editor does.
    """
    for raw in steps:
        step = canonical(raw, overlay, data_roots)
        if isinstance(step, Put) and isinstance(step.node, File) and touches(step, data_roots):
            meta = _of_linked(step, overlay)
            if meta is not None:
                yield Move(path=step.path)
                step = Put(path=step.path, node=step.node, meta=step.meta or meta)
        yield step


def _of_linked(step: Put, overlay: OverlayHost) -> Meta | None:
    """Return what a hard-linked file has by way of owner and mode, ``None`` for one without further names."""
    path = HostPath(step.path)
    try:
        found = overlay.lstat(path, follow=False)
        if found.kind != "f" or found.nlink < 2:
            return None
        return Meta(mode=found.mode, uid=found.uid, gid=found.gid, xattrs=overlay.xattrs(path))
    except HostError:
        return None


def canonical(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> Step:
    """Follow links in the directories above a step's path (/var/run → /run), but none beneath a data root."""
    if not isinstance(step, Put | Move | Attributes) or any(is_beneath(step.path, top) for top in data_roots):
        return step
    directory = overlay.resolve(parent(HostPath(step.path)))
    path = f"{directory.rstrip('/')}/{step.path.rstrip('/').rpartition('/')[2]}"
    if path == step.path:
        return step
    match step:
        case Put(node=node, meta=meta):
            return Put(path=path, node=node, meta=meta)
        case Move(to=to):
            return Move(path=path, to=to)
        case Attributes():
            return Attributes(
                path=path,
                mode=step.mode,
                uid=step.uid,
                gid=step.gid,
                xattrs=step.xattrs,
                flags=step.flags,
                mtime_ns=step.mtime_ns,
            )


def _halt(draft: Draft, overlay: OverlayHost, planned: list[Planned], *, service: bool) -> None:
    control = draft.control
    if control is None:
        return
    names = [name for name, ends in (("the engine", control.is_running), ("containerd", service)) if ends]
    _engine(
        draft,
        overlay,
        planned,
        summary=f"stop {' and '.join(names)}{_with_it(control)}"
        + (f" ({control.manager})" if control.is_running else ""),
        stage=Stage.STOP,
        steps=control.stop_steps(with_containerd=service),
    )
    if control.is_running and planned:
        fates = [one.fate for one in control.stopping]
        planned[-1] = replace(planned[-1], diff="\n".join((planned[-1].diff, *fates)))


def _with_it(control: EngineControl) -> str:
    """Return which containers stop with the engine, in a few words; the plan's lines have each."""
    if control.keeps:
        return f"; its containers run on, {control.keeps} of them (live-restore)"
    names = [one.container.name for one in control.stopping]
    more = len(names) - _NAMED + control.unnamed if len(names) > _NAMED else control.unnamed
    text = ", ".join(names[:_NAMED]) + (f" and {more} more" if more else "")
    if not text:
        return ""
    return f" and with it {'container' if len(names) + control.unnamed == 1 else 'containers'} {text.removeprefix(' and ')}"


def _reload(draft: Draft, overlay: OverlayHost, planned: list[Planned]) -> None:
    """Make the running engine read daemon.json again; what it says of itself then is foreseen."""
    if draft.control is None:
        return
    predicts: tuple[Answer, ...] = ()
    with suppress(HostError):
        config = Facts(overlay).get(EngineConfig)
        info = overlay.engine("/info")
        if isinstance(config, EngineConfig) and info.status == 200:
            said = info_after_reload(info.body, config.json.value)
            predicts = (Answer(ask=("GET", "/info"), stdout=said, exit=200),)
    steps = draft.control.reload_steps(predicts)
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


def _start(draft: Draft, overlay: OverlayHost, planned: list[Planned], *, engine: bool, service: bool) -> None:
    control = draft.control
    if control is None:
        return
    # containerd first: a dockerd that finds none starts one of its own, with another store.
    names = [name for name, starts in (("containerd", service), ("the engine", engine)) if starts]
    _engine(
        draft,
        overlay,
        planned,
        summary=f"start {' and '.join(names)}" + (f" ({control.manager})" if engine else ""),
        stage=Stage.ENGINE,
        steps=(
            *(control.start_containerd_steps() if service else ()),
            *(control.start_steps() if engine else ()),
        ),
    )
    forwarding = SetSysctl(key="net.ipv4.ip_forward", value="1")
    if engine and control.start_steps() and control.turns_forwarding_on and overlay.exists(forwarding.path):
        # Only foreseen: the engine does it, and what then is wrong with the files behind it belongs in this plan.
        for step in forwarding.steps(overlay):
            overlay.apply(step)


def _engine(
    draft: Draft, overlay: OverlayHost, planned: list[Planned], *, summary: str, stage: Stage, steps: tuple[Step, ...]
) -> None:
    if not steps:
        return
    for step in steps:
        overlay.apply(step)
    mended = [
        finding
        for item in draft.chosen
        for finding in item.findings
        if item.action.stage is Stage.ENGINE and stage is Stage.ENGINE
    ]
    ends = draft.is_running or any(action.stage is Stage.STOP and action.engine for action in planned)
    planned.append(
        Planned(
            summary=summary,
            stage=stage,
            risk=Applicability.DISRUPTIVE if ends or stage is Stage.STOP else Applicability.SAFE,
            findings=tuple(mended),
            steps=steps,
            diff="\n".join(describe(step, overlay, private=False) for step in steps),
            engine=True,
        )
    )
