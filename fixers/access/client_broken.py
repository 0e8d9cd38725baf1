"""Show the package that brings the docker command back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.access.client_programs import BrokenClient
from doctor.facts.host.package_commands import reinstall_file
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def client_broken(detail: BrokenClient, system: System | Missing) -> Iterator[Action]:
    """Advise: doctor installs no packages."""
    again = reinstall_file(system, detail.path, None)
    yield Advise(text=again or f"reinstall the package that has {detail.path} (dpkg -S {detail.path} names it)")
