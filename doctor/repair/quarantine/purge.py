"""Deletes the originals of a run, on request only: nothing else in doctor deletes what a repair removed.

The journal of the run records the purge first. Killed at any instant, either all originals are there, or the purge is recorded:
then the undo names what it can't restore, and the next purge deletes the rest.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from doctor.model.errors import RefusedError, UsageError
from doctor.model.missing import HostError
from doctor.repair.quarantine.kept import BESIDE, Holding, Original
from doctor.repair.runs.found import find_run
from doctor.repair.runs.journal import Entry
from doctor.repair.steps import moving
from doctor.repair.steps.nodes import Tree

_DAY_S = 86_400
_UNITS = {"h": 3600, "d": _DAY_S, "w": 7 * _DAY_S}


class Selection(Struct, frozen=True):
    """The runs to purge, and those of the wanted ones that are kept, with the reason."""

    chosen: tuple[Holding, ...]
    kept: tuple[tuple[Holding, str], ...] = ()


def age(text: str) -> float:
    """Return an age in seconds; raises ``UsageError``.

    >>> age("36h"), age("2w")
    (129600.0, 1209600.0)
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit() or len(number) > 6:
        raise UsageError(f"'{text}' is not an age", do="give hours, days or weeks: 36h, 30d or 2w")
    return float(number) * _UNITS[unit]


def select(found: Sequence[Holding], runs: Sequence[str], older_than_s: float | None, now: float) -> Selection:
    """Return what to purge: the named runs, those above an age, or without either those that no undo needs.

    Raises ``RefusedError`` for a named run whose originals may not be deleted, and ``UsageError`` for an unknown one.
    """
    names = {find_run(name).name for name in runs}
    wanted = [one for one in found if one.items and (not names or one.run.name in names)]
    if older_than_s is not None:
        wanted = [one for one in wanted if one.started and now - one.started >= older_than_s]
    chosen, kept = [], []
    for one in wanted:
        if one.blocked and names:
            raise RefusedError(
                f"the quarantine of run {one.run.name} is not purged: {one.blocked}",
                where=one.run.path,
                do=_end(one),
            )
        if one.blocked:
            kept.append((one, one.blocked))
        elif one.is_needed and not names and older_than_s is None:
            kept.append((one, "an undo needs it: name it with --run, or give --older-than"))
        else:
            chosen.append(one)
    return Selection(tuple(chosen), tuple(kept))


def _end(one: Holding) -> str:
    return f"'doctor undo {one.run.name}' ends it" if one.result != "unreadable" else f"look at {one.run.path}"


def purge(one: Holding) -> dict[str, str]:
    """Record the purge, then delete the originals of a run; return what remains, with the reason. The caller holds the lock.

    Raises ``RepairError`` if the record can't be written; then nothing was deleted.
    """
    lost = tuple(dict.fromkeys(item.path for item in one.items if item.path))
    one.run.write(Entry(state="purged", result=str(int(time.time())), lost=lost))
    tree = Tree(one.root)
    left = {item.place: why for item in one.items if (why := _delete(tree, item))}
    for top in {item.place.rpartition("/")[0].removeprefix("host:") for item in one.items if BESIDE in item.place}:
        tree.remove_empty(top)
        tree.remove_empty(top.rpartition("/")[0])
    return left


def _delete(tree: Tree, item: Original) -> str:
    """Delete one original, no link followed and no other file system entered; return why it remains, "" if it is gone."""
    try:
        if not item.place.startswith("host:"):
            why = moving.remove(item.place)
            return (why or "it is still there") if os.path.lexists(item.place) else ""
        with tree.parent(item.place.removeprefix("host:")) as (directory, name):
            why = moving.remove(f"/proc/{os.getpid()}/fd/{directory}/{name}")
            with suppress(FileNotFoundError):
                os.stat(name, dir_fd=directory, follow_symlinks=False)
                return why or "it is still there"
    except OSError as error:
        return error.strerror or str(error)
    except HostError as error:
        return error.missing.reason
    return ""
