"""Say which package brings iptables."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def iptables_missing(finding: Finding) -> Iterator[Action]:
    """Advise: doctor installs no packages."""
    del finding
    yield Advise(
        text="install the package iptables (apt-get install iptables, dnf install iptables-nft), then restart docker"
    )
