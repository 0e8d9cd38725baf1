"""Finds what a rollback or an undo has not restored, by comparing each path on the host, not by the absence of errors."""

import os
from collections.abc import Collection, Iterator, Sequence

from doctor.host.base import Host
from doctor.model.errors import DoctorError
from doctor.model.paths import is_beneath
from doctor.model.report import HalfDone
from doctor.model.step import (
    Attributes,
    CharacterDevice,
    Directory,
    File,
    KernelValue,
    Move,
    Netlink,
    Put,
    Reload,
    Run,
    Signal,
    StartContainers,
    Step,
    Symlink,
)
from doctor.model.text import plural
from doctor.repair.planning.foresee import hindrance
from doctor.repair.runs.journal import Before
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.steps.inverse import inverse
from doctor.repair.steps.moving import are_alike
from doctor.repair.steps.nodes import Tree
from doctor.repair.steps.perform import StepFailure
from doctor.repair.steps.unchanged import is_as, is_done
from doctor.state.files import atomic_write
from doctor.state.paths import runs_dir

_AS_WAS = "it differs from its state before the repair"


def unrestored(
    run: RunDirectory, record: PlanRecord, failures: Sequence[StepFailure], keeps: Collection[str] = ()
) -> tuple[HalfDone, ...]:
    """Return the remaining changes of a run: each path that differs from before, each failed reversal.

    Paths that the undo ``keeps``, or that were restored before the engine wrote them again, are left out.
    """
    why = {
        failure.step.path: failure.why
        for failure in failures
        if isinstance(failure.step, Put | Move | Attributes | KernelValue)
    }
    left = [
        HalfDone(
            action=action,
            what=path,
            why=why.get(path, _AS_WAS),
            original=_original(run, record, number, before),
            do=_next(run, record, path),
        )
        for action, number, path, before in _different(run, record)
        if path not in keeps
    ]
    left += [
        HalfDone(
            action=failure.undoes,
            what=_words(failure.step),
            why=failure.why,
            original="",
            do=f"retry with 'doctor undo {run.name}'",
        )
        for failure in failures
        if not isinstance(failure.step, Put | Move | Attributes | KernelValue)
    ]
    return tuple(sorted(left, key=lambda one: one.action))


class Restored:
    """The restored paths in the data roots, recorded just before the engine starts and writes them again."""

    def __init__(self, run: RunDirectory, record: PlanRecord) -> None:
        self._run = run
        self._record = record
        self.paths: set[str] = set()

    def look(self) -> None:
        """Record them."""
        differs = {path for _, _, path, _ in _different(self._run, self._record)}
        steps = [step for action in self._record.actions for step in action.steps]
        paths = {getattr(steps[number], key, "") for number in self._run.journal().begun for key in ("path", "to")}
        tops = self._record.data_roots
        self.paths = {path for path in paths - differs if any(is_beneath(path, top) for top in tops)}


def _words(step: Step) -> str:
    match step:
        case Run(argv=argv) if argv:
            return " ".join(argv)
        case Run():
            return "start of the engine"
        case Signal(pid=pid) | Reload(pid=pid):
            return f"process {pid}"
        case StartContainers(containers=containers):
            return f"start of {plural(len(containers), 'container')}"
        case Netlink(do=(kind, verb, arguments)):
            return " ".join((kind, verb, *(f"{key} {value}" for key, value in arguments.items())))
    return getattr(step, "path", "")


def _different(run: RunDirectory, record: PlanRecord) -> Iterator[tuple[int, int, str, Before]]:
    """Yield action, step, path and original for each path that differs from its state before the first step."""
    tree = Tree(record.root)
    owner = [(action.number, step) for action in record.actions for step in action.steps]
    seen: set[str] = set()
    moved: list[str] = []
    for number, before in run.journal().begun.items():
        action, step = owner[number]
        for path, is_same in _places(tree, step, before):
            # The entries of a moved directory are at its new path.
            if path in seen or any(is_beneath(path, top) for top in moved):
                continue
            seen.add(path)
            if not is_same:
                yield action, number, path, before
        if isinstance(step, Move):
            moved += [step.path, step.to] if step.to else [step.path]


def _places(tree: Tree, step: Step, before: Before) -> Iterator[tuple[str, bool]]:
    """Yield the paths that a step changes, and whether each is restored; one that can't be examined is not."""
    match step:
        case Put(path=path):
            yield path, _is_sure(tree, path, before)
        case Attributes(path=path):
            yield path, all(is_done(tree, back) for back in inverse(step, before))
        case KernelValue(path=path):
            for back in inverse(step, before):
                if isinstance(back, KernelValue) and os.path.exists(f"{tree.root.rstrip('/')}{back.path}"):
                    yield back.path, is_done(tree, back)
        case Move(path=path, to=to):
            # Its destination may have the displaced node again.
            yield path, is_back(tree, "" if to else before.moved_to, path)
            if to:
                # A displaced node must be restored; otherwise nothing may be there.
                yield to, is_back(tree, before.displaced, to) if before.displaced else not _is_there(tree, to)


def is_back(tree: Tree, kept: str, path: str) -> bool:
    """Whether a moved node is restored; a copy may still be in doctor's own directory if that is read-only."""
    if not _is_there(tree, path):
        return False
    if not kept or not _is_there(tree, kept):
        return True
    return kept.startswith(runs_dir() + "/") and are_alike(kept, tree.root.rstrip("/") + path)


def _is_sure(tree: Tree, path: str, before: Before) -> bool:
    try:
        return is_as(tree, path, before.node, before.meta)
    except (OSError, DoctorError):
        return False


def _is_there(tree: Tree, path: str) -> bool:
    if path.startswith(runs_dir() + "/"):
        return os.path.lexists(path)
    try:
        return tree.lstat(path.removeprefix("host:")) is not None
    except OSError:
        return False


def _original(run: RunDirectory, record: PlanRecord, number: int, before: Before) -> str:
    """Return the place of the original; a short content is extracted from the journal."""
    if before.moved_to:
        return before.moved_to.replace("host:", record.root.rstrip("/"), 1)
    match before.node:
        case File(blob=blob) if blob:
            return blob
        case File(content=content):
            path = run.backup_file(number)
            try:
                atomic_write(path, content)
            except OSError:
                return f"in the journal, as step {number}: {run.path}/journal"
            return path
        case Symlink(target=target):
            return f"a symbolic link to {target}"
        case CharacterDevice(major=major, minor=minor):
            return f"a character device {major}:{minor}"
        case Directory():
            return f"the directory itself, with mode {before.meta.mode:04o}" if before.meta else ""
    if before.values:
        return ", ".join(f"{path} = {value}" for path, value in before.values.items())
    return "nothing was there before" if before.meta is None else f"mode {before.meta.mode:04o}"


def _next(run: RunDirectory, record: PlanRecord, path: str) -> str:
    """Return the next command: the one that resolves the hindrance, if any, then the undo."""
    again = f"'doctor undo {run.name}'"
    found = hindrance(_host(record), Attributes(path=path)) or hindrance(_host(record), Move(path=path))
    return f"{found.do}, then {again}" if found else f"retry with {again}"


def _host(record: PlanRecord) -> Host:
    from doctor.host.recorded import RootHost  # noqa: PLC0415 - only after a failure

    return RootHost(record.root)
