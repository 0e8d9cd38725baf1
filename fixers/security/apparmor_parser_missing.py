"""Name the package with apparmor_parser."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def apparmor_parser_missing(system: System | Missing) -> Iterator[Action]:
    """Advise: doctor installs no packages."""
    yield Advise(text=f"{install(system, 'apparmor')}, then systemctl restart docker")
