"""Make a directory of the data root writable."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.writable import writable
from doctor.facts.host.mounts import Mounts


@fixer(applicability=Applicability.SAFE)
def directory_readonly(finding: Finding, mounts: Mounts | Missing) -> Iterator[Action]:
    """Ask if only the mount is read-only; otherwise show how to check the file system."""
    found = () if isinstance(mounts, Missing) else mounts.at(finding.subject.name)
    yield writable(found[-1] if found else None, finding.subject.name)
