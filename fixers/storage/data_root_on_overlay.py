"""Advise how to give the data root its own disk."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def data_root_on_overlay(config: EngineConfig) -> Iterator[Action]:
    """Show the commands; only the user knows which disk to use."""
    root = config.data_root
    yield Advise(
        text=f"findmnt -T {root} shows the overlay. In a container: docker run -v docker-data:{root} …; on a host: lsblk -f, then"
        f" mount /dev/DISK {root}, add its line to /etc/fstab, and systemctl restart docker"
    )
