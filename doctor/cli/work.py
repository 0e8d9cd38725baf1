"""What ``doctor fix --apply`` and ``doctor undo`` share: being alone, a lost terminal, and what an interruption leaves."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from doctor.cli.common import Shared
from doctor.model.errors import DoctorError
from doctor.state.paths import runs_dir


@contextmanager
def at_work(shared: Shared) -> Iterator[None]:
    """Be the only doctor that changes this host, and finish though the terminal hangs up (a lost ssh connection).

    Raises ``RefusedError`` where another doctor is at work.
    """
    from doctor.repair.apply import alone

    with alone():
        # A handler and not SIG_IGN: what doctor starts (an engine) must not inherit it.
        before = signal.signal(signal.SIGHUP, lambda *_: None)
        try:
            yield
        except KeyboardInterrupt:
            _tell_left(shared)
            raise
        finally:
            signal.signal(signal.SIGHUP, before)


def tell_unfinished(shared: Shared) -> None:
    """Say that a repair is under way, or that a crash left one half done. Never raises for what it finds."""
    if not os.path.isdir(runs_dir()):
        return
    from doctor.repair.apply import who_is_at_work

    pid = who_is_at_work()
    if pid:
        shared.progress(f"another doctor (process {pid}) is at work on this host: what is seen here may change")
        return
    _tell_left(shared)


def tell_aside(shared: Shared) -> None:
    """Say which runs can't be read; nothing else stops because of them."""
    from doctor.repair.runs import survey

    for one in survey()[1]:
        if not one.may_be_unfinished:
            shared.progress(f"note: run {one.run.name} is set aside: {one.why}")


def _tell_left(shared: Shared) -> None:
    from doctor.repair.runs import unfinished

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
