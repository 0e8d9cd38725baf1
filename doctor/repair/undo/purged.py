"""Originals of a run that a purge deleted, and the runs that still have them."""

import os
import re
import time
from collections.abc import Iterator

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.repair.quarantine.kept import holdings, on_machine
from doctor.repair.runs.found import Known, find_run, survey
from doctor.repair.runs.record import PlanRecord, RunDirectory

_SHOWN = 10
_OF_RUN = r"/(\d{4,}-\d{8}-\d{6})/"


def lost_originals(run: RunDirectory, record: PlanRecord) -> dict[str, float]:
    """Return the paths whose originals were purged, each with the time of the purge.

    An undo moves nodes back into the quarantine of the run that it undoes: a purge of that run deletes them.
    """
    journal = run.journal()
    found = dict.fromkeys(journal.lost_paths, journal.purged)
    steps = [step for action in record.actions for step in action.steps]
    for number, before in journal.begun.items():
        place, step = before.moved_to, steps[number] if number < len(steps) else None
        owner = re.search(_OF_RUN, place)
        if owner is None or owner[1] == run.name or os.path.lexists(on_machine(place, record.root)):
            continue
        try:
            purged = find_run(owner[1]).journal().purged
        except (DoctorError, UsageError):
            continue
        if purged:
            found.setdefault(getattr(step, "path", ""), purged)
    return {path: day for path, day in found.items() if path}


def refuse_purged(run: RunDirectory, record: PlanRecord, lost: dict[str, float]) -> None:
    """Raise ``RefusedError`` if originals of the run were purged; it names the runs that still have them."""
    if not lost:
        return
    kept = list(_holders(run, record, lost))
    gone = [path for path in lost if not any(path in paths for _, paths in kept)]
    parts = [f"run {name} still has the original of {_listed(paths)}" for name, paths in kept]
    if gone:
        parts.insert(0, f"no longer restorable: {_listed(gone)}")
    day = time.strftime("%Y-%m-%d", time.localtime(max(lost.values())))
    others = "".join(f"'doctor undo {name}' restores those; " for name, _ in kept[:1])
    raise RefusedError(
        f"the quarantine of run {run.name} was purged on {day}; {'; '.join(parts)}",
        where=run.path,
        do=f"nothing was changed; {others}'doctor undo {run.name} --force' undoes the rest of the repair, if there is a rest",
    )


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}"


def _holders(run: RunDirectory, record: PlanRecord, lost: dict[str, float]) -> Iterator[tuple[str, list[str]]]:
    """Yield the runs whose undo leads to the same state: the repair, and each undo of an undo of it; newest first."""
    plans = {one.run.name: one for one in survey()[0]}
    wanted = _origin(record, run.name, plans)
    able = {name for name, one in plans.items() if one.result == "applied" and _origin(one.plan, name, plans) == wanted}
    for one in reversed(holdings()):
        paths = [path for path in lost if any(item.path == path for item in one.items)]
        if one.run.name in able and one.run.name != run.name and paths:
            yield one.run.name, paths


def _origin(record: PlanRecord, name: str, plans: dict[str, Known]) -> tuple[str, bool]:
    """Return the repair at the beginning of a chain of undos, and whether the run restores the state before it."""
    is_even = True
    while record.undoes and record.undoes in plans:
        name, record, is_even = record.undoes, plans[record.undoes].plan, not is_even
    return name, is_even
