"""Say which package brings iptables."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def iptables_missing(finding: Finding, system: System | Missing) -> Iterator[Action]:
    """Advise: doctor installs no packages."""
    del finding
    yield Advise(text=f"{install(system, 'iptables')}, then systemctl restart docker")
