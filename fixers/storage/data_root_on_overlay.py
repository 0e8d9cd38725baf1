"""Say how the data root gets a disk of its own."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def data_root_on_overlay(config: EngineConfig) -> Iterator[Action]:
    """Which disk is a person to say."""
    root = config.data_root
    yield Advise(
        text=f"findmnt -T {root} shows the overlay. In a container: docker run -v docker-data:{root} …; on a host: lsblk -f, then"
        f" mount /dev/DISK {root}, its line in /etc/fstab, and systemctl restart docker"
    )
