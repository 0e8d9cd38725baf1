"""Rename the older of two containers with the same name."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import SetMember
from doctor.facts.containers.details import NameTaken


@fixer(applicability=Applicability.SAFE)
def container_name_duplicate(finding: Finding, detail: NameTaken) -> Iterator[Action]:
    """Append the short ID to its name; prevent it from taking the other one's port or address at the next start."""
    yield EditFile(
        path=detail.path,
        edit=SetMember(path=("Name",), value=f"/{detail.name}"),
        what=f"rename container {finding.subject.name} to {detail.name}",
        stage=Stage.MOUNTS,
    )
    if detail.rivals:
        yield EditFile(
            path=detail.host_path,
            edit=SetMember(path=("RestartPolicy", "Name"), value="no"),
            what=f"set the restart policy of container {detail.name} to no: the other container uses its "
            f"{' and its '.join(detail.rivals)}",
            stage=Stage.MOUNTS,
        )
