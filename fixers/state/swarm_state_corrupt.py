"""Say where the swarm node's state comes from."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def swarm_state_corrupt(finding: Finding) -> Iterator[Action]:
    """Advise to restore it."""
    yield Advise(
        text=f"restore {finding.subject.name} from a backup, or write the node's addresses into it as another manager's file has "
        "them; keep a copy of the whole swarm directory first"
    )
