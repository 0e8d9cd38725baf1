"""Advise how to get a kernel with overlayfs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.kernel.features import KernelNeeds
from doctor.facts.kernel.kernel import InstalledKernels


@fixer(applicability=Applicability.MANUAL)
def overlay_unsupported(
    needs: KernelNeeds | Missing,
    installed: InstalledKernels | Missing,
    system: System | Missing,
) -> Iterator[Action]:
    """Advise a reboot if another kernel is installed, otherwise the package with the module."""
    others = installed.releases if isinstance(installed, InstalledKernels) else ()
    if isinstance(needs, KernelNeeds) and not needs.has_tree and others:
        yield Advise(text=f"reboot into the installed kernel {others[-1]}: systemctl reboot")
    elif isinstance(needs, KernelNeeds) and (needs.kernel.vendor or needs.distribution):
        yield Advise(
            text=f"{install(system, needs.package)}, then modprobe overlay (or reboot, if the package is for another kernel)"
        )
    else:
        yield Advise(text="modprobe overlay shows why it can't be loaded; boot a kernel built with CONFIG_OVERLAY_FS")
