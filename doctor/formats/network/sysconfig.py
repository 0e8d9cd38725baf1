"""Reads network settings of Red Hat (ifcfg-, route-, rule- files) and SUSE (ifcfg-, ifroute-, routes)."""

import re
from collections.abc import Iterator

from doctor.formats.network import configured, ip_command
from doctor.formats.network.configured import ConfiguredCommand, ConfiguredLink, ConfiguredNetwork, HostItem

_SET = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")
_INDEXED = re.compile(r"(ADDRESS|GATEWAY|NETMASK|METRIC)(\d+)")
_NO = frozenset({"no", "n", "false", "f", "0"})


def ifcfg(text: str, path: str = "", device: str = "") -> ConfiguredNetwork:
    r"""The settings of an ifcfg file, or of /etc/sysconfig/network. Never raises.

    >>> found = ifcfg("DEVICE=eth0\nBOOTPROTO=none\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY='192.0.2.1'\n")
    >>> [(one.device, one.address) for one in found.addresses], [(one.gateway, one.line) for one in found.routes]
    ([('eth0', '192.0.2.5/24')], [('192.0.2.1', 5)])
    """
    values, lines = _shell(text)
    device = values.get("DEVICE", device)
    return ConfiguredNetwork.of(_items(values, lines, device, path))


def _shell(text: str) -> tuple[dict[str, str], dict[str, int]]:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        found = _SET.match(line)
        if found:
            values[found[1]] = _plain(found[2])
            lines[found[1]] = number
    return values, lines


def _plain(text: str) -> str:
    """Return the value of an assignment without quotes and comment."""
    text = text.strip()
    if text[:1] in {"'", '"'}:
        return text[1:].partition(text[0])[0]
    return text.partition(" ")[0]


def _items(values: dict[str, str], lines: dict[str, int], device: str, path: str) -> Iterator[HostItem | None]:
    start = values.get("BOOTPROTO", "").lower()
    auto6 = values.get("IPV6_AUTOCONF", values.get("DHCPV6C", "no")).lower() not in _NO
    if device:
        yield ConfiguredLink(
            device=device, program="ifcfg", name=values.get("NAME", device), mac=values.get("HWADDR", ""),
            dhcp=(*((4,) if start.startswith(("dhcp", "bootp")) else ()), *((6,) if auto6 else ())),
            mtu=configured.number(values.get("MTU", "")),
            dns=tuple(value for key, value in values.items() if re.fullmatch(r"DNS\d", key)),
            settings=tuple((key, value, lines[key]) for key, value in values.items()),
            is_unmanaged=values.get("NM_CONTROLLED", "yes").lower() in _NO,
            is_down=values.get("ONBOOT", "yes").lower() in _NO or values.get("STARTMODE", "").lower() in {"off", "manual"},
            path=path, line=1,
        )  # fmt: skip
    for key, value in values.items():
        line = lines[key]
        index = found[1] if (found := re.fullmatch(r"IPADDR(?:_?(\w+))?", key)) and found[1] else ""
        if found:
            mask = values.get(f"PREFIX{index}") or values.get(f"PREFIXLEN{index}") or values.get(f"NETMASK{index}", "")
            yield configured.address(device, value, mask=mask, path=path, line=line)
        elif key in {"IPV6ADDR", "IPV6ADDR_SECONDARIES"}:
            for word in value.split():
                yield configured.address(device, word, path=path, line=line)
        elif key in {"GATEWAY", "GATEWAY0", "IPV6_DEFAULTGW"}:
            scope = values.get("GATEWAYDEV") or value.partition("%")[2] or device
            yield configured.route(
                "default", version=6 if key.startswith("IPV6") else 4, gateway=value, device=scope,
                metric=values.get("METRIC", ""), path=path, line=line,
            )  # fmt: skip


def routes(text: str, path: str = "", device: str = "") -> ConfiguredNetwork:
    r"""The routes of a route-NAME file in both formats, of an ifroute-NAME file, or of SUSE's routes. Never raises.

    >>> [(one.destination, one.gateway, one.device) for one in routes("10.0.0.0/8 via 192.0.2.1\n", device="eth0").routes]
    [('10.0.0.0/8', '192.0.2.1', 'eth0')]
    >>> [(one.destination, one.gateway) for one in routes("ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=192.0.2.1\n").routes]
    [('10.0.0.0/8', '192.0.2.1')]
    >>> [(one.gateway, one.device) for one in routes("default 192.0.2.1 - eth0\n").routes]
    [('192.0.2.1', 'eth0')]
    """
    values, lines = _shell(text)
    found: list[HostItem | None] = []
    for key, value in values.items():
        match = _INDEXED.fullmatch(key)
        if match and match[1] == "ADDRESS":
            mask = values.get(f"NETMASK{match[2]}", "")
            found.append(
                configured.route(
                    f"{value}/{mask}" if mask else value,
                    gateway=values.get(f"GATEWAY{match[2]}", ""),
                    device=device,
                    metric=values.get(f"METRIC{match[2]}", ""),
                    path=path,
                    line=lines[key],
                )
            )
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if len(words) > 1 and not words[0].startswith("#") and "=" not in words[0]:
            found.extend(_route_line(words, device, path, number))
    return ConfiguredNetwork.of(found)


def _route_line(words: list[str], device: str, path: str, number: int) -> Iterator[HostItem | None]:
    if configured.network(words[1]) or words[1] == "-":
        # SUSE: destination gateway netmask interface type, "-" for none.
        cells = [*("" if word == "-" else word for word in words), "", "", ""][:5]
        where = f"{cells[0]}/{cells[2]}" if cells[2] and "/" not in cells[0] else cells[0]
        kind = cells[4] if cells[4] in {"blackhole", "unreachable", "prohibit"} else "unicast"
        yield configured.route(where, gateway=cells[1], device=cells[3] or device, kind=kind, path=path, line=number)
        return
    command = ConfiguredCommand(words=("ip", "route", "add", *words), path=path, line=number)
    for item in ip_command.items(command):
        yield _with_device(item, device)


def _with_device(item: HostItem, device: str) -> HostItem:
    from msgspec.structs import replace  # noqa: PLC0415 - only for files of routes

    return replace(item, device=device) if isinstance(item, configured.ConfiguredRoute) and not item.device else item


def rules(text: str, path: str = "", *, version: int = 4) -> ConfiguredNetwork:
    r"""The rules of routing of a rule-NAME or rule6-NAME file: arguments of ``ip rule add``. Never raises.

    >>> [(one.source, one.table, one.priority) for one in rules("from 10.0.0.0/8 lookup 7 pref 9\n").rules]
    [('10.0.0.0/8', '7', 9)]
    """
    found: list[HostItem] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            command = ConfiguredCommand(words=("ip", f"-{version}", "rule", "add", *words), path=path, line=number)
            found.extend(ip_command.items(command))
    return ConfiguredNetwork.of(found)
