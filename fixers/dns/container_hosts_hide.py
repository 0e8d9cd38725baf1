"""Remove the lines of a hosts file that hide other containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.files import WriteInPlace
from doctor.facts.path.ends.files import ChangedFile


@fixer(applicability=Applicability.SAFE)
def container_hosts_hide(detail: ChangedFile) -> Iterator[Action]:
    """Remove these lines; every other line stays as it is."""
    yield WriteInPlace(path=detail.path, now=detail.now, wanted=detail.wanted, container=detail.container)
