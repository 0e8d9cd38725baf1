"""The host's own network configuration: which file sets a route, a rule or an address, and how an interface should be."""

from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_interface

from msgspec import Struct

from doctor.formats.netlink.routes import MAIN, NetRoute, RoutingRule
from doctor.formats.network.configured import (
    ConfiguredAddress,
    ConfiguredCommand,
    ConfiguredLink,
    ConfiguredRoute,
    ConfiguredRule,
)
from doctor.model.missing import Missing

_ORDER = ("netplan", "systemd-networkd", "NetworkManager", "ifupdown", "ifcfg", "cloud-init")
_RENDERED = ("/run/systemd/network/10-netplan-", "/run/NetworkManager/system-connections/netplan-")
_TABLES = {"unspec": 0, "default": 253, "main": MAIN, "local": 255}


class ExpectedLink(Struct, frozen=True, kw_only=True):
    """How an interface should be, as one program of the host configures it.

    Attributes:
        link: the part of a file that configures the interface.
        addresses: with prefix length, none with DHCP.
        routes: of the interface, the default route among them.
        rules: of routing, of the same file.
        command: the command that applies the configuration again, without a restart of other interfaces where there is one.
    """

    link: ConfiguredLink
    addresses: tuple[ConfiguredAddress, ...] = ()
    routes: tuple[ConfiguredRoute, ...] = ()
    rules: tuple[ConfiguredRule, ...] = ()
    command: str = ""

    @property
    def is_dynamic(self) -> bool:
        """Whether its addresses come from DHCP or router advertisements."""
        return bool(self.link.dhcp)

    def default(self, version: int = 4) -> ConfiguredRoute | None:
        """Return its default route of the main table."""
        mine = (route for route in self.routes if route.is_default and route.version == version)
        return next((route for route in mine if route.table in {"main", "254"} and route.kind == "unicast"), None)

    def address_for(self, gateway: str) -> ConfiguredAddress | None:
        """Return the address in whose network a gateway is."""
        target = ip_address(gateway)
        return next((one for one in self.addresses if target in ip_interface(one.address).network), None)


