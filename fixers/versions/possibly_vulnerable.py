"""Advise which packages to upgrade, and where the distribution shows the fixes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import PossibleHoles
from doctor.facts.host.package_commands import kernel_upgrade, tracker
from doctor.facts.host.packages import System
from doctor.facts.kernel.kernel import Kernel


@fixer(applicability=Applicability.MANUAL)
def possibly_vulnerable(detail: PossibleHoles, system: System | Missing, kernel: Kernel | Missing) -> Iterator[Action]:
    """Show the commands that upgrade the packages and the kernel."""
    os = system.os if isinstance(system, System) else None
    if detail.packages:
        like = next((name for name in ("ubuntu", "debian") if os is not None and os.is_like(name)), "")
        yield Advise(
            text=f"apt-get install {' '.join(detail.packages)} installs the distribution's newest versions; "
            f"{tracker(like, detail.ids[0])} shows whether {detail.ids[0]} is fixed"
        )
    if detail.kernel_ids:
        vendor = kernel.vendor if isinstance(kernel, Kernel) else ""
        yield Advise(text=kernel_upgrade(vendor or ("" if os is None else os.id), detail.kernel_ids[0]))
