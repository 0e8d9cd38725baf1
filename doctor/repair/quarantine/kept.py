"""Finds the originals that each run keeps for its undo: in its own directory, and beside the data root that they came from."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec import Struct

from doctor.host.recorded import RootHost
from doctor.model.errors import DoctorError
from doctor.model.step import File
from doctor.repair.runs.found import survey, unfinished
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.runs.whose import refuse_other

_BUDGET_S = 2.0
BESIDE = "/.doctor-quarantine/"
"""The directory in a data root for originals that are not on the file system of doctor's own files."""


class Original(Struct, frozen=True, kw_only=True):
    """One original.

    Attributes:
        place: where it is kept; a path that begins with "host:" is below the root of the run.
        path: its path on the host before the repair, "" if the journal does not know it.
    """

    place: str
    path: str = ""


class Holding(Struct, frozen=True, kw_only=True):
    """The originals that one run keeps.

    Attributes:
        run: the run; ``root`` the root of its paths, ``started`` its time in seconds since the epoch (0.0: unknown).
        result: its result, in words.
        items: the originals.
        size_bytes: their allocated size; ``is_partial`` if there was no time to count all of it.
        is_needed: whether ``doctor undo`` of this run needs them.
        blocked: why they may not be deleted at all, "" if they may.
        purged: the time of the last purge, 0.0 without one.
    """

    run: RunDirectory
    root: str
    started: float
    result: str
    items: tuple[Original, ...] = ()
    size_bytes: int = 0
    is_partial: bool = False
    is_needed: bool = False
    blocked: str = ""
    purged: float = 0.0


def holdings() -> tuple[Holding, ...]:
    """Return each run that keeps originals or was purged, oldest first. Raises ``RefusedError`` for an untrusted directory."""
    deadline = time.monotonic() + _BUDGET_S
    known, aside = survey()
    open_runs = _open_runs()
    found = [_holding(one.run, one.plan, one.result, open_runs, deadline) for one in known]
    for other in aside:
        items = tuple(_inside(other.run, {}))
        size_bytes, is_whole = _sizes(items, "/", deadline)
        found.append(
            Holding(
                run=other.run,
                root="/",
                started=0.0,
                result="unreadable",
                items=items,
                size_bytes=size_bytes,
                is_partial=not is_whole,
                is_needed=True,
                blocked=f"its record can't be read ({other.why.what})",
            )
        )
    return tuple(sorted((one for one in found if one.items or one.purged), key=lambda one: one.run.number))


def _open_runs() -> frozenset[str]:
    """Return the names of the unfinished run, and of the one that it undoes."""
    try:
        left = unfinished()
    except DoctorError:
        # It can't be read, and blocks itself.
        return frozenset()
    return frozenset() if left is None else frozenset({left.run.name, left.plan.undoes} - {""})


def _holding(run: RunDirectory, plan: PlanRecord, result: str, open_runs: frozenset[str], deadline: float) -> Holding:
    items = tuple(_items(run, plan))
    size_bytes, is_whole = _sizes(items, plan.root, deadline)
    return Holding(
        run=run,
        root=plan.root,
        started=plan.started,
        result=(result or "unfinished").partition(":")[0],
        items=items,
        size_bytes=size_bytes,
        is_partial=not is_whole,
        is_needed=_is_needed(plan, result),
        blocked=_blocked(run, result, open_runs),
        purged=run.journal().purged,
    )


def _is_needed(plan: PlanRecord, result: str) -> bool:
    """Whether an undo of the run needs its originals; nobody repeats a repair that failed and was rolled back."""
    return result not in {"undone", "rolled back"} and not (plan.is_rollback and result == "applied")


def _blocked(run: RunDirectory, result: str, open_runs: frozenset[str]) -> str:
    if run.name in open_runs or not result or result.startswith("stopped"):
        return "it is unfinished, and has the only copy of what is not restored yet"
    if result == "rolled back in part":
        return "it was not rolled back completely, and has the only copy of what is not restored yet"
    return ""


def _items(run: RunDirectory, plan: PlanRecord) -> Iterator[Original]:
    """Yield what exists; a run of a disk that is not mounted now shows what is in its own directory."""
    steps = [step for action in plan.actions for step in action.steps]
    paths: dict[str, str] = {}
    for number, before in run.journal().begun.items():
        step = steps[number] if number < len(steps) else None
        paths[before.moved_to] = getattr(step, "path", "")
        paths[before.displaced] = getattr(step, "to", "")
        if isinstance(before.node, File) and before.node.blob:
            paths[before.node.blob] = getattr(step, "path", "")
    yield from _inside(run, paths)
    if _is_of_another_disk(plan, paths):
        return
    for place, path in paths.items():
        # Only this run's own directory: an undo moves nodes into the quarantine of the run that it undoes.
        if (
            place.startswith("host:")
            and f"{BESIDE}{run.name}/" in place
            and os.path.lexists(on_machine(place, plan.root))
        ):
            yield Original(place=place, path=path)


def _is_of_another_disk(plan: PlanRecord, places: Iterable[str]) -> bool:
    """Whether another disk or data root than that of the run is now at its root: a copy may have the same quarantine."""
    if not any(place.startswith("host:") for place in places):
        return False
    try:
        refuse_other(plan, RootHost(plan.root))
    except DoctorError:
        return True
    return False


def _inside(run: RunDirectory, paths: dict[str, str]) -> Iterator[Original]:
    for folder in ("backup", "quarantine"):
        top = os.path.join(run.path, folder)
        with suppress(OSError):
            for name in sorted(os.listdir(top)):
                place = os.path.join(top, name)
                yield Original(place=place, path=paths.get(place, ""))


def on_machine(place: str, root: str) -> str:
    """Return the path of a kept original on this machine."""
    return root.rstrip("/") + place.removeprefix("host:") if place.startswith("host:") else place


def _sizes(items: tuple[Original, ...], root: str, deadline: float) -> tuple[int, bool]:
    """Return the allocated bytes of some originals, and whether all were counted."""
    total = 0
    seen: set[tuple[int, int]] = set()
    left = [on_machine(item.place, root) for item in items]
    while left:
        if time.monotonic() > deadline:
            return total, False
        here = left.pop()
        with suppress(OSError):
            found = os.lstat(here)
            if found.st_nlink > 1 and (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            total += found.st_blocks * 512
            if found.st_mode & 0o170000 == 0o040000:
                with os.scandir(here) as entries:
                    left += [entry.path for entry in entries]
    return total, True
