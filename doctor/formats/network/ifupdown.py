"""Reads /etc/network/interfaces of ifupdown (interfaces(5)), one file at a time: the caller follows `source` lines."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.network import configured, ip_command
from doctor.formats.network.configured import ConfiguredLink, ConfiguredNetwork, HostItem

_HOOKS = frozenset({"up", "post-up", "pre-up"})
_ENDS = frozenset({"auto", "mapping", "source", "source-directory", "no-auto-down", "no-scripts", "template", "rename"})


class Sourced(Struct, frozen=True, kw_only=True):
    """A line ``source`` or ``source-directory``: a shell pattern, or a directory."""

    pattern: str
    is_directory: bool


class InterfacesFile(Struct, frozen=True, kw_only=True):
    """A file: its settings, and the files that it includes."""

    config: ConfiguredNetwork
    sourced: tuple[Sourced, ...] = ()


class _Stanza(Struct, kw_only=True):
    """An interface, with its options as they come."""

    device: str
    family: int
    method: str
    line: int
    options: list[tuple[str, str, int]]


def parse(text: str, path: str = "") -> InterfacesFile:
    r"""The settings of one file. Never raises.

    >>> found = parse("auto eth0\niface eth0 inet static\n address 192.0.2.5\n netmask 255.255.255.0\n gateway 192.0.2.1\n"
    ... " up ip rule add iif br-app blackhole\nsource-directory interfaces.d\n")
    >>> [(one.address, one.line) for one in found.config.addresses], [one.gateway for one in found.config.routes]
    ([('192.0.2.5/24', 3)], ['192.0.2.1'])
    >>> [(one.iif, one.action, one.line) for one in found.config.rules], found.sourced[0].pattern
    ([('br-app', 'blackhole', 6)], 'interfaces.d')
    """
    stanzas: list[_Stanza] = []
    sourced: list[Sourced] = []
    started: set[str] = set()
    current: _Stanza | None = None
    for number, words in _logical(text):
        if words[0] == "iface" and len(words) > 1:
            family, method = (words[2] if len(words) > 2 else "inet"), (words[3] if len(words) > 3 else "")
            current = _Stanza(
                device=words[1], family=6 if family == "inet6" else 4, method=method, line=number, options=[]
            )
            stanzas.append(current)
        elif words[0] in _ENDS or words[0].startswith("allow-"):
            current = None
            if words[0] in {"auto", "allow-auto", "allow-hotplug"}:
                started.update(words[1:])
            elif words[0] in {"source", "source-directory"}:
                sourced.extend(Sourced(pattern=word, is_directory=words[0] != "source") for word in words[1:])
        elif current is not None:
            current.options.append((words[0], " ".join(words[1:]), number))
    found = [item for stanza in stanzas for item in _items(stanza, path, started)]
    return InterfacesFile(config=ConfiguredNetwork.of(found), sourced=tuple(sourced))


def _logical(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the words of lines; a backslash at the end continues it in the next. Comments start a line."""
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        start = start if parts else number
        if not parts and raw.lstrip().startswith("#"):
            continue
        if raw.endswith("\\"):
            parts.append(raw[:-1])
            continue
        words = " ".join((*parts, raw)).split()
        parts = []
        if words:
            yield start, words
    if parts and (words := " ".join(parts).split()):
        yield start, words


def _items(stanza: _Stanza, path: str, started: set[str]) -> Iterator[HostItem | None]:
    options = {key: value for key, value, _ in stanza.options}
    # "eth0:1" is a label of eth0; its addresses are on eth0.
    device = stanza.device.partition(":")[0]
    yield ConfiguredLink(
        device=device,
        program="ifupdown",
        name=stanza.device,
        dhcp=(stanza.family,) if stanza.method in {"dhcp", "auto", "bootp"} else (),
        mtu=configured.number(options.get("mtu", "")),
        dns=tuple(options.get("dns-nameservers", options.get("dns-nameserver", "")).split()),
        settings=tuple(stanza.options),
        is_down=stanza.device not in started,
        path=path,
        line=stanza.line,
    )
    for key, value, line in stanza.options:
        if key == "address" and stanza.method in {"static", "v4tunnel"}:
            yield configured.address(device, value, mask=options.get("netmask", ""), path=path, line=line)
        elif key == "gateway" and stanza.method == "static":
            yield configured.route(
                "default", version=stanza.family, gateway=value, device=device, metric=options.get("metric", ""),
                path=path, line=line,
            )  # fmt: skip
        elif key in _HOOKS:
            for command in ip_command.commands(value, path=path, number=line):
                yield command
                yield from ip_command.items(command, device)


def is_one_command(lines: list[str], number: int) -> bool:
    r"""Whether a line, counted from 1, is a hook with one command, and neither continues a line nor is continued.

    >>> lines = ["iface eth0 inet manual", " up ip rule add from all blackhole", " up ip rule add pref 1 table 1; reboot"]
    >>> is_one_command(lines, 2), is_one_command(lines, 3), is_one_command(lines, 1)
    (True, False, False)
    """
    line = lines[number - 1]
    before = lines[number - 2] if number > 1 else ""
    words = line.split()
    is_whole = not line.endswith("\\") and not before.endswith("\\")
    return is_whole and words[:1] != [] and words[0] in _HOOKS and len(list(ip_command.parts(line))) == 1
