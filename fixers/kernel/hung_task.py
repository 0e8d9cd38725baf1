"""Advise how to find why a process hangs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def hung_task(finding: Finding) -> Iterator[Action]:
    """Show the commands; a process in the kernel can't be ended."""
    pid = finding.message.rpartition("process ")[2].partition(",")[0]
    yield Advise(
        text=f"see where it waits: cat /proc/{pid}/stack; restore the disk or the server of that mount (findmnt -t nfs,nfs4,cifs); else reboot"
    )
