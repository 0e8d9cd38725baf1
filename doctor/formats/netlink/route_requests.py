"""Requests for routes that pyroute2 can't name: several next hops, a next hop object, a gateway of the other family.

``nexthops`` of a request has the hops as ip(8) takes them: "nexthop via 192.0.2.1 dev eth0 weight 1 nexthop dev tun0 weight 2".
"""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from doctor.formats.netlink.messages import attribute, family, number
from doctor.formats.netlink.routes import MAIN, ONLINK, NextHop
from doctor.formats.netlink.tables import ROUTE, ROUTE_KINDS

Request = Mapping[str, str | int]
_HOP = struct.Struct("=HBBi")
_DST, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _METRICS, _MULTIPATH, _TABLE, _VIA, _NH_ID = 1, 4, 5, 6, 7, 8, 9, 15, 18, 30
"""RTA_ of include/uapi/linux/rtnetlink.h."""
_MTU = 2
_LINK, _NOWHERE = 253, 255
"""RT_SCOPE_LINK and RT_SCOPE_NOWHERE."""
_BOOT = 3
"""RTPROT_BOOT."""


def is_special(request: Request) -> bool:
    """Whether a request is one of these.

    >>> is_special({"dst": "192.0.2.0/24", "nhid": 7}), is_special({"dst": "192.0.2.0/24", "gateway": "192.0.2.1"})
    (True, False)
    >>> is_special({"dst": "default", "gateway": "2001:db8::1", "family": 10}), is_special({"dst": "default", "gateway": "fe80::1"})
    (False, False)
    >>> is_special({"dst": "0.0.0.0/0", "gateway": "fe80::1"}), is_special({"dst": "default", "gateway": "fe80::1", "family": 2})
    (True, True)
    """
    gateway = str(request.get("gateway", ""))
    return "nexthops" in request or "nhid" in request or (bool(gateway) and _version(gateway) != _version_of(request))


def hops_text(hops: Iterable[NextHop], devices: Sequence[str]) -> str:
    """Return next hops as ip(8) takes them.

    >>> hops_text((NextHop(link=2, gateway="192.0.2.1"), NextHop(link=3, weight=2)), ("eth0", "tun0"))
    'nexthop via 192.0.2.1 dev eth0 weight 1 nexthop dev tun0 weight 2'
    """
    return " ".join(
        "nexthop"
        + (f" via {hop.gateway}" if hop.gateway else "")
        + f" dev {device} weight {hop.weight}"
        + (" onlink" if hop.flags & ONLINK else "")
        for hop, device in zip(hops, devices, strict=True)
    )


def hops_of(text: str, index: Callable[[str], int]) -> Iterator[NextHop]:
    """Yield the next hops of a request; ``index`` has the numbers of interfaces.

    >>> [hop.gateway for hop in hops_of("nexthop via 192.0.2.1 dev eth0 weight 1 nexthop dev tun0 weight 2", len)]
    ['192.0.2.1', '']
    """
    for part in text.split("nexthop")[1:]:
        words = part.split()
        named = dict(zip(words[::2], words[1::2], strict=False))
        yield NextHop(
            link=index(named.get("dev", "")),
            gateway=named.get("via", ""),
            weight=int(named.get("weight", 1)),
            flags=ONLINK if words[-1] == "onlink" else 0,
        )


def encode(request: Request, index: Callable[[str], int], *, deletes: bool) -> bytes:
    """Return the body of an RTM_NEWROUTE or RTM_DELROUTE message."""
    length = str(request.get("dst", "")).partition("/")[2]
    version, table = _version_of(request), int(request.get("table", MAIN))
    kind = next((value for value, name in ROUTE_KINDS.items() if name == request.get("type", "unicast")), 1)
    has_way = any(key in request for key in ("gateway", "nexthops", "nhid"))
    scope = _NOWHERE if deletes else 0 if has_way or version == 6 else _LINK
    flags = ONLINK if request.get("onlink") else 0
    head = ROUTE.pack(
        family(version),
        int(length or 0),
        0,
        0,
        table if table < 256 else 0,
        int(request.get("proto", 0 if deletes else _BOOT)),
        scope,
        kind,
        flags,
    )
    return head + b"".join(attribute(number_, content) for number_, content in _attributes(request, index, version))


def _attributes(request: Request, index: Callable[[str], int], version: int) -> Iterator[tuple[int, bytes]]:
    destination, _, length = str(request.get("dst", "")).partition("/")
    if int(length or 0):
        yield _DST, _packed(destination)
    if int(request.get("table", MAIN)) > 255:
        yield _TABLE, number(int(request["table"]))
    if "priority" in request:
        yield _PRIORITY, number(int(request["priority"]))
    if "prefsrc" in request:
        yield _PREFSRC, _packed(str(request["prefsrc"]))
    if "mtu" in request:
        yield _METRICS, attribute(_MTU, number(int(request["mtu"])))
    if "nhid" in request:
        yield _NH_ID, number(int(request["nhid"]))
    elif "nexthops" in request:
        yield _MULTIPATH, b"".join(_hop(hop, version) for hop in hops_of(str(request["nexthops"]), index))
    else:
        if "dev" in request:
            yield _OIF, number(index(str(request["dev"])))
        yield _way(str(request["gateway"]), version)


def _hop(hop: NextHop, version: int) -> bytes:
    way = attribute(*_way(hop.gateway, version)) if hop.gateway else b""
    return _HOP.pack(_HOP.size + len(way), hop.flags & ONLINK, hop.weight - 1, hop.link) + way


def _way(gateway: str, version: int) -> tuple[int, bytes]:
    """Return RTA_GATEWAY, or RTA_VIA for an address of the other family."""
    if _version(gateway) == version:
        return _GATEWAY, _packed(gateway)
    return _VIA, number(family(_version(gateway)), 2) + _packed(gateway)


def _version_of(request: Request) -> int:
    """Return the version of a request: "default" is of its family, else of the gateway's, as ip(8) takes it."""
    if "family" in request:
        return 6 if request["family"] == socket.AF_INET6 else 4
    destination = str(request.get("dst", ""))
    return _version(str(request.get("gateway", "")) if destination == "default" else destination)


def _version(text: str) -> int:
    return 6 if ":" in text else 4


def _packed(text: str) -> bytes:
    return socket.inet_pton(family(_version(text)), text)
