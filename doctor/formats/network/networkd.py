"""Reads .network files of systemd-networkd (systemd.network(5))."""

from collections.abc import Iterable, Iterator

from doctor.formats.network import configured
from doctor.formats.network.configured import ConfiguredLink, ConfiguredNetwork, ConfiguredRule, HostItem
from doctor.formats.network.ini_sections import IniLine, IniSection, sections

_YES = frozenset({"1", "yes", "y", "true", "t", "on"})
_MATCHES = frozenset({"Name", "MACAddress", "PermanentMACAddress", "Type", "Kind", "Driver", "Path", "OriginalName"})
_NOT_STATIC = frozenset({"_dhcp4", "_ipv6ra", "_dhcp6", "dhcp", "dhcp4", "dhcp6", "ra"})


def parse(text: str, path: str = "") -> ConfiguredNetwork:
    r"""The settings of one file. Never raises.

    >>> found = parse("[Match]\nName=eth0\n[Network]\nDHCP=no\nAddress=192.0.2.5/24\nGateway=192.0.2.1\n", "/a")
    >>> [(one.device, one.address, one.place) for one in found.addresses]
    [('eth0', '192.0.2.5/24', '/a:5')]
    >>> [(one.destination, one.gateway, one.device, one.line) for one in found.routes]
    [('0.0.0.0/0', '192.0.2.1', 'eth0', 6)]
    """
    return ConfiguredNetwork.of(_items(sections(text, joins_lines=True), path))


def _items(found: tuple[IniSection, ...], path: str) -> Iterator[HostItem | None]:
    match = [section for section in found if section.title == "Match"]
    names = " ".join(line.value for section in match for line in section.all("Name")).split()
    known = {line.key for section in match for line in section.lines}
    # Without a match the file is for every interface (with a warning); other conditions than names are not judged here.
    devices = names or [""] if known else ["*"]
    for device in devices:
        yield _link(device, found, path, is_every=known <= {"Name"})
        for section in found:
            yield from _of_section(section, device, path)


def _link(device: str, found: tuple[IniSection, ...], path: str, *, is_every: bool) -> ConfiguredLink:
    link = _settings(found, "Link")
    network = _settings(found, "Network")
    match = _settings(found, "Match")
    dhcp = network.get("DHCP", "no").lower()
    families = {"ipv4": (4,), "v4": (4,), "ipv6": (6,), "v6": (6,)}.get(dhcp, (4, 6) if dhcp in _YES | {"both"} else ())
    return ConfiguredLink(
        device=device,
        program="systemd-networkd",
        name=path.rpartition("/")[2],
        mac="" if is_every else match.get("MACAddress", match.get("PermanentMACAddress", "")),
        kinds=tuple(f"{match.get('Type', '')} {match.get('Kind', '')}".split()),
        dhcp=families,
        mtu=configured.number(link.get("MTUBytes", "")),
        dns=tuple(line.value for section in found if section.title == "Network" for line in section.all("DNS")),
        settings=tuple(
            (line.key, line.value, line.line)
            for section in found
            if section.title in {"Network", "Link", "Match"}
            for line in section.lines
        ),
        is_unmanaged=link.get("Unmanaged", "").lower() in _YES,
        is_down=link.get("ActivationPolicy", "") in {"down", "always-down", "manual"},
        path=path,
        line=next((section.line for section in found if section.title == "Match"), 1),
    )


def _settings(found: Iterable[IniSection], title: str) -> dict[str, str]:
    return {line.key: line.value for section in found if section.title == title for line in section.lines}


def _of_section(section: IniSection, device: str, path: str) -> Iterator[HostItem | None]:
    if section.title == "Network":
        for line in section.lines:
            yield from _of_network(line, device, path)
    elif section.title == "Address":
        for line in section.all("Address"):
            yield configured.address(device, line.value, path=path, line=line.line)
    elif section.title == "Route":
        yield _route(section, device, path)
    elif section.title == "RoutingPolicyRule":
        yield from _rules(section, path)


def _of_network(line: IniLine, device: str, path: str) -> Iterator[HostItem | None]:
    if line.key == "Address":
        yield configured.address(device, line.value, path=path, line=line.line)
    elif line.key == "Gateway" and line.value not in _NOT_STATIC:
        version = configured.version_of(line.value)
        yield configured.route("default", version=version, gateway=line.value, device=device, path=path, line=line.line)


def _route(section: IniSection, device: str, path: str) -> HostItem | None:
    gateway = section.last("Gateway")
    if gateway in _NOT_STATIC:
        return None
    where = section.last("Destination")
    return configured.route(
        where or "default", version=configured.version_of(gateway or where), gateway=gateway, device=device,
        metric=section.last("Metric"), table=section.last("Table"), source=section.last("PreferredSource"),
        kind=section.last("Type") or "unicast", path=path, line=section.line,
    )  # fmt: skip


def _rules(section: IniSection, path: str) -> Iterator[HostItem]:
    source, destination = section.last("From"), section.last("To")
    family = section.last("Family").lower()
    version = {"ipv4": 4, "ipv6": 6}.get(family, 6 if ":" in source + destination else 4)
    for each in (4, 6) if family == "both" and not source and not destination else (version,):
        yield ConfiguredRule(
            version=each, priority=configured.number(section.last("Priority")),
            action=section.last("Type").lower() or "table", table=section.last("Table") or "main",
            source=configured.network(source, version) if source else "",
            destination=configured.network(destination, version) if destination else "",
            iif=section.last("IncomingInterface"), oif=section.last("OutgoingInterface"),
            mark=configured.number(section.last("FirewallMark")), path=path, line=section.line,
        )  # fmt: skip
