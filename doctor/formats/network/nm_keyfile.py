"""Reads connections of NetworkManager in keyfile format (nm-settings-keyfile(5)), and its list of devices to leave alone."""

import re
from collections.abc import Iterator

from doctor.formats.network import configured, ip_command
from doctor.formats.network.configured import ConfiguredCommand, ConfiguredLink, ConfiguredNetwork, HostItem
from doctor.formats.network.ini_sections import IniLine, IniSection, sections

_ADDRESS = re.compile(r"address(?:es)?\d*")
_ROUTE = re.compile(r"routes?\d*")
_RULE = re.compile(r"routing-rule\d*")
_FAMILY = {"ipv4": 4, "ipv6": 6}


def parse(text: str, path: str = "") -> ConfiguredNetwork:
    r"""The settings of one connection. Never raises.

    >>> found = parse("[connection]\nid=x\ninterface-name=eth0\n[ipv4]\nmethod=manual\naddress1=192.0.2.5/24,192.0.2.1\n")
    >>> [one.address for one in found.addresses], [(one.destination, one.gateway) for one in found.routes]
    (['192.0.2.5/24'], [('0.0.0.0/0', '192.0.2.1')])
    """
    return ConfiguredNetwork.of(_items(sections(text), path))


def _items(found: tuple[IniSection, ...], path: str) -> Iterator[HostItem | None]:
    by_title = {section.title: section for section in found}
    connection = by_title.get("connection")
    if connection is None:
        return
    device = connection.last("interface-name")
    yield _link(by_title, connection, path)
    for title, version in _FAMILY.items():
        section = by_title.get(title)
        if section is not None and section.last("method") not in {"disabled", "ignore"}:
            yield from _of_family(section, version, device, path)


def _link(found: dict[str, IniSection], connection: IniSection, path: str) -> ConfiguredLink:
    kind = connection.last("type")
    ethernet = found.get("ethernet") or found.get("802-3-ethernet")
    auto = {"ipv4": ("auto",), "ipv6": ("auto", "dhcp")}
    return ConfiguredLink(
        device=connection.last("interface-name"),
        program="NetworkManager",
        name=connection.last("id") or path.rpartition("/")[2].removesuffix(".nmconnection"),
        mac="" if ethernet is None else ethernet.last("mac-address"),
        kinds=(kind,) if kind else (),
        dhcp=tuple(
            _FAMILY[title] for title, words in auto.items() if title in found and found[title].last("method") in words
        ),
        mtu=0 if ethernet is None else configured.number(ethernet.last("mtu")),
        dns=tuple(
            word
            for title in _FAMILY
            if title in found
            for word in re.split(r"[;,\s]+", found[title].last("dns"))
            if word
        ),
        settings=tuple((line.key, line.value, line.line) for section in found.values() for line in section.lines),
        is_down=connection.last("autoconnect").lower() in {"false", "no", "0"},
        path=path,
        line=connection.line,
    )


def _of_family(section: IniSection, version: int, device: str, path: str) -> Iterator[HostItem | None]:
    for line in section.lines:
        parts = [part.strip() for part in re.split(r"[,;]", line.value)]
        if _ADDRESS.fullmatch(line.key):
            yield from _address(parts, version, device, path, line.line)
        elif line.key == "gateway":
            yield configured.route(
                "default", version=version, gateway=parts[0], device=device, metric=section.last("route-metric"),
                table=_table(section), path=path, line=line.line,
            )  # fmt: skip
        elif _ROUTE.fullmatch(line.key):
            yield _route(section, line, version, device, path)
        elif _RULE.fullmatch(line.key):
            yield from _rules(line, version, path)


def _table(section: IniSection) -> str:
    table = section.last("route-table")
    return "" if table == "0" else table


def _address(parts: list[str], version: int, device: str, path: str, line: int) -> Iterator[HostItem | None]:
    yield configured.address(device, parts[0], path=path, line=line)
    if len(parts) > 1 and parts[1]:
        yield configured.route("default", version=version, gateway=parts[1], device=device, path=path, line=line)


def _route(section: IniSection, line: IniLine, version: int, device: str, path: str) -> HostItem | None:
    """Return a route ``destination,gateway,metric``, whose options are in ``routeN_options=table=7,type=blackhole``."""
    options = {
        key.strip(): value.strip()
        for key, _, value in (part.partition("=") for part in section.last(f"{line.key}_options").split(","))
    }
    parts = [part.strip() for part in re.split(r"[,;]", line.value)]
    gateway = parts[1] if len(parts) > 1 else ""
    return configured.route(
        parts[0], version=version, gateway="" if configured.plain_address(gateway) in {"0.0.0.0", "::"} else gateway,  # noqa: S104
        device=device, metric=parts[2] if len(parts) > 2 else "", table=options.get("table", _table(section)),
        kind=options.get("type", "unicast"), source=options.get("src", ""), path=path, line=line.line,
    )  # fmt: skip


def _rules(line: IniLine, version: int, path: str) -> Iterator[HostItem]:
    words = ("ip", f"-{version}", "rule", "add", *line.value.split())
    yield from ip_command.items(ConfiguredCommand(words=words, path=path, line=line.line))


def unmanaged(text: str, before: tuple[str, ...] = ()) -> tuple[str, ...]:
    r"""The patterns of interfaces that NetworkManager excludes after a configuration file, as written; ``+=`` adds to those before.

    >>> unmanaged("[keyfile]\nunmanaged-devices=interface-name:docker0;mac:52:54:00:12:34:56\n", ("interface-name:x",))
    ('interface-name:docker0', 'mac:52:54:00:12:34:56')
    >>> unmanaged("[keyfile]\nunmanaged-devices+=interface-name:veth*\n", ("interface-name:docker0",))
    ('interface-name:docker0', 'interface-name:veth*')
    """
    found = before
    for line in (line for section in sections(text) if section.title == "keyfile" for line in section.lines):
        words = tuple(word for word in re.split(r"[;,\s]+", line.value) if word)
        if line.key == "unmanaged-devices":
            found = words
        elif line.key == "unmanaged-devices+":
            found = (*found, *words)
    return found
