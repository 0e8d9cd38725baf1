"""Say how to keep what containerd no longer lists."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def containerd_snapshot_db_lost(finding: Finding) -> Iterator[Action]:
    """A list that is gone can't be made up: only a person has a backup of it, and room for a copy."""
    detail = finding.detail
    yield Advise(
        text=f"start neither the engine nor containerd, and remove nothing: copy {' and '.join(detail.beside)} away "
        f"('cp -a'), then restore {detail.path} from a backup of the same age"
    )
