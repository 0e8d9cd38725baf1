"""Advise how to create a file system with d_type."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def no_d_type(config: EngineConfig) -> Iterator[Action]:
    """Show the commands; ftype can be set only when an xfs is created."""
    root = config.data_root
    yield Advise(
        text=f"xfs_info {root} shows ftype=0. docker save the images that you need; systemctl stop docker.socket docker.service; umount {root};"
        f" mkfs.xfs -f -n ftype=1 /dev/DISK (this erases the disk); mount {root}; systemctl start docker; docker load"
    )
