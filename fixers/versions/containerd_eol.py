"""Advise how to upgrade containerd."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.MANUAL)
def containerd_eol(system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Show the command; the user chooses the time."""
    yield Advise(
        text=f"{upgrade(system, packages, 'containerd')}; the engine reconnects, and running containers keep running"
    )
