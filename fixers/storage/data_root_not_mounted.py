"""Mount the data root's disk from /etc/fstab."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.mounts import MountPoint
from doctor.facts.storage.driver import Unmounted


@fixer(applicability=Applicability.SAFE)
def data_root_not_mounted(detail: Unmounted) -> Iterator[Action]:
    """Mount the disk if that hides no files; otherwise show the commands."""
    if not detail.has_source:
        yield Advise(
            text=f"lsblk -f shows no {detail.source.replace('=', ' ')}: attach that disk, then mount {detail.point} and 'doctor scan'"
        )
    elif detail.is_empty:
        yield MountPoint(path=detail.point, source=detail.source, fs_type=detail.fs_type)
    else:
        yield Advise(
            text="systemctl stop docker.socket docker.service, if the engine runs; check the files written since (ls -la"
            f" {detail.point}); mv {detail.point} {detail.point}.unmounted; mkdir {detail.point}; mount {detail.point}; systemctl start docker"
        )
