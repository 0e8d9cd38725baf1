"""ufw does not filter published ports."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.networks import Networks


@check(severity=Severity.INFO, security=True, ok="no published port bypasses ufw")
def ufw_bypassed(files: FirewallFiles, networks: Networks, firewall: Firewall | Missing) -> Iterator[Finding]:
    """Published ports are open to everybody although ufw is active, because their packets bypass its rules.

    What it looks at:
        ``ENABLED=yes`` in /etc/ufw/ufw.conf, and ports that running containers publish on all addresses. If DOCKER-USER leads
        to a chain of ufw, as with the rules of ufw-docker, ufw filters them: then there is nothing to say.

    Why it matters:
        ufw filters packets to the host itself (INPUT). Packets to a published port are translated earlier and forwarded: ``ufw
        deny 8080`` closes nothing. Many databases were exposed in this way.

    How it is fixed:
        Doctor does not change it: publish on an address (``-p 127.0.0.1:8080:80``), or add the rule to DOCKER-USER.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-and-ufw
    """
    ports = list(dict.fromkeys(port.text for _, _, port in networks.published() if port.is_any and port.host_port))
    if files.ufw_enabled and ports and not _asks_ufw(firewall):
        shown = ", ".join(ports[:5]) + (f" and {len(ports) - 5} more" if len(ports) > 5 else "")
        yield Finding(
            subject=Subject("service", "ufw"),
            message=f"ufw does not filter published ports: {shown} {'is' if len(ports) == 1 else 'are'} open to everybody",
            evidence=(Evidence("/etc/ufw/ufw.conf", "ENABLED=yes"),),
        )


def _asks_ufw(firewall: Firewall | Missing) -> bool:
    """Whether DOCKER-USER leads packets to a chain of ufw."""
    if isinstance(firewall, Missing) or firewall.v4 is None:
        return False
    return any(" -j ufw-" in rule.text for rule in firewall.v4.rules("filter", "DOCKER-USER"))
