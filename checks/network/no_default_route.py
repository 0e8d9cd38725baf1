"""The host has no default route."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.links import Links


@check(severity=Severity.WARNING, breaks=("egress", "image"), ok="the host has a default route")
def no_default_route(links: Links) -> Iterator[Finding]:
    """The host has no default route, so containers reach only networks that the host is directly connected to.

    What it looks at:
        Default routes of the main table, IPv4 and IPv6, while a real interface has a global IPv4 address. Hosts with policy
        routing or with an IPv6 default route are not judged.

    Why it matters:
        Containers' packets leave the way the host's own do. Without a default route pulls fail and containers get "Network is
        unreachable". A host that is cut off on purpose is the exception: waive the finding there.

    How it is fixed:
        The route belongs to the host's network manager (netplan, NetworkManager, networkd, ifupdown): only a person knows the
        gateway.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    if links.has_policy or any(route.destination == "default" and route.table == "main" for route in links.routes):
        return
    outer = links.outer()
    if outer:
        names = ", ".join(f"{link.name} ({link.ipv4[0].text})" for link in outer)
        yield Finding(
            subject=Subject("route", "default"),
            message="containers reach nothing beyond the host's own networks: the host has no default route",
            evidence=(Evidence("ip route", "no default route"), Evidence("ip addr", names)),
        )
