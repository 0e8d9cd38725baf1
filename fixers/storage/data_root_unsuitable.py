"""Advise how to give the data root a suitable file system."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def data_root_unsuitable(config: EngineConfig) -> Iterator[Action]:
    """Show the commands; only the user knows which disk to use."""
    root = config.data_root
    yield Advise(
        text=f"findmnt -T {root} shows the file system, lsblk -f the local disks. systemctl stop docker.socket docker.service; mount an"
        f" ext4 or xfs at {root} (mount /dev/DISK {root}) or set data-root in {config.json.path} to a directory on one;"
        " systemctl start docker"
    )
