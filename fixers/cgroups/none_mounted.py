"""Advise how to mount control groups."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def none_mounted() -> Iterator[Action]:
    """Show the command; the init system normally mounts them, and the cause of its failure is not known here."""
    yield Advise(
        text="mount -t cgroup2 none /sys/fs/cgroup (without systemd, install the package cgroupfs-mount, which does it at boot), "
        "then start the engine"
    )
