"""Reads netplan's YAML, and the network configuration of cloud-init in both versions."""

from collections.abc import Iterator

from doctor.formats.network import configured, yaml_lines
from doctor.formats.network.configured import ConfiguredLink, ConfiguredNetwork, ConfiguredRule, HostItem
from doctor.formats.network.yaml_flow import YamlNode

_KINDS = (
    "ethernets", "modems", "wifis", "bridges", "bonds", "tunnels", "vlans", "vrfs", "dummy-devices", "virtual-ethernets",
)  # fmt: skip
_YES = frozenset({"true", "yes", "on", "y"})
_NO = frozenset({"false", "no", "off", "n"})


def parse(text: str, path: str = "", program: str = "netplan") -> ConfiguredNetwork:
    r"""The settings of one file.

    >>> found = parse("network:\n  ethernets:\n    eth0:\n      addresses: [192.0.2.5/24]\n      routes:\n      - {to: default, via: 192.0.2.1}\n")
    >>> [(one.device, one.address, one.line) for one in found.addresses], [(one.gateway, one.line) for one in found.routes]
    ([('eth0', '192.0.2.5/24', 4)], [('192.0.2.1', 6)])

    Raises:
        FormatError: as in `yaml_lines.parse`.
    """
    root = yaml_lines.parse(text)
    top = root.get("network") if "network" in root.members else root
    if top.get("config").entries:
        return ConfiguredNetwork.of(_version1(top.get("config").entries, path, program))
    return ConfiguredNetwork.of(
        item
        for kind in _KINDS
        for name, node in top.get(kind).members.items()
        for item in _device(name, node, kind, path, program)
    )


def _device(name: str, node: YamlNode, kind: str, path: str, program: str) -> Iterator[HostItem | None]:
    match = node.get("match")
    # With a match the key is only netplan's own name, unless the interface is renamed to it.
    device = node.get("set-name").text or (match.get("name").text if match.members else name)
    mac = match.get("macaddress").text
    dhcp = [version for version in (4, 6) if node.get(f"dhcp{version}").text.lower() in _YES]
    if node.get("accept-ra").text.lower() in _YES and 6 not in dhcp:
        dhcp.append(6)
    yield ConfiguredLink(
        device=device, program=program, name=name, mac=mac, kinds=(kind,), dhcp=tuple(dhcp),
        mtu=configured.number(node.get("mtu").text),
        dns=tuple(one.text for one in node.get("nameservers").get("addresses").entries),
        settings=tuple((key, one.text, one.line) for key, one in node.members.items() if one.text),
        is_down=node.get("activation-mode").text in {"manual", "off"}, path=path, line=node.line,
    )  # fmt: skip
    for entry in node.get("addresses").entries:
        # An entry may be a mapping of the address to its options.
        text = entry.text or next(iter(entry.members), "")
        yield configured.address(device, text, path=path, line=entry.line)
    for version in (4, 6):
        gateway = node.get(f"gateway{version}")
        if gateway.text:
            yield configured.route(
                "default", version=version, gateway=gateway.text, device=device, path=path, line=gateway.line
            )
    table = node.get("table").text if kind == "vrfs" else ""
    yield from (_route(entry, device, path, table) for entry in node.get("routes").entries)
    yield from (_rule(entry, path, table) for entry in node.get("routing-policy").entries)


def _route(entry: YamlNode, device: str, path: str, table: str) -> HostItem | None:
    where, via = entry.get("to").text, entry.get("via").text
    return configured.route(
        where or "default", version=configured.version_of(via or where), gateway=via, device=device,
        metric=entry.get("metric").text, table=entry.get("table").text or table, source=entry.get("from").text,
        kind=entry.get("type").text or "unicast", path=path, line=entry.line,
    )  # fmt: skip


def _rule(entry: YamlNode, path: str, table: str) -> HostItem:
    source, destination = entry.get("from").text, entry.get("to").text
    version = 6 if ":" in source + destination else 4
    return ConfiguredRule(
        version=version, priority=configured.number(entry.get("priority").text),
        table=entry.get("table").text or table or "main",
        source=_side(source, version), destination=_side(destination, version),
        mark=configured.number(entry.get("mark").text), path=path, line=entry.line,
    )  # fmt: skip


def _side(text: str, version: int) -> str:
    found = configured.network(text, version) if text else ""
    return "" if found in {"0.0.0.0/0", "::/0"} else found


def _version1(entries: list[YamlNode], path: str, program: str) -> Iterator[HostItem | None]:
    """Yield the settings of cloud-init's own form: a list of interfaces with subnets."""
    for entry in entries:
        device = entry.get("name").text
        if entry.get("type").text == "route":
            where, mask = entry.get("destination").text, entry.get("netmask").text
            yield configured.route(
                f"{where}/{mask}" if mask and "/" not in where else where, gateway=entry.get("gateway").text,
                metric=entry.get("metric").text, path=path, line=entry.line,
            )  # fmt: skip
            continue
        if not device or entry.get("type").text in {"nameserver", "route"}:
            continue
        subnets = entry.get("subnets").entries
        kinds = {one.get("type").text for one in subnets}
        yield ConfiguredLink(
            device=device, program=program, name=device, mac=entry.get("mac_address").text,
            kinds=(entry.get("type").text,), mtu=configured.number(entry.get("mtu").text),
            dhcp=(*((4,) if kinds & {"dhcp", "dhcp4"} else ()), *((6,) if kinds & {"dhcp6", "ipv6_slaac"} else ())),
            dns=tuple(server.text for one in subnets for server in one.get("dns_nameservers").entries),
            path=path, line=entry.line,
        )  # fmt: skip
        for subnet in subnets:
            yield from _subnet(subnet, device, path)


def _subnet(subnet: YamlNode, device: str, path: str) -> Iterator[HostItem | None]:
    if subnet.get("type").text in {"static", "static6"}:
        line = subnet.get("address").line
        yield configured.address(
            device, subnet.get("address").text, mask=subnet.get("netmask").text, path=path, line=line
        )
        gateway = subnet.get("gateway")
        if gateway.text:
            version = configured.version_of(gateway.text)
            yield configured.route(
                "default", version=version, gateway=gateway.text, device=device, path=path, line=gateway.line
            )
    for one in subnet.get("routes").entries:
        where, mask = one.get("network").text or one.get("destination").text, one.get("netmask").text
        yield configured.route(
            f"{where}/{mask}" if mask and "/" not in where else where, gateway=one.get("gateway").text, device=device,
            metric=one.get("metric").text, path=path, line=one.line,
        )  # fmt: skip
