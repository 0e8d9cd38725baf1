"""Advise which kernel has the feature."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.kernel.features import KernelNeeds


@fixer(applicability=Applicability.MANUAL)
def feature_missing(finding: Finding, needs: KernelNeeds, system: System | Missing) -> Iterator[Action]:
    """Show the distribution's kernel, or the options for a custom kernel."""
    found = next((judged for judged in needs.judged if judged.feature.name == finding.subject.name), None)
    options = " or ".join(f"CONFIG_{option}" for option in found.feature.options) if found is not None else ""
    if needs.kernel.vendor or needs.distribution:
        yield Advise(
            text=f"{install(system, needs.package)}, then reboot: the distribution's standard kernel is built with {options}"
        )
    else:
        yield Advise(
            text=f"grep -E CONFIG_ /boot/config-$(uname -r) shows how the kernel was built: build it with {options}, or boot a "
            "distribution's kernel"
        )