class HostNetworkFiles(Struct, frozen=True, kw_only=True):
    """All that the files of network managers, hooks and scripts set; read only if something is wrong with the network.

    Attributes:
        links: the parts of files that configure interfaces; ``unmanaged`` patterns of interfaces that NetworkManager excludes.
        commands: commands of hooks and scripts that change the network, also those whose effect is among the others.
        tables: number of each named routing table.
        gaps: files that could not be read or understood.
    """

    links: tuple[ConfiguredLink, ...] = ()
    addresses: tuple[ConfiguredAddress, ...] = ()
    routes: tuple[ConfiguredRoute, ...] = ()
    rules: tuple[ConfiguredRule, ...] = ()
    commands: tuple[ConfiguredCommand, ...] = ()
    unmanaged: tuple[str, ...] = ()
    tables: dict[str, int] = {}
    gaps: tuple[Missing, ...] = ()

    def table(self, text: str) -> int:
        """Return the number of a routing table as a file names it, -1 for an unknown name."""
        known = self.tables.get(text, _TABLES.get(text))
        if known is not None:
            return known
        return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else -1

    def source_of(self, route: NetRoute, device: str = "") -> ConfiguredRoute | None:
        """Return the line that sets a route of the kernel; ``device`` is the name of its interface."""
        for one in self.routes:
            if (one.version, one.destination, one.kind) != (route.version, route.destination, route.kind):
                continue
            is_same_way = (not route.gateway or not one.gateway or one.gateway == route.gateway) and (
                not device or not one.device or fnmatchcase(device, one.device)
            )
            if is_same_way and self.table(one.table) == route.table and (one.gateway or not route.gateway):
                return one
        return None

    def source_of_rule(self, rule: RoutingRule) -> ConfiguredRule | None:
        """Return the line that sets a rule of routing of the kernel."""
        return next((one for one in self.rules if self._is_same_rule(one, rule)), None)

    def _is_same_rule(self, one: ConfiguredRule, rule: RoutingRule) -> bool:
        if one.version != rule.version or one.action != rule.action:
            return False
        if one.action == "table" and self.table(one.table) != rule.table:
            return False
        if one.priority and one.priority != rule.priority:
            return False
        mine = (one.source, one.destination, one.iif, one.oif, one.mark)
        return mine == (rule.source, rule.destination, rule.iif, rule.oif, rule.mark)

    def source_of_address(self, device: str, address: str) -> ConfiguredAddress | None:
        """Return the line that sets an address ("192.0.2.5/24") of an interface."""
        return next(
            (
                one
                for one in self.addresses
                if one.address == address and one.device and fnmatchcase(device, one.device)
            ),
            None,
        )

    def takes(self, device: str) -> ConfiguredLink | None:
        """Return the part of a file that makes its program configure an interface, ``None`` for none."""
        mine = [one for one in self.links if one.device and fnmatchcase(device, one.device)]
        networkd = [one for one in mine if one.program in {"netplan", "systemd-networkd"}]
        # networkd uses the first file that matches, and no other.
        first = sorted(networkd, key=_name_for_networkd)[:1]
        others = [one for one in mine if one.program in {"ifupdown", "ifcfg"}]
        manager = [one for one in mine if one.program == "NetworkManager"]
        left_alone = any(one.is_unmanaged for one in manager)
        found = (*first, *(() if left_alone else manager), *others)
        return next((one for one in found if not one.is_unmanaged), None)

    def expected(self, device: str, mac: str = "") -> ExpectedLink | None:
        """Return how an interface should be; ``None`` if no file says so, or if two programs contradict each other."""
        mine = [one for one in self.links if _is_for(one, device, mac) and not one.is_unmanaged]
        found = [self._expected(one, device) for one in mine if not one.path.startswith(_RENDERED)]
        found = found or [self._expected(one, device) for one in mine]
        found.sort(key=lambda one: (_ORDER.index(one.link.program), one.link.is_down))
        if not found:
            return None
        first = found[0]
        is_clear = all(one.addresses == () or _texts(one) <= _texts(first) for one in found[1:])
        return self._joined(first, found) if is_clear else None

    def _joined(self, first: ExpectedLink, found: list[ExpectedLink]) -> ExpectedLink:
        """Return the parts of one program together: ifupdown has one for each family, netplan one in each file."""
        same = [one for one in found if one.link.program == first.link.program]
        if len(same) == 1 or first.link.program not in {"netplan", "ifupdown"}:
            return first
        return ExpectedLink(
            link=first.link,
            addresses=tuple(dict.fromkeys(address for one in same for address in one.addresses)),
            routes=tuple(dict.fromkeys(route for one in same for route in one.routes)),
            rules=tuple(dict.fromkeys(rule for one in same for rule in one.rules)),
            command=first.command,
        )

    def _expected(self, link: ConfiguredLink, device: str) -> ExpectedLink:
        named = {link.device, device}
        return ExpectedLink(
            link=link,
            addresses=tuple(one for one in self.addresses if one.path == link.path and one.device in named),
            routes=tuple(one for one in self.routes if one.path == link.path and one.device in named),
            rules=tuple(one for one in self.rules if one.path == link.path),
            command=command_of(link, device),
        )


def _texts(one: ExpectedLink) -> set[str]:
    return {address.address for address in one.addresses}


def _is_for(link: ConfiguredLink, device: str, mac: str) -> bool:
    if link.mac and link.mac.lower() != mac.lower():
        return False
    return fnmatchcase(device, link.device) if link.device else bool(link.mac)


def _name_for_networkd(one: ConfiguredLink) -> str:
    """Return the name of the file that networkd reads, by which it sorts them; netplan's are rendered."""
    return f"10-netplan-{one.name}.network" if one.program == "netplan" else one.path.rpartition("/")[2]


def command_of(link: ConfiguredLink, device: str) -> str:
    """Return the command by which a link's program applies its configuration again.

    >>> command_of(ConfiguredLink(device="eth0", program="NetworkManager", name="wired 1"), "eth0")
    "nmcli connection up 'wired 1'"
    """
    from shlex import quote  # noqa: PLC0415 - only for a fault

    if link.program in {"netplan", "cloud-init"}:
        return "netplan apply"
    if link.program == "systemd-networkd":
        return f"networkctl reload && networkctl reconfigure {quote(device)}"
    if link.program == "NetworkManager":
        return f"nmcli connection up {quote(link.name)}"
    if link.program == "ifupdown":
        return f"ifup --force {quote(device)}"
    return f"ifup {quote(device)}"
