"""Bring a container's config back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, CopyOver


@fixer(applicability=Applicability.SAFE)
def container_config_corrupt(finding: Finding) -> Iterator[Action]:
    """Put a whole temporary file in its place; without one, say where the container's files are."""
    detail = finding.detail
    if detail.sibling is not None:
        yield CopyOver(
            source=detail.sibling,
            path=detail.path,
            what=f"restore the config of container {finding.subject.name} from the file that dockerd was about to rename",
        )
        return
    files = f"; the files it wrote are in {detail.layer}" if detail.layer else ""
    yield Advise(text=f"restore {detail.path} from a backup, or create the container again{files}")
