"""Advise how to upgrade a vulnerable component."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import Hole
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.MANUAL)
def vulnerable(detail: Hole, system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Show the command that upgrades the component, and the releases with the fix."""
    yield Advise(text=f"{upgrade(system, packages, detail.component)}; releases with the fix: {detail.fixed_in}")
