"""Say where a volume's data may be."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.volumes.details import DataGone


@fixer(applicability=Applicability.MANUAL)
def volume_data_missing(finding: Finding, detail: DataGone) -> Iterator[Action]:
    """Advise to look for it, never to make an empty one; only where a volume's options mount something it is a mere place."""
    if detail.is_mount_point:
        yield Advise(
            text=f"the volume's options mount its data on {detail.path}: 'docker volume inspect {finding.subject.name}' shows"
            f" from where; mkdir {detail.path}, and the data itself is where the options say"
        )
        return
    yield Advise(
        text=f"find the data of volume {finding.subject.name} and move it to {detail.path}: an unmounted file system "
        "('findmnt --fstab'), lost+found, a backup; an empty directory there would make a database set itself up anew"
    )
