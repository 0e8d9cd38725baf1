"""Completes the request that adds a deleted address or interface again with all that ``ip -j -d addr`` shows of it."""

from collections.abc import Iterator
from typing import Any

from doctor.formats.netlink.routes import FOREVER, NO_PREFIX_ROUTE, NODAD, SCOPES
from doctor.formats.network.ip_json import Change, load


def completed(change: Change, undo: Change, addresses: bytes) -> Change:
    """Return ``undo`` of a deletion with the attributes that what is deleted has now; what ``undo`` itself says is kept.

    Otherwise an address would lose its label and broadcast address, and a bridge its MAC address, with which its neighbours know
    it. Raises ``FormatError`` for an output in another format.

    >>> request = {"dev": "docker0", "address": "10.0.0.1/24"}
    >>> shown = b'[{"ifname":"docker0","addr_info":[{"family":"inet","local":"10.0.0.1","prefixlen":24,"label":"docker0:x"}]}]'
    >>> completed(("addr", "del", request), ("addr", "add", request), shown)[2]
    {'scope': 0, 'label': 'docker0:x', 'dev': 'docker0', 'address': '10.0.0.1/24'}
    """
    kind, command, given = undo
    if change[1] != "del" or command != "add" or kind not in {"addr", "link"}:
        return undo
    found = next((entry for entry in load(addresses) if entry.get("ifname") == given.get("dev")), None)
    if found is None:
        return undo
    return (
        kind,
        command,
        dict(_address(found, given) if kind == "addr" else _link(found, load(addresses), given)) | given,
    )


def _address(link: dict[str, Any], given: dict[str, str | int]) -> Iterator[tuple[str, str | int]]:
    for entry in link.get("addr_info") or ():
        if f"{entry.get('local')}/{entry.get('prefixlen')}" != given.get("address"):
            continue
        yield "scope", SCOPES.get(str(entry.get("scope")), 0)
        lives = (entry.get("valid_life_time", FOREVER), entry.get("preferred_life_time", FOREVER))
        if lives != (FOREVER, FOREVER):
            yield from zip(("valid", "preferred"), map(int, lives), strict=True)
        if entry.get("family") == "inet":
            yield from ((word, str(entry[word])) for word in ("broadcast", "label") if entry.get(word))
        flags = (NODAD if entry.get("nodad") else 0) | (NO_PREFIX_ROUTE if entry.get("noprefixroute") else 0)
        if flags:
            yield "flags", flags


def _link(
    link: dict[str, Any], links: list[dict[str, Any]], given: dict[str, str | int]
) -> Iterator[tuple[str, str | int]]:
    if link.get("address"):
        yield "address", str(link["address"])
    if link.get("mtu"):
        yield "mtu", int(link["mtu"])
    if "UP" in (link.get("flags") or ()):
        yield "state", "up"
    peer = next((entry for entry in links if given.get("peer") and entry.get("ifname") == given["peer"]), {})
    if peer.get("address"):
        yield "peer_address", str(peer["address"])
