"""Parses the output of iproute2 with ``-j``, and predicts it after a change of links, addresses or routes."""

import json
import re
from collections.abc import Iterator
from ipaddress import ip_interface, ip_network
from typing import Any

from doctor.formats import json_safe
from doctor.model.errors import FormatError

ADDRESSES = ("ip", "-j", "-d", "addr")
"""Links and their addresses, ``-d`` for the type of a link (bridge, veth …)."""

ROUTES = ("ip", "-j", "route", "show", "table", "all")
"""Routes of both families; those of the main table carry no "table"."""

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MAIN = 254

Change = tuple[str, str, dict[str, str | int]]
"""(object, command, arguments) of one rtnetlink request, as ``doctor.api.actions.ChangeLink`` has them."""


def load(raw: bytes) -> list[dict[str, Any]]:
    r"""Return the objects of an ``ip -j`` answer. Raises ``FormatError`` for anything else.

    iproute2 prints ``{}`` for filtered objects, nothing if there are no routes, and control characters of names as they are.

    >>> load(b'[{"ifname":"lo"},{}]')
    [{'ifname': 'lo'}]
    >>> load(b'[{"ifname":"\x1b[31m"}]')
    [{'ifname': '\x1b[31m'}]
    """
    if not raw.strip():
        return []
    value = json_safe.load(_CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], raw))
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise FormatError("expected a list of objects from ip -j")
    return [entry for entry in value if entry]


def predict(change: Change, addresses: bytes, routes: bytes) -> tuple[bytes, bytes]:
    """Return the output of ``ADDRESSES`` and ``ROUTES`` after one change; unknown changes are ignored.

    The kernel's side effects are included: an address adds its connected route, a link that goes down loses its routes,
    one that comes up regains those of its addresses.
    """
    links = load(addresses)
    table = load(routes)
    kind, command, arguments = change
    device = str(arguments.get("dev", ""))
    link = next((entry for entry in links if entry.get("ifname") == device), None)
    if (kind, command) == ("link", "add"):
        if link is None:
            links.append(_new_link(links, device, str(arguments.get("kind", ""))))
    elif kind == "route":
        table = _route(table, command, arguments)
    elif link is None:
        return addresses, routes
    elif (kind, command) == ("link", "del"):
        gone = {device, *_other_end(links, device)}
        links = [entry for entry in links if entry.get("ifname") not in gone]
        table = [route for route in table if route.get("dev") not in gone]
    elif (kind, command) == ("link", "set"):
        _set(link, arguments)
        if "state" in arguments:
            table = _routes_of_state(table, link)
    elif kind == "addr":
        table = _address(link, command, str(arguments.get("address", "")), table)
    return json.dumps(links).encode(), json.dumps(table).encode()


def _other_end(links: list[dict[str, Any]], device: str) -> Iterator[str]:
    """Yield the other end of a veth in the same namespace, which is deleted with it."""
    for entry in links:
        if entry.get("link") == device and (entry.get("linkinfo") or {}).get("info_kind") == "veth":
            yield str(entry.get("ifname", ""))


