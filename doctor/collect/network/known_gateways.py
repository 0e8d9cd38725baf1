"""Reads gateways from the settings of all network managers, and from leases."""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import ip_address

from doctor.collect.network.config_reader import ConfigReader
from doctor.facts.network.links import Links
from doctor.facts.network.route_hints import fits
from doctor.formats.network import leases
from doctor.formats.network.leases import Gateway
from doctor.host.base import Host
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

_DHCLIENT = (("/var/lib/dhcp", "*lease*"), ("/var/lib/dhclient", "*lease*"), ("/var/lib/NetworkManager", "dhclient-*"))
_MAIN = frozenset({"main", "254"})


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
        self.links = links
        self._files = ConfigReader(host)

    @property
    def gaps(self) -> list[Missing]:
        """Return the files that could not be read or understood."""
        return self._files.gaps

    def all(self) -> Iterator[tuple[str, Gateway]]:
        """Yield (file, gateway) of all existing files, settings first."""
        for route in self._files.whole().routes:
            if route.is_default and route.gateway and route.kind == "unicast" and route.table in _MAIN:
                yield route.place, Gateway(route.device, route.gateway, route.metric)
        for directory, pattern in _DHCLIENT:
            for path in self._files.files(directory, pattern):
                yield from ((path, found) for found in leases.dhclient(self._files.text(path)))
        for link in self.links.links:
            yield from self._of(f"/run/systemd/netif/leases/{link.index}", link.name, leases.lease)
            yield from self._of(f"/run/NetworkManager/devices/{link.index}", link.name, leases.device_state)
        for path in self._files.files("/var/lib/NetworkManager", "internal-*.lease"):
            yield from self._of(path, path.rpartition("-")[2].removesuffix(".lease"), leases.lease)

    def _of(
        self, path: str, device: str, parse: Callable[[str, str], Iterable[Gateway]]
    ) -> Iterator[tuple[str, Gateway]]:
        yield from ((path, found) for found in parse(self._files.text(HostPath(path)), device))
