"""Set the loopback interface of a container up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import LoopbackDown


@fixer(applicability=Applicability.SAFE)
def container_lo_down(finding: Finding, detail: LoopbackDown) -> Iterator[Action]:
    """Set it up, in the container's network namespace."""
    yield ChangeLink(
        do=("link", "set", {"dev": "lo", "state": "up"}),
        undo=("link", "set", {"dev": "lo", "state": "down"}),
        pid=detail.pid,
        inode=detail.inode,
        what=f"set lo up in container {finding.subject.name}",
    )
