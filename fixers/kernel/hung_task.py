"""Advise how to find why a process hangs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.kernel.details import HungProcess


@fixer(applicability=Applicability.MANUAL)
def hung_task(detail: HungProcess) -> Iterator[Action]:
    """Show the commands; a process in the kernel can't be ended."""
    yield Advise(
        text=f"see where it waits: cat /proc/{detail.pid}/stack; restore the disk or the server of that mount (findmnt -t nfs,nfs4,cifs); else reboot"
    )
