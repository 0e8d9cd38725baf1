"""Link resolv.conf to an existing server list."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.resolver import link_resolver_list
from doctor.facts.network.dns import HostDns


@fixer(applicability=Applicability.SAFE)
def resolv_dangling(dns: HostDns) -> Iterator[Action]:
    """Link the list that a program of the host has written; without one, show advice."""
    yield from link_resolver_list(dns.replacement)
