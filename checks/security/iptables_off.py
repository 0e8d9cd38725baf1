"""The engine creates no firewall rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig


@check(severity=Severity.WARNING, breaks=("egress", "port"), ok="the engine creates its firewall rules")
def iptables_off(config: EngineConfig) -> Iterator[Finding]:
    """The engine creates no firewall rules, so containers may reach nothing outside and networks are not isolated.

    What it looks at:
        ``iptables`` in daemon.json or a flag.

    Why it matters:
        Without the engine's NAT rules, a container's packets leave with an address that other hosts can't reply to, published
        ports depend on the slow userland proxy, and networks are not isolated from each other. Another program may create these
        rules instead.

    How it is fixed:
        ``--choose`` removes the setting. If another program creates the rules (masquerade, DNAT, isolation), waive the finding.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#prevent-docker-from-manipulating-iptables
    """
    if config.get("iptables") is False:
        setting = config.setting("iptables")
        yield Finding(
            subject=Subject("setting", "iptables"),
            message="the engine creates no firewall rules: containers may reach nothing outside, and networks are not isolated",
            evidence=(Evidence(setting.place, "iptables: false"),),
        )
