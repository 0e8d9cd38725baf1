"""Advise how to enable a missing controller."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.kernel import Kernel


@fixer(applicability=Applicability.MANUAL)
def controller_missing(finding: Finding, cgroups: Cgroups, kernel: Kernel | Missing) -> Iterator[Action]:
    """Show the boot option, or the mount command for version 1."""
    name = finding.subject.name
    known = cgroups.kernel.get(name)
    disabled = kernel.option("cgroup_disable") if isinstance(kernel, Kernel) else None
    if disabled is not None and name in disabled.split(","):
        yield Advise(
            text=f"remove cgroup_disable={disabled} from the kernel's command line (grep -rn cgroup_disable "
            "/etc/default/grub /boot shows where it is set), then systemctl reboot"
        )
    elif cgroups.mode == "v2" or (known is not None and not known.enabled):
        yield Advise(
            text=f"sed -i '1s/$/ cgroup_enable={name} cgroup_memory=1/' /boot/firmware/cmdline.txt (Raspberry Pi; elsewhere add"
            f" cgroup_enable={name} to GRUB_CMDLINE_LINUX in /etc/default/grub, and update-grub), then systemctl reboot"
        )
    else:
        yield Advise(
            text=f"mkdir -p /sys/fs/cgroup/{name} && mount -t cgroup -o {name} cgroup /sys/fs/cgroup/{name}, then restart the engine"
        )
