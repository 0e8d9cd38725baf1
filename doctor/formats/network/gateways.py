"""Finds default gateways in the files of network managers: settings and DHCP leases.

Each function takes a file's text and returns its gateways, without validating addresses; other text yields none.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

_DEFAULTS = frozenset({"default", "0.0.0.0/0", "::/0", "0/0", "0.0.0.0", "::"})  # noqa: S104 - compared, never bound
_YAML = re.compile(r"(?P<indent> *)(?P<dash>- +)?(?:\"?(?P<key>[^\s:#\"{\[]+)\"?:)?(?:\s+(?P<value>.*))?$")
_FLOW = re.compile(r"[{,]\s*\"?(\w+)\"?\s*:\s*\"?([^\s,}\"]+)")
_ROUTERS = re.compile(r"^\s*option\s+routers\s+([0-9.]+)", re.MULTILINE)
_LEASE = re.compile(r"^lease\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r"^\s*interface\s+\"([^\"]+)\"", re.MULTILINE)
_IP_ROUTE = re.compile(r"\broute\s+add\s+(?:-net\s+)?(?:default|0\.0\.0\.0/0)\s+(?:via|gw)\s+(\S+)")


class Gateway(Struct, frozen=True):
    """A gateway, the interface it is for (a shell pattern; "" if the file names none), and the route's metric."""

    device: str
    address: str
    metric: int = 0


