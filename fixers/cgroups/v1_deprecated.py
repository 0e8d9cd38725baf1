"""Advise how to move the host to version 2."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def v1_deprecated() -> Iterator[Action]:
    """Show the boot option; it takes effect at a reboot."""
    yield Advise(
        text="at a convenient time, add systemd.unified_cgroup_hierarchy=1 to the kernel's command line (GRUB_CMDLINE_LINUX "
        "in /etc/default/grub, and update-grub), then systemctl reboot"
    )
