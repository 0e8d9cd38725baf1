"""Name the storage driver that holds a container's files."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, EditFile, SetMember, Stage


@fixer(applicability=Applicability.SAFE)
def container_driver_mismatch(finding: Finding) -> Iterator[Action]:
    """Set the one member."""
    detail = finding.detail
    yield EditFile(
        path=detail.path,
        edit=SetMember(path=("Driver",), value=detail.driver),
        what=f"set the storage driver of container {finding.subject.name} to {detail.driver}",
        stage=Stage.MOUNTS,
    )
