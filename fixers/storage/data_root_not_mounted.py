"""Mount the disk that /etc/fstab has for the data root."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.mounts import MountPoint


@fixer(applicability=Applicability.SAFE)
def data_root_not_mounted(finding: Finding) -> Iterator[Action]:
    """Mount it where that hides nothing; name the commands otherwise."""
    lost = finding.detail
    if not lost.has_source:
        yield Advise(
            text=f"lsblk -f shows no {lost.source}: attach that disk, then mount {lost.point} and 'doctor scan'"
        )
    elif lost.is_empty:
        yield MountPoint(path=lost.point, source=lost.source, fs_type=lost.fs_type)
    else:
        yield Advise(
            text="systemctl stop docker.socket docker.service, if the engine runs; look at what was written meanwhile (ls -la"
            f" {lost.point}); mv {lost.point} {lost.point}.unmounted; mkdir {lost.point}; mount {lost.point}; systemctl start docker"
        )
