"""The administrator must judge a file that has no check of its own."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def file_undecodable(finding: Finding) -> Iterator[Action]:
    """Show how to restore the file."""
    yield Advise(
        text=f"systemctl stop docker.socket docker.service; restore {finding.subject.name} from a backup with cp -a; without one, mv it to"
        " /root/, and 'doctor scan' shows what the engine loses without it"
    )