def networkd(text: str) -> Iterator[Gateway]:
    r"""Yield those of a ``.network`` file of systemd-networkd.

    >>> list(networkd("[Match]\nName=eth0\n[Network]\nGateway=192.0.2.1\n"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    sections = list(_sections(text))
    names = [value for title, pairs in sections if title == "Match" for key, value in pairs if key == "Name"]
    found = [(value, 0) for title, pairs in sections if title == "Network" for key, value in pairs if key == "Gateway"]
    for title, pairs in sections:
        route = dict(pairs)
        if title == "Route" and "Gateway" in route and route.get("Destination", "default") in _DEFAULTS:
            found.append((route["Gateway"], _number(route.get("Metric", ""))))
    for device in (word for name in names for word in name.split()):
        yield from (Gateway(device, address, metric) for address, metric in found)


def keyfile(text: str) -> Iterator[Gateway]:
    r"""Yield those of a connection of NetworkManager, or of its state of a device.

    >>> list(keyfile("[connection]\ninterface-name=eth0\n[ipv4]\naddress1=192.0.2.5/24,192.0.2.1\n"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    sections = list(_sections(text))
    device = next(
        (
            value
            for title, pairs in sections
            if title == "connection"
            for key, value in pairs
            if key == "interface-name"
        ),
        "",
    )
    for title, pairs in sections:
        if title not in {"ipv4", "ipv6", "dhcp4", "dhcp"}:
            continue
        for key, value in pairs:
            parts = [part.strip() for part in re.split(r"[,;]", value)]
            if key in {"gateway", "routers"}:
                yield Gateway(device, parts[0].split(" ")[0])
            elif re.fullmatch(r"address(es)?\d*", key) and len(parts) > 1 and parts[1]:
                yield Gateway(device, parts[1])
            elif re.fullmatch(r"route\d+", key) and parts[0] in _DEFAULTS and len(parts) > 1:
                yield Gateway(device, parts[1], _number(parts[2]) if len(parts) > 2 else 0)


def ifupdown(text: str) -> Iterator[Gateway]:
    r"""Yield those of /etc/network/interfaces.

    >>> list(ifupdown("iface eth0 inet static\n  address 192.0.2.5/24\n  gateway 192.0.2.1\n"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    device = ""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "iface" and len(words) > 1:
            device = words[1]
        elif words[0] in {"auto", "mapping", "source"} or words[0].startswith("allow-"):
            device = ""
        elif device and words[0] == "gateway" and len(words) > 1:
            yield Gateway(device, words[1])
        elif device and words[0] in {"up", "post-up"} and (found := _IP_ROUTE.search(line)):
            yield Gateway(device, found[1])


def dhclient(text: str) -> Iterator[Gateway]:
    r"""Yield the last lease's, interface by interface, of a file of dhclient.

    >>> list(dhclient('lease {\n  interface "eth0";\n  option routers 192.0.2.1;\n}\n'))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    last: dict[str, str] = {}
    for lease in _LEASE.findall(text):
        device, router = _INTERFACE.search(lease), _ROUTERS.search(lease)
        if device and router:
            last[device[1]] = router[1]
    yield from (Gateway(device, address) for device, address in last.items())


def lease(text: str, device: str) -> Iterator[Gateway]:
    r"""Yield that of a lease of systemd-networkd or NetworkManager's own client, which are lines of KEY=VALUE."""
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "ROUTER" and value.split():
            yield Gateway(device, value.split()[0])


def ifcfg(text: str, device: str = "") -> Iterator[Gateway]:
    r"""Yield that of an ifcfg file, or of /etc/sysconfig/network.

    >>> list(ifcfg("DEVICE=eth0\nGATEWAY='192.0.2.1'\n"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    pairs = dict(_shell(text))
    device = pairs.get("GATEWAYDEV") or pairs.get("DEVICE") or device
    for key in ("GATEWAY", "GATEWAY0", "IPV6_DEFAULTGW"):
        if pairs.get(key):
            address, _, scope = pairs[key].partition("%")
            yield Gateway(scope or device, address, _number(pairs.get("METRIC", "")))


def route_lines(text: str, device: str = "") -> Iterator[Gateway]:
    r"""Yield those of SUSE's /etc/sysconfig/network/routes or Red Hat's route-NAME: a route a line."""
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] not in _DEFAULTS:
            continue
        if words[1] == "via" and len(words) > 2:
            yield Gateway(words[words.index("dev") + 1] if "dev" in words[:-1] else device, words[2])
        elif words[1] != "-":
            yield Gateway(words[3] if len(words) > 3 and words[3] != "-" else device, words[1])


def netplan(text: str) -> Iterator[Gateway]:
    r"""Yield those of netplan's or cloud-init's YAML, grouped by indentation.

    >>> list(netplan("network:\n  ethernets:\n    eth0:\n      routes:\n        - to: default\n          via: 192.0.2.1\n"))
    [Gateway(device='eth0', address='192.0.2.1', metric=0)]
    """
    above: list[tuple[int, str]] = []
    route: dict[str, str] = {}
    for line in [*text.splitlines(), "end:"]:
        found = _YAML.match(line.partition(" #")[0].rstrip())
        if found is None or not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(found["indent"]) + len(found["dash"] or "")
        key, value = found["key"] or "", _plain(found["value"] or "")
        if found["dash"] or indent < (above[-1][0] if above else 0):
            yield from _of_route(route, above)
            route = {}
        while above and above[-1][0] >= indent:
            above.pop()
        if key in {"gateway4", "gateway6", "gateway"}:
            yield Gateway(_owner(above), value)
        elif key in {"to", "via", "metric"}:
            route[key] = value
        for to, via in _flow_routes(line):
            yield from _of_route({"to": to, "via": via}, above)
        above.append((indent, key))


def _of_route(route: dict[str, str], above: list[tuple[int, str]]) -> Iterator[Gateway]:
    if route.get("to") in _DEFAULTS and route.get("via"):
        yield Gateway(_owner(above), route["via"], _number(route.get("metric", "")))


def _flow_routes(line: str) -> Iterator[tuple[str, str]]:
    for part in re.findall(r"\{[^{}]*\}", line):
        pairs = dict(_FLOW.findall(part))
        if "to" in pairs and "via" in pairs:
            yield pairs["to"], pairs["via"]


def _owner(above: list[tuple[int, str]]) -> str:
    """Return the interface of a line: the key below ``ethernets:`` and similar keys; cloud-init's own form has none."""
    kinds = {"ethernets", "bonds", "bridges", "vlans", "wifis"}
    for (_, kind), (_, name) in pairwise(above):
        if kind in kinds:
            return name
    return ""


def _sections(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    title = ""
    pairs: list[tuple[str, str]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            yield title, pairs
            title, pairs = line[1:-1], []
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            pairs.append((key.strip(), value.strip()))
    yield title, pairs


def _shell(text: str) -> Iterator[tuple[str, str]]:
    for raw in text.splitlines():
        key, equals, value = raw.strip().partition("=")
        if equals and not key.startswith("#"):
            yield key, _plain(value)


def _plain(value: str) -> str:
    return value.strip().strip("\"'")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
