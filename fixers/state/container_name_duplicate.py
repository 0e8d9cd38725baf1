"""Give the later of two containers a name of its own."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, EditFile, SetMember, Stage


@fixer(applicability=Applicability.SAFE)
def container_name_duplicate(finding: Finding) -> Iterator[Action]:
    """Append the short id to its name."""
    detail = finding.detail
    yield EditFile(
        path=detail.path,
        edit=SetMember(path=("Name",), value=f"/{detail.name}"),
        what=f"rename container {finding.subject.name} to {detail.name}",
        stage=Stage.MOUNTS,
    )
