"""Collects former default routes. Nothing is read if each family has one, or needs none."""

from ipaddress import ip_address

from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.network.links import Links
from doctor.facts.network.route_hints import RouteHint, RouteHints, fits, has_default, wants_default
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def route_hints(host: Host, links: Links, record: KeptNetworkRecord | Missing) -> RouteHints:
    """Return the known routes; absent if no family lacks a default route."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "routes exist only in the kernel of a running host"))
    recorded = () if isinstance(record, Missing) else record.routes
    # A route from router advertisements disappears with its router; it must not be added statically.
    kept = [route for route in recorded if route.protocol != "ra" and not has_default(links, route.version)]
    versions = {route.version for route in kept} | {v for v in (4, 6) if wants_default(links, v)}
    if not versions:
        raise HostError(Missing(Why.ABSENT, "each family has a default route, or needs none"))
    found: dict[tuple[str, str], RouteHint] = {}
    if not isinstance(record, Missing):
        for route in kept:
            seen = RouteHint(
                version=route.version, device=route.device, gateway=route.gateway, metric=route.metric,
                place=f"{record.path}, {record.age}", is_recorded=True,
            )  # fmt: skip
            found[seen.device, seen.gateway] = seen
    from doctor.collect.network.known_gateways import GatewayReader, devices  # noqa: PLC0415 - only where a route is missing

    reader = GatewayReader(host, links)
    for place, gateway in reader.all():
        for device in devices(links, gateway):
            hint = _hint(device, gateway.address, gateway.metric, place)
            if hint is not None:
                found.setdefault((hint.device, hint.gateway), hint)
    hints = [hint for hint in found.values() if hint.version in versions]
    fit = [hint for hint in hints if fits(links, hint.device, hint.gateway)]
    return RouteHints(items=tuple(fit), unfit=tuple(hint for hint in hints if hint not in fit), gaps=tuple(reader.gaps))


def _hint(device: str, gateway: str, metric: int, place: str) -> RouteHint | None:
    try:
        address = ip_address(gateway)
    except ValueError:
        return None
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        return None
    return RouteHint(version=address.version, device=device, gateway=str(address), metric=metric, place=place)
