"""Link resolv.conf to a list of real servers instead of a dead resolver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink
from doctor.facts.network.dns import RESOLV_CONF, HostDns

_START = "start systemd-resolved: systemctl start systemd-resolved"
_START_OTHER = (
    "start the resolver that should listen there (systemctl restart dnsmasq, unbound or NetworkManager); "
    f"or echo nameserver ADDRESS > {RESOLV_CONF}, with the address of a server of your network"
)


@fixer(applicability=Applicability.SAFE)
def resolver_dead(dns: HostDns) -> Iterator[Action]:
    """Link a list of real servers; without one, show advice."""
    target = dns.replacement
    if target is None:
        yield Advise(text=_START if dns.is_stub else _START_OTHER)
        return
    yield MakeSymlink(
        path=RESOLV_CONF, target=target, what=f"make {RESOLV_CONF} a link to {target}", stage=Stage.CONFIG
    )
