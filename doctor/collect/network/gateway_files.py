"""Reads gateways from the settings and leases of all network managers."""

import json
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_address

from doctor.facts.network.links import Links
from doctor.facts.network.route_hints import fits
from doctor.formats.network import gateways
from doctor.formats.network.gateways import Gateway
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
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


def devices(links: Links, gateway: Gateway) -> list[str]:
    """Return the possible interfaces of a gateway: those that match its pattern, or whose network contains it."""
    names = [link.name for link in links.links if "LOOPBACK" not in link.flags and not link.is_engine_bridge]
    if gateway.device and not set("*?[") & set(gateway.device):
        return [gateway.device]
    try:
        ip_address(gateway.address)
    except ValueError:
        return []
    wanted = [name for name in names if not gateway.device or fnmatchcase(name, gateway.device)]
    return [name for name in wanted if fits(links, name, gateway.address)]


class GatewayReader:
    """Reads all existing files; an unreadable one is a gap."""

    def __init__(self, host: Host, links: Links) -> None:
        self.host = host
        self.links = links
        self.gaps: list[Missing] = []

    def all(self) -> Iterator[tuple[str, Gateway]]:
        """Yield (file, gateway) of all existing files."""
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
        """Yield the gateways of cloud-init, in netplan's JSON format or its own."""
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
