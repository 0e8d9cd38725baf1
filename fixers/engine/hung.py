"""Advise how to find out why the engine hangs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import EngineHung


@fixer(applicability=Applicability.MANUAL)
def hung(detail: EngineHung) -> Iterator[Action]:
    """Show the command that continues a stopped process, else the one that saves the engine's stack traces.

    A restart would lose the traces, and somebody may have stopped the process on purpose: the user decides.
    """
    if detail.stopped_pid:
        yield Advise(text=f"kill -CONT {detail.stopped_pid}")
        return
    yield Advise(
        text=f"kill -USR1 {detail.pid} writes the engine's stack traces to a file that its log names; then restart the engine"
    )
