"""Orders actions and lowers them to steps, each on the prediction of those before it."""

from collections.abc import Iterable, Iterator

from doctor.facts.secrets.redact import MASK
from doctor.host.overlay import OverlayHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, is_beneath, parent
from doctor.model.step import Attributes, File, Meta, Move, Put, Step, touches
from doctor.repair.planning.around import concerned, halt, reload, start
from doctor.repair.planning.diff import describe
from doctor.repair.planning.draft import Draft, Planned

_NAMED = 8
_MASK = MASK.encode()


def lower(draft: Draft) -> tuple[OverlayHost, tuple[Planned, ...]]:
    """Order the chosen actions, lower them on a new prediction, and add the engine's stop and start around them."""
    overlay = OverlayHost(draft.host)
    planned: list[Planned] = []
    ordered = sorted(draft.chosen, key=lambda item: item.action.stage)
    turns = concerned(draft, ordered, lambda action: _steps(action, overlay, draft))
    first = draft.first
    starts = any(turn.control is first and turn.starts for turn in turns)
    reloads = first is not None and draft.is_running and not starts and any(item.reloads for item in ordered)
    stopped = False
    started = False
    for item in ordered:
        action = item.action
        if not stopped and action.stage > Stage.GUARD:
            halt(draft, overlay, planned, turns)
            stopped = True
        if not started and action.stage > Stage.ENGINE:
            start(draft, overlay, planned, turns)
            started = True
        if reloads and action.stage > Stage.ENGINE:
            reload(draft, overlay, planned)
            reloads = False
        if action.stage is Stage.ENGINE:
            continue  # the plan's own start or reload, which resolves its findings
        steps, diff = _lower_one(action, overlay, draft)
        if steps:
            planned.append(
                Planned(
                    summary=item.summary,
                    stage=action.stage,
                    risk=item.risk,
                    findings=tuple(item.findings),
                    steps=steps,
                    diff=diff,
                    action=action,
                )
            )
    if not stopped:
        halt(draft, overlay, planned, turns)
    if not started:
        start(draft, overlay, planned, turns)
    if reloads:
        reload(draft, overlay, planned)
    return overlay, tuple(planned)


def _steps(action: Action, overlay: OverlayHost, draft: Draft) -> Iterable[Step]:
    """Lower without effect, to find the paths that an action changes."""
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
        # It could be lowered when it was chosen: an earlier action has made it unnecessary.
        return (), ""
    return tuple(steps), "\n".join(line for line in lines if line)


def _refuse_mask(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> None:
    if writes_mask(step, overlay, data_roots):
        raise DoctorError("a masked value would be written", where=getattr(step, "path", ""))


def writes_mask(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> bool:
    """Whether a step writes the mask of a secret into a file of the host that did not have it before."""
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
    """Yield the steps at their real paths; a file of a data root with hard links is moved away, not written or replaced.

    The other names may be a backup made with hard links (``cp -al``, rsnapshot): its content must not change, and an undo that
    moves the file back restores all its names. Outside of data roots such a file is written in place, like in an editor.
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
    """Return owner and mode of a file with hard links, ``None`` for a file without."""
    path = HostPath(step.path)
    try:
        found = overlay.lstat(path, follow=False)
        if found.kind != "f" or found.nlink < 2:
            return None
        return Meta(mode=found.mode, uid=found.uid, gid=found.gid, xattrs=overlay.xattrs(path))
    except HostError:
        return None


def canonical(step: Step, overlay: OverlayHost, data_roots: tuple[str, ...]) -> Step:
    """Follow links in the parent directories of a step's path (/var/run → /run), but none below a data root."""
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
