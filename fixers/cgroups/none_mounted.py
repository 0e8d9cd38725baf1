"""Say how control groups get mounted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def none_mounted(finding: Finding) -> Iterator[Action]:
    """Mounting is the init system's: what stopped it has to be found first."""
    del finding
    yield Advise(
        text="mount -t cgroup2 none /sys/fs/cgroup (without systemd also at each boot: package cgroupfs-mount), "
        "then start the engine"
    )
