"""Advise how to upgrade a vulnerable kernel."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import kernel_upgrade
from doctor.facts.host.packages import System
from doctor.facts.kernel.details import OpenHole
from doctor.facts.kernel.kernel import Kernel


@fixer(applicability=Applicability.MANUAL)
def vulnerable(detail: OpenHole, kernel: Kernel, system: System | Missing) -> Iterator[Action]:
    """Show the command that upgrades the kernel, and where the vendor shows whether it has the fix."""
    vendor = kernel.vendor or (system.os.id if isinstance(system, System) else "")
    yield Advise(text=kernel_upgrade(vendor, detail.id, detail.fixed_in))
