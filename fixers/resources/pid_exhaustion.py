"""Raise the limits of tasks."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.host.details import TasksFull
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def pid_exhaustion(detail: TasksFull, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Double the limits that are nearly reached, now and for the next boot."""
    if not detail.settings:
        yield Advise(
            text="the limits are at the kernel's maximum: find the program that creates the tasks (ps -eLf); if it runs in a container, limit it with --pids-limit"
        )
    for key, value in detail.settings:
        yield SetSysctl(key=key, value=str(value))
        if isinstance(files, SysctlFiles):
            yield from persist_sysctl(key, str(value), files)
