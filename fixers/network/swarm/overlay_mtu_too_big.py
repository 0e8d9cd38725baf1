"""Advise how to create an overlay network with a smaller MTU."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.details import OverlayMtu


@fixer(applicability=Applicability.MANUAL)
def overlay_mtu_too_big(detail: OverlayMtu) -> Iterator[Action]:
    """Show the command; services and containers have to leave the network first."""
    option = f"com.docker.network.driver.mtu={detail.mtu}"
    yield Advise(
        text=f"remove the network from its services, then: docker network rm {quote(detail.network)}; docker network create -d overlay --opt {option} {quote(detail.network)}"
    )
