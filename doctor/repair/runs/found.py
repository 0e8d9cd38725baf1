"""Finds all runs of this host, in the order of their numbers, and the unfinished one.

A run that can't be read is set aside and reported; the others are used. Only the newest one may be unfinished after a crash,
because no repair begins while another is unfinished.
"""

import os
import time

from msgspec import Struct

from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.state.paths import runs_dir
from doctor.state.trust import refuse_weak


class Known(Struct, frozen=True):
    """A readable run, with its plan and result ("" if it is unfinished)."""

    run: RunDirectory
    plan: PlanRecord
    result: str


class Aside(Struct, frozen=True):
    """An unreadable run: the reason, and whether it may have changes that were not rolled back."""

    run: RunDirectory
    why: DoctorError
    may_be_unfinished: bool


def survey() -> tuple[tuple[Known, ...], tuple[Aside, ...]]:
    """Return the runs, oldest first, and those set aside. Raises ``RefusedError`` if others can write to their directory."""
    known: list[Known] = []
    aside: list[Aside] = []
    # A later repair proves that it was finished, whatever its journal says.
    is_over = False
    for run in reversed(_all()):
        found = _read(run, is_over=is_over)
        if isinstance(found, Aside):
            aside.append(found)
        else:
            known.append(found)
            is_over = is_over or not found.plan.undoes
    return tuple(reversed(known)), tuple(reversed(aside))


def _read(run: RunDirectory, *, is_over: bool) -> Known | Aside:
    is_open = not is_over
    try:
        journal = run.journal()
        # With only one line it has changed nothing.
        is_open = is_open and not journal.result and len(journal.entries) + len(journal.damaged) > 1
        plan = run.plan()
    except DoctorError as error:
        return Aside(run, error, is_open)
    if is_over and not journal.result:
        why = RefusedError("its journal does not have its result", where=run.path)
        return Aside(run, why, may_be_unfinished=False)
    return Known(run, plan, journal.result)


def _all() -> list[RunDirectory]:
    if not os.path.isdir(runs_dir()):
        return []
    refuse_weak(runs_dir(), "the directory of repairs")
    try:
        names = os.listdir(runs_dir())
    except OSError as error:
        raise RefusedError(f"can't list the repairs: {error.strerror}", where=runs_dir()) from error
    runs = [RunDirectory(os.path.join(runs_dir(), name)) for name in names if not name.startswith(".")]
    runs = [
        run for run in runs if any(os.path.lexists(os.path.join(run.path, name)) for name in ("plan.json", "journal"))
    ]
    return sorted(runs, key=lambda run: (run.number, run.name))


def find_run(name: str) -> RunDirectory:
    """Return the run with this name or number; raises ``UsageError``."""
    for run in _all():
        if name == run.name or (run.number and name.isdigit() and int(name) == run.number):
            return run
    raise UsageError(f"there is no repair '{name}'", do="see 'doctor undo --list'")


def unfinished() -> Known | None:
    """Return the run that a crash left unfinished, or ``None``.

    An unfinished undo has priority over its repair: it must be continued. Raises ``RefusedError`` if the newest run can't be
    read and may be unfinished: then the state of the host is unknown.
    """
    known, aside = survey()
    for one in aside:
        if one.may_be_unfinished:
            raise RefusedError(
                f"run {one.run.name} is the newest and may be unfinished, and {one.why.what}",
                where=one.why.where,
                do=one.why.do,
            )
    found = [one for one in known if not one.result]
    return next((one for one in found if one.plan.undoes), found[0] if found else None)


def new_name(now: float) -> str:
    """Return a new run id: the next number, then the time, for display."""
    return f"{max((run.number for run in _all()), default=0) + 1:04}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}"
