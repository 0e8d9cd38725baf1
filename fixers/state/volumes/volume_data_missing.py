"""Show where a volume's data may be."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.volumes.details import DataGone


@fixer(applicability=Applicability.MANUAL)
def volume_data_missing(finding: Finding, detail: DataGone) -> Iterator[Action]:
    """Advise to find the data, never to create an empty directory, unless it is only a mount point of the volume's options."""
    if detail.is_mount_point:
        yield Advise(
            text=f"the volume's options mount its data on {detail.path}: 'docker volume inspect {finding.subject.name}' shows"
            f" the source; mkdir {detail.path}, and check that the source has the data"
        )
        return
    yield Advise(
        text=f"find the data of volume {finding.subject.name} and move it to {detail.path}: on an unmounted file system "
        "('findmnt --fstab'), in lost+found, in a backup; don't create it empty: a database would initialize itself again"
    )
