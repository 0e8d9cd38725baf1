"""A file that no check knows more of is a person's to judge."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def file_undecodable(finding: Finding) -> Iterator[Action]:
    """Say how to put the file back."""
    yield Advise(
        text=f"systemctl stop docker.socket docker.service; cp -a it back to {finding.subject.name} from a backup; without one, mv it to"
        " /root/, and 'doctor scan' shows what the engine loses without it"
    )
