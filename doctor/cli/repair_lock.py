"""Shared by ``doctor fix --apply`` and ``doctor undo``: the lock, SIGHUP, and unfinished repairs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from doctor.cli.common import SharedOptions
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
            _warn_left(shared)
            raise
        finally:
            signal.signal(signal.SIGHUP, before)


def warn_unfinished(shared: SharedOptions) -> None:
    """Warn about a repair that is running, or that a crash left unfinished. Never raises for what it finds."""
    if not os.path.isdir(runs_dir()):
        return
    from doctor.repair.apply import who_is_at_work

    pid = who_is_at_work()
    if pid:
        shared.progress(f"another doctor (process {pid}) is changing this host: these results may be out of date")
        return
    _warn_left(shared)


def warn_aside(shared: SharedOptions) -> None:
    """Name the runs that can't be read and are skipped."""
    from doctor.repair.runs.found import survey

    for one in survey()[1]:
        if not one.may_be_unfinished:
            shared.progress(f"note: run {one.run.name} is skipped: {one.why}")


def _warn_left(shared: SharedOptions) -> None:
    from doctor.repair.runs.found import unfinished

    try:
        left = unfinished()
    except DoctorError as error:
        shared.progress(f"note: {error}")
        return
    if left is None:
        return
    if left.plan.undoes:
        shared.progress(f"the undo of repair {left.plan.undoes} is unfinished: 'doctor undo' finishes it")
    else:
        shared.progress(
            f"repair {left.run.name} is unfinished: 'doctor undo' rolls it back, 'doctor fix --resume' finishes it"
        )
