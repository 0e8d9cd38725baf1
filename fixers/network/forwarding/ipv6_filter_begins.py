"""Advise how the containers stay reachable by IPv6."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def ipv6_filter_begins(finding: Finding) -> Iterator[Action]:
    """Only the user knows which hosts use these addresses."""
    yield Advise(
        text=f"publish the ports of containers in network {finding.subject.name} that other hosts need (docker run -p), or after the "
        "upgrade recreate the network with -o com.docker.network.bridge.gateway_mode_ipv6=routed"
    )
