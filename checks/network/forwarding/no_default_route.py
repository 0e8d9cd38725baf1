"""The host lost its default route, or never had one."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.network.dns import HostDns
from doctor.facts.network.links import Links, is_ipv4
from doctor.facts.network.route_hints import RouteHint, RouteHints, has_default, wants_default


@check(
    severity=Severity.ERROR,
    detail=RouteHints | None,
    breaks=("egress",),
    causes=(
        "network/uplink-down",
        "network/uplink-address-missing",
        "network/uplink-not-as-configured",
        "network/connected-route-missing",
    ),
    ends_anywhere=("no-default-route",),
    ok="the host has a default route",
)
def no_default_route(links: Links, hints: RouteHints | Missing, dns: HostDns | Missing) -> Iterator[Finding]:
    """The host lost its default route, so containers reach only networks that the host is directly connected to.

    What it looks at:
        The IPv4 and IPv6 default routes of the main table. If one is missing: the route recorded by the last healthy scan, and
        gateways in the settings and leases of netplan, cloud-init, systemd-networkd, NetworkManager, ifupdown, ifcfg files and
        dhclient. A host without any record of a default route may be isolated on purpose: the finding is then a remark, or a
        warning if one of the host's name servers is outside its networks; if such a host has a default route of the other family
        or policy routing, nothing is reported. An IPv6 route from router advertisements disappears with its router.

    Why it matters:
        Containers' packets use the host's routes. Without a default route, pulls fail and containers get "Network is
        unreachable".

    How it is fixed:
        The route is added as it was, if its interface is up and the gateway is in the interface's network. It exists until the
        host's network manager sets its routes again; the manager then adds it too if its settings or leases contain it. If the
        sources contradict each other or the record, ``--choose`` asks.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    other = isinstance(hints, Missing)
    known = RouteHints() if isinstance(hints, Missing) else hints
    for version in (4, 6):
        mine = [hint for hint in (*known.items, *known.unfit) if hint.version == version]
        if links.has_policy:
            # Another table may have the route: only a recorded route is known to be missing.
            mine = [hint for hint in mine if hint.is_recorded]
        if mine and not has_default(links, version):
            yield _lost(links, known, mine, version)
            other = True
    if not (other or links.has_policy or has_default(links, 4) or has_default(links, 6)):
        yield from _never(links, () if isinstance(dns, Missing) else _servers(dns))


def _lost(links: Links, known: RouteHints, hints: list[RouteHint], version: int) -> Finding:
    word = "" if version == 4 else "IPv6 "
    other = has_default(links, 6 if version == 4 else 4)
    fit = [hint for hint in hints if hint in known.items]
    why = "" if fit else f", and {hints[0].device} is down or has no address in the gateway's network"
    return Finding(
        subject=Subject("route", "default" if version == 4 else "default (IPv6)"),
        message=f"the host lost its {word}default route{why}: containers reach nothing outside the host's own {word}networks",
        severity=Severity.WARNING if other and version == 6 else None,
        evidence=(
            Evidence("ip route" if version == 4 else "ip -6 route", "no default route"),
            *(Evidence(hint.place, _words(hint)) for hint in hints[:6]),
        ),
        detail=RouteHints(items=tuple(fit), unfit=tuple(hint for hint in hints if hint not in fit)),
    )


def _words(hint: RouteHint) -> str:
    via = f" via {hint.gateway}" if hint.gateway else ""
    return f"default{via} dev {hint.device}"


def _servers(dns: HostDns) -> tuple[str, ...]:
    """Return the IPv4 name servers that the host uses, without itself."""
    here = () if dns.config is None else dns.config.nameservers
    found = dict.fromkeys((*here, *(server for servers in dns.lists for server in servers.outer)))
    return tuple(server for server in found if is_ipv4(server) and not server.startswith("127."))


def _never(links: Links, servers: tuple[str, ...]) -> Iterator[Finding]:
    if not wants_default(links, 4):
        return
    away = [server for server in servers if links.best(server) is None]
    outer = [link for link in links.links if link.ipv4 and "LOOPBACK" not in link.flags and not link.is_engine_bridge]
    names = ", ".join(f"{link.name} ({link.ipv4[0].text})" for link in outer)
    said = f"but its name server {away[0]} is outside its networks" if away else "and no record of one"
    yield Finding(
        subject=Subject("route", "default"),
        message=f"the host has no default route, {said}: containers reach nothing outside the host's own networks",
        severity=Severity.WARNING if away else Severity.INFO,
        evidence=(
            Evidence("ip route", "no default route"),
            Evidence("ip addr", names),
            *(Evidence("name server", server) for server in away[:2]),
        ),
    )
