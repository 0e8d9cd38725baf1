"""Shared by ``doctor fix --apply`` and ``doctor undo``: the lock, SIGHUP, and unfinished repairs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from msgspec.structs import replace

from doctor.cli.common import SharedOptions
from doctor.host.base import Host
from doctor.model.errors import DoctorError
from doctor.state.paths import runs_dir


@contextmanager
def at_work(shared: SharedOptions) -> Iterator[None]:
    """Hold the lock for changing this host, and ignore SIGHUP (a lost ssh connection).

    Raises ``RefusedError`` if another doctor holds the lock.
    """
    from doctor.repair.apply import alone

    with alone():
        # A handler, not SIG_IGN: child processes (an engine) would inherit SIG_IGN.
        before = signal.signal(signal.SIGHUP, lambda *_: None)
        try:
            yield
        except KeyboardInterrupt:
            _left(shared)
            raise
        finally:
            signal.signal(signal.SIGHUP, before)


def warn_unfinished(host: Host, shared: SharedOptions) -> str:
    """Warn about a repair that is running, or that a crash left unfinished, even if quiet. Never raises for what it finds.

    Return why ``host`` may be half repaired, "" if it is not: by a repair of another root, or one that is only planned.
    """
    if not os.path.isdir(runs_dir()):
        return ""
    from doctor.repair.apply import who_is_at_work

    loud = replace(shared, quiet=False)
    pid = who_is_at_work()
    if pid:
        loud.progress(f"another doctor (process {pid}) is changing this host: these results may be out of date")
        left = _left(replace(shared, quiet=True))
    else:
        left = _left(loud)
    if not left.says or (left.root and os.path.realpath(left.root) != os.path.realpath(host.root)):
        return ""
    return f"another doctor (process {pid}) is changing this host" if pid else left.says


def warn_aside(shared: SharedOptions) -> None:
    """Name the runs that can't be read and are skipped."""
    from doctor.repair.runs.found import survey

    for one in survey()[1]:
        if not one.may_be_unfinished:
            shared.progress(f"note: run {one.run.name} is skipped: {one.why}")


class _Left(NamedTuple):
    """A sentence on the unfinished run, "" without one, and the root that it changes, "" if unknown."""

    says: str
    root: str


def _left(shared: SharedOptions) -> _Left:
    """Show the repair that a crash left unfinished, and return it."""
    from doctor.repair.runs.found import unfinished

    try:
        left = unfinished()
    except DoctorError as error:
        shared.progress(f"note: {error}")
        return _Left(f"it is unknown whether a repair is unfinished ({error.what})", "")
    if left is None:
        return _Left("", "")
    if left.plan.undoes:
        says = f"the undo of repair {left.plan.undoes} is unfinished: 'doctor undo' finishes it"
    else:
        says = f"repair {left.run.name} is unfinished: 'doctor undo' rolls it back, 'doctor fix --resume' finishes it"
    shared.progress(says)
    return _Left(says, left.plan.root)
