"""Say how control groups get mounted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def none_mounted() -> Iterator[Action]:
    """Mounting is the init system's: what stopped it has to be found first."""
    yield Advise(
        text="mount -t cgroup2 none /sys/fs/cgroup (without systemd also at each boot: package cgroupfs-mount), "
        "then start the engine"
    )