def _new_link(links: list[dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    index = 1 + max((int(entry.get("ifindex", 0)) for entry in links), default=0)
    return {
        "ifindex": index,
        "ifname": name,
        "flags": ["BROADCAST", "MULTICAST"],
        "mtu": 1500,
        "operstate": "DOWN",
        "linkinfo": {"info_kind": kind},
        "addr_info": [],
    }


def _set(link: dict[str, Any], arguments: dict[str, str | int]) -> None:
    flags = [flag for flag in link.get("flags", ()) if flag not in {"UP", "LOWER_UP", "NO-CARRIER"}]
    if arguments.get("state") == "up":
        link["flags"] = [*flags, "UP", "LOWER_UP"]
        link["operstate"] = "UP"
    elif arguments.get("state") == "down":
        link["flags"] = flags
        link["operstate"] = "DOWN"
    if "mtu" in arguments:
        link["mtu"] = int(arguments["mtu"])
    if arguments.get("master"):
        link["master"] = arguments["master"]
    elif "master" in arguments:
        link.pop("master", None)


def _routes_of_state(table: list[dict[str, Any]], link: dict[str, Any]) -> list[dict[str, Any]]:
    device = link["ifname"]
    if "UP" not in link["flags"]:
        return [route for route in table if route.get("dev") != device]
    there = {(route.get("dst"), route.get("dev")) for route in table}
    connected = (_connected(link, _text(entry)) for entry in link.get("addr_info", ()))
    return table + [route for route in connected if route and (route["dst"], device) not in there]


def _text(entry: dict[str, Any]) -> str:
    return f"{entry.get('local', '')}/{entry.get('prefixlen', 32)}"


def _connected(link: dict[str, Any], address: str) -> dict[str, Any] | None:
    interface = ip_interface(address)
    if interface.network.prefixlen == interface.max_prefixlen:
        return None
    own = {"scope": "link", "prefsrc": str(interface.ip)} if interface.version == 4 else {"metric": 256}
    return {"dst": str(interface.network), "dev": link["ifname"], "protocol": "kernel", **own, "flags": []}


def _address(link: dict[str, Any], command: str, address: str, table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    interface = ip_interface(address)
    entries = [entry for entry in link.get("addr_info", ()) if _text(entry) != str(interface)]
    if command == "add":
        family = "inet" if interface.version == 4 else "inet6"
        new = {
            "family": family,
            "local": str(interface.ip),
            "prefixlen": interface.network.prefixlen,
            "scope": "global",
        }
        link["addr_info"] = [*entries, new]
        return _routes_of_state(table, link) if "UP" in link["flags"] else table
    link["addr_info"] = entries
    gone = str(interface.network)
    # Another bridge may have the same address, and keeps its route.
    own = {"dst": gone, "dev": link["ifname"]} | ({"prefsrc": str(interface.ip)} if interface.version == 4 else {})
    return [route for route in table if any(route.get(key) != value for key, value in own.items())]


def _route(table: list[dict[str, Any]], command: str, arguments: dict[str, str | int]) -> list[dict[str, Any]]:
    """Add a route, or delete the first one that has all that a request names: a discarding one has no interface."""
    destination = str(arguments.get("dst", "default"))
    if destination in {"default", "0.0.0.0/0", "::/0"}:
        destination = "default"
    else:
        network = ip_network(destination, strict=False)
        destination = str(network.network_address if network.prefixlen == network.max_prefixlen else network)
    named = {"dev": "dev", "gateway": "gateway", "priority": "metric", "prefsrc": "prefsrc", "type": "type"}
    route: dict[str, Any] = {"dst": destination}
    route |= {word: arguments[key] for key, word in named.items() if arguments.get(key)}
    if arguments.get("table", _MAIN) != _MAIN:
        route["table"] = str(arguments["table"])
    if command == "add":
        return [*table, {**route, "flags": []}]
    for entry in table:
        is_in_table = str(entry.get("table", "main")) == route.get("table", "main")
        if is_in_table and _has_all(entry, route):
            return [other for other in table if other is not entry]
    return table


def _has_all(entry: dict[str, Any], wanted: dict[str, Any]) -> bool:
    destinations = {wanted["dst"], str(wanted["dst"]).removesuffix("/32").removesuffix("/128")}
    return entry.get("dst") in destinations and all(
        entry.get(key) == value for key, value in wanted.items() if key not in {"dst", "table"}
    )


def addresses_of(link: dict[str, Any]) -> Iterator[tuple[str, str, int, str]]:
    """Yield (family, address, prefix length, scope) of a link's addresses; entries of other shapes are skipped."""
    for entry in link.get("addr_info", ()):
        if isinstance(entry, dict) and isinstance(entry.get("local"), str) and isinstance(entry.get("prefixlen"), int):
            yield str(entry.get("family", "")), entry["local"], entry["prefixlen"], str(entry.get("scope", ""))
