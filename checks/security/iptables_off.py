"""The engine creates no firewall rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.translation import untranslated
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks


@check(severity=Severity.WARNING, security=True, breaks=("egress", "port"), ok="the engine creates its firewall rules")
def iptables_off(
    config: EngineConfig, firewall: Firewall | Missing, networks: Networks | Missing, links: Links | Missing
) -> Iterator[Finding]:
    """The engine creates no firewall rules, so containers may reach nothing outside and networks are not isolated.

    What it looks at:
        ``iptables`` in daemon.json or a flag, and whether rules of this host translate the addresses of each network: then this is
        only a note.

    Why it matters:
        Without the engine's NAT rules, a container's packets leave with an address that other hosts can't reply to, published
        ports depend on the slow userland proxy, and networks are not isolated from each other. Another program may create these
        rules instead.

    How it is fixed:
        ``--choose`` removes the setting. If another program creates the rules (masquerade, DNAT, isolation), waive the finding.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#prevent-docker-from-manipulating-iptables
    """
    if config.get("iptables") is not False:
        return
    setting = config.setting("iptables")
    has_own = _has_own_rules(firewall, networks, links)
    follows = (
        "rules of this host translate containers' addresses; whether networks are isolated depends on them too"
        if has_own
        else "containers may reach nothing outside, and networks are not isolated"
    )
    yield Finding(
        subject=Subject("setting", "iptables"),
        message=f"the engine creates no firewall rules: {follows}",
        evidence=(Evidence(setting.place, "iptables: false"),),
        severity=Severity.INFO if has_own else None,
    )


def _has_own_rules(firewall: Firewall | Missing, networks: Networks | Missing, links: Links | Missing) -> bool:
    if isinstance(firewall, Missing) or isinstance(networks, Missing) or firewall.v4 is None or not networks.bridges:
        return False
    return not any(untranslated(firewall.v4, firewall.foreign.values(), networks, links))
