"""Reads what the host knows of a default route that is gone. Nothing is read while each family has one, or needs none."""

import json
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_address

from doctor.facts.links import Links
from doctor.facts.network_record import NetworkRecord
from doctor.facts.route_hints import RouteHint, RouteHints, fits, has_default, wants_default
from doctor.formats import gateways
from doctor.formats.gateways import Gateway
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_MAX_BYTES = 1 << 20
_MANY_FILES = 64
Read = Callable[[str], Iterable[Gateway]]
_DIRECTORIES: tuple[tuple[str, str, Read], ...] = (
    ("/etc/netplan", "*.yaml", gateways.netplan),
    ("/run/netplan", "*.yaml", gateways.netplan),
    ("/etc/cloud/cloud.cfg.d", "*.cfg", gateways.netplan),
    ("/etc/systemd/network", "*.network", gateways.networkd),
    ("/run/systemd/network", "*.network", gateways.networkd),
    ("/etc/NetworkManager/system-connections", "*", gateways.keyfile),
    ("/run/NetworkManager/system-connections", "*", gateways.keyfile),
    ("/etc/network", "interfaces", gateways.ifupdown),
    ("/etc/network/interfaces.d", "*", gateways.ifupdown),
    ("/var/lib/dhcp", "*lease*", gateways.dhclient),
    ("/var/lib/dhclient", "*lease*", gateways.dhclient),
    ("/var/lib/NetworkManager", "dhclient-*", gateways.dhclient),
    ("/etc/sysconfig", "network", gateways.ifcfg),
    ("/etc/sysconfig/network", "routes", gateways.route_lines),
)
_BY_NAME: tuple[tuple[str, str, Callable[[str, str], Iterable[Gateway]]], ...] = (
    ("/etc/sysconfig/network-scripts", "ifcfg-", gateways.ifcfg),
    ("/etc/sysconfig/network-scripts", "route-", gateways.route_lines),
    ("/etc/sysconfig/network", "ifcfg-", gateways.ifcfg),
    ("/etc/sysconfig/network", "ifroute-", gateways.route_lines),
)


@collector
def route_hints(host: Host, links: Links, record: NetworkRecord | Missing) -> RouteHints:
    """Return what is known; absent where no family lacks a default route."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "routes live in the kernel of a running host"))
    recorded = () if isinstance(record, Missing) else record.routes
    # A route that a router announced goes when that router goes; nobody may put it there in its place.
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
    reader = _Reader(host, links)
    for place, gateway in reader.all():
        for device in _devices(links, gateway):
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


def _devices(links: Links, gateway: Gateway) -> list[str]:
    """Return the interfaces that a gateway may be for: those a pattern fits, or whose network holds it."""
    names = [link.name for link in links.links if "LOOPBACK" not in link.flags and not link.is_engine_bridge]
    if gateway.device and not set("*?[") & set(gateway.device):
        return [gateway.device]
    try:
        ip_address(gateway.address)
    except ValueError:
        return []
    wanted = [name for name in names if not gateway.device or fnmatchcase(name, gateway.device)]
    return [name for name in wanted if fits(links, name, gateway.address)]


class _Reader:
    def __init__(self, host: Host, links: Links) -> None:
        self.host = host
        self.links = links
        self.gaps: list[Missing] = []

    def all(self) -> Iterator[tuple[str, Gateway]]:
        """Yield (file, gateway) of everything that is there."""
        for directory, pattern, parse in _DIRECTORIES:
            for path in self._files(directory, pattern):
                yield from ((path, found) for found in parse(self._text(path)))
        for directory, prefix, parse_named in _BY_NAME:
            for path in self._files(directory, f"{prefix}*"):
                device = path.rpartition("/")[2].removeprefix(prefix)
                yield from ((path, found) for found in parse_named(self._text(path), device))
        for link in self.links.links:
            path = HostPath(f"/run/systemd/netif/leases/{link.index}")
            yield from ((path, found) for found in gateways.lease(self._text(path), link.name))
            path = HostPath(f"/run/NetworkManager/devices/{link.index}")
            yield from ((path, Gateway(link.name, found.address)) for found in gateways.keyfile(self._text(path)))
        for path in self._files("/var/lib/NetworkManager", "internal-*.lease"):
            device = path.rpartition("-")[2].removesuffix(".lease")
            yield from ((path, found) for found in gateways.lease(self._text(path), device))
        yield from self._cloud()

    def _cloud(self) -> Iterator[tuple[str, Gateway]]:
        """Yield what cloud-init was given, a JSON form of netplan's or of its own."""
        path = HostPath("/var/lib/cloud/instance/network-config.json")
        try:
            value = json.loads(self._text(path) or "{}")
        except (ValueError, RecursionError):
            return
        config = value.get("network", value) if isinstance(value, dict) else {}
        entries = config.get("config", []) if isinstance(config, dict) else []
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict):
                continue
            for subnet in entry.get("subnets") or []:
                if isinstance(subnet, dict) and isinstance(subnet.get("gateway"), str):
                    yield path, Gateway(str(entry.get("name", "")), subnet["gateway"])

    def _files(self, directory: str, pattern: str) -> list[HostPath]:
        try:
            names = self.host.listdir(HostPath(directory))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return []
        return [HostPath(f"{directory}/{name}") for name in names if fnmatchcase(name, pattern)][:_MANY_FILES]

    def _text(self, path: HostPath) -> str:
        try:
            if self.host.lstat(path).kind != "f":
                return ""
            return decode(self.host.read(path, limit_bytes=_MAX_BYTES))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return ""
