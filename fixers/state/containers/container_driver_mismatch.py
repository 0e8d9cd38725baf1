"""Set the storage driver that holds a container's files."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import SetMember
from doctor.facts.containers.details import DriverWrong


@fixer(applicability=Applicability.SAFE)
def container_driver_mismatch(finding: Finding, detail: DriverWrong) -> Iterator[Action]:
    """Set ``Driver``."""
    yield EditFile(
        path=detail.path,
        edit=SetMember(path=("Driver",), value=detail.driver),
        what=f"set the storage driver of container {finding.subject.name} to {detail.driver}",
        stage=Stage.MOUNTS,
    )
