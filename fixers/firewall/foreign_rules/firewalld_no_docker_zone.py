"""Show how to add a bridge to firewalld."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfLink


@fixer(applicability=Applicability.MANUAL)
def firewalld_no_docker_zone(detail: OfLink) -> Iterator[Action]:
    """Advise: a reload of firewalld affects every service of the host."""
    yield Advise(
        text=f"add the bridge to firewalld's zone: firewall-cmd --permanent --zone=docker --add-interface={detail.name}"
        " && firewall-cmd --reload (a running dockerd then recreates its rules)"
    )
