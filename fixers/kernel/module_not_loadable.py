"""Advise how to get the missing module."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.kernel.features import KernelNeeds
from doctor.facts.kernel.kernel import InstalledKernels


@fixer(applicability=Applicability.MANUAL)
def module_not_loadable(
    needs: KernelNeeds, installed: InstalledKernels | Missing, system: System | Missing
) -> Iterator[Action]:
    """Advise a reboot if another kernel is installed, else the package with the running kernel's modules."""
    others = installed.releases if isinstance(installed, InstalledKernels) else ()
    if not needs.has_tree and others:
        yield Advise(text=f"reboot into the installed kernel {others[-1]}: systemctl reboot")
    else:
        yield Advise(
            text=f"{install(system, needs.package)}; if it is no longer available, install the current kernel and systemctl reboot"
        )
