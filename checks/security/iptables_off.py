"""The engine makes no firewall rules."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig


@check(severity=Severity.WARNING, breaks=("egress", "port"), ok="the engine makes its own firewall rules")
def iptables_off(config: EngineConfig) -> Iterator[Finding]:
    """The engine is told to make no firewall rules, so ports are not published and containers don't reach out, unless someone
    else makes them.

    What it looks at:
        ``iptables`` of daemon.json or a flag.

    Why it matters:
        Without NAT rules of its own a container's packets leave with an address that nobody routes back, published ports rely on the
        slow proxy, and networks are not kept apart from each other.

    How it is fixed:
        ``--choose`` removes the setting; whoever makes the rules (masquerade, DNAT, isolation) elsewhere waives the finding.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#prevent-docker-from-manipulating-iptables
    """
    if config.get("iptables") is False:
        setting = config.setting("iptables")
        yield Finding(
            subject=Subject("setting", "iptables"),
            message="the engine makes no firewall rules: containers reach nothing and networks are not kept apart",
            evidence=(Evidence(setting.place, "iptables: false"),),
        )
