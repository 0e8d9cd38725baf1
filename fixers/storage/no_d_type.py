"""Say how the file system is made again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def no_d_type(config: EngineConfig) -> Iterator[Action]:
    """Ftype is chosen when an xfs is made, never after."""
    root = config.data_root
    yield Advise(
        text=f"xfs_info {root} shows ftype=0. docker save what you need; systemctl stop docker.socket docker.service; umount {root};"
        f" mkfs.xfs -f -n ftype=1 /dev/DISK, which erases it; mount {root}; systemctl start docker; docker load"
    )
