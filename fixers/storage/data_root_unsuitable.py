"""Say how the data root gets a file system that it can live on."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def data_root_unsuitable(config: EngineConfig) -> Iterator[Action]:
    """Which disk is a person to say."""
    root = config.data_root
    yield Advise(
        text=f"findmnt -T {root} shows the file system, lsblk -f the local ones. systemctl stop docker.socket docker.service; put an"
        f" ext4 or xfs at {root} (mount /dev/DISK {root}) or name a directory on one as data-root in {config.json.path};"
        " systemctl start docker"
    )
