"""Advise how to upgrade to the current series."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.MANUAL)
def engine_eol(system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Show the command; an upgrade restarts containers and can break settings, so the user chooses the time."""
    yield Advise(
        text=f"{upgrade(system, packages, 'engine', 'cli')}, after reading https://docs.docker.com/engine/deprecated/; it"
        " restarts the containers"
    )
