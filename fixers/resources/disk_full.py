"""Say what may take the space."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def disk_full(finding: Finding) -> Iterator[Action]:
    """Name commands that show it; what goes is for a person to say."""
    del finding
    yield Advise(
        text="see what takes the space: docker system df -v; journalctl --disk-usage; "
        "then journalctl --vacuum-size=500M, docker image prune or docker builder prune as you see fit"
    )
