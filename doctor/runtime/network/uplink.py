"""Attaches a container behind an interface of the host, as a neighbour on its link: its packets arrive on that
interface.

The container's end of a veth pair is the neighbour. Its packets are received again on the uplink (mirred, ingress
redirect on the pair's host end), so that every hook sees them like those of a real client: tc and netdev ingress, raw,
mangle, nat, filter, and rules that name the interface. Packets of the host to it go through the uplink up to its egress
hook, and are redirected to the pair there (a u32 filter for this one address): none of them reaches the wire, and no
other packet is changed.
"""

import _socket
import struct
from contextlib import suppress

from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError, reason
from doctor.runtime.cleanup.leftovers import live_tokens
from doctor.runtime.network.netlink import NetlinkSocket, Veth, attribute, attributes, packed

if TYPE_CHECKING:
    from typing import Protocol

    from doctor.runtime.plan.container import Bridge

    class Announcer(Protocol):
        """Hears of each change before it is made: the janitor, which stands above this module and undoes them."""

        token: str

        def before_link(self, name: str) -> None:
            """Announce a new interface."""

        def before_neighbour(self, name: str, address: str) -> None:
            """Announce a route, a hook with a filter, and an entry of the neighbour table for an address on an interface."""


_NEWNEIGH, _DELNEIGH, _NEWROUTE, _DELROUTE, _GETROUTE = 28, 29, 24, 25, 26
_NEWQDISC, _DELQDISC, _GETQDISC, _NEWFILTER, _DELFILTER, _GETFILTER = 36, 37, 38, 44, 45, 46
_CREATE, _EXCL, _REPLACE = 0x400, 0x200, 0x100
_AF_INET = 2
_HANDLE, _CLSACT, _INGRESS, _EGRESS = 0xFFFF0000, 0xFFFFFFF1, 0xFFFFFFF2, 0xFFFFFFF3
_KIND, _OPTIONS = 1, 2
_U32_SELECTOR, _U32_ACTIONS, _TERMINAL = 5, 7, 1
_NESTED = 0x8000
_MIRRED_PARMS, _STOLEN, _TO_EGRESS, _TO_INGRESS = 2, 4, 1, 3
_IPV4 = 0x0008  # ETH_P_IP in the byte order of the wire
_SOURCE, _DESTINATION = 12, 16
_PRIORITIES = 0xD000  # filters of this module have priorities from here on, 256 of them
_PERMANENT = 0x80
_TABLE_MAIN, _PROTOCOL, _SCOPE_LINK, _UNICAST = 254, 208, 253, 1
"""208: routes of this module only: one exists before and after everything else here, so it shows what a killed run left."""


def attach(bridge: "Bridge", pid: int, host_name: str, janitor: "Announcer") -> None:
    """Create the pair, the filters and the route. Raises LaunchError if the kernel or existing filters prevent it."""
    netlink = NetlinkSocket()
    address = bridge.address.partition("/")[0]
    try:
        uplink = _socket.if_nametoindex(bridge.name)
        janitor.before_link(host_name)
        _sweep(netlink, janitor.token)
        has_hook = _has_own_hook(netlink, bridge.name, uplink)
        janitor.before_neighbour(bridge.name, address)
        netlink.ask(_NEWROUTE, _CREATE | _EXCL, _route(uplink, address))
        netlink.veth(Veth(host=host_name, inside="eth0", pid=pid, mac=_hardware(address), own_mac=_far_end(bridge)))
        pair = _socket.if_nametoindex(host_name)
        netlink.ask(_NEWQDISC, _CREATE | _EXCL, _traffic(pair, _CLSACT, _HANDLE) + _named("clsact"))
        netlink.ask(_NEWFILTER, _CREATE | _EXCL, _redirect(pair, _INGRESS, 1, address, uplink))
        if not has_hook:
            netlink.ask(_NEWQDISC, _CREATE | _EXCL, _traffic(uplink, _CLSACT, _HANDLE) + _named("clsact"))
        netlink.ask(_NEWFILTER, _CREATE | _EXCL, _redirect(uplink, _EGRESS, _priority(address), address, pair))
        netlink.ask(_NEWNEIGH, _CREATE | _REPLACE, _neighbour(uplink, address, _hardware(address)))
    except OSError as error:
        raise LaunchError(f"can't attach a container behind {bridge.name} ({reason(error)})") from None
    finally:
        netlink.close()


_swept: list[bool] = []


def _sweep(netlink: NetlinkSocket, token: str) -> None:
    """Once per process, remove leftovers of a killed run, unless another live run may own them."""
    if _swept or live_tokens() - {token}:
        return
    _swept.append(True)
    for index, address in _marks(netlink):
        release(_socket.if_indextoname(index), address)


def _marks(netlink: NetlinkSocket) -> list[tuple[int, str]]:
    """Interface and address of each route of this module."""
    found = []
    body = struct.pack("<BBBBBBBBI", _AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
    for message in netlink.dump(_GETROUTE, body):
        values = dict(attributes(message[12:]))
        if message[5] == _PROTOCOL and message[1] == 32 and len(values.get(1, b"")) == 4 and 4 in values:
            found.append((int.from_bytes(values[4], "little"), ".".join(str(byte) for byte in values[1])))
    return found


def configure_gateway(bridge: "Bridge", netlink: NetlinkSocket, index: int) -> None:
    """Run by the container's init: the address of the remote end is static, without ARP."""
    if bridge.gateway is not None:
        netlink.ask(_NEWNEIGH, _CREATE | _REPLACE, _neighbour(index, bridge.gateway, _far_end(bridge)))


def release(name: str, address: str) -> None:
    """Undo what `attach` did for one address; each part may be missing. The hook goes with its last address."""
    try:
        uplink, netlink = _socket.if_nametoindex(name), NetlinkSocket()
    except OSError:
        return
    for kind, body in (
        (_DELNEIGH, _neighbour(uplink, address, b"")),
        (_DELFILTER, _filter(uplink, _EGRESS, _priority(address))),
    ):
        with suppress(OSError):
            netlink.ask(kind, 0, body)
    with suppress(OSError):
        is_last = all(mark == (uplink, address) for mark in _marks(netlink) if mark[0] == uplink)
        if is_last and not _priorities(netlink, uplink):
            netlink.ask(_DELQDISC, 0, _traffic(uplink, _CLSACT, _HANDLE) + _named("clsact"))
    with suppress(OSError):
        netlink.ask(_DELROUTE, 0, _route(uplink, address))
    netlink.close()


def _has_own_hook(netlink: NetlinkSocket, name: str, uplink: int) -> bool:
    """Whether the uplink has a hook of this module. Raises LaunchError if it has another: its filters could catch our packets,
    and one without filters is somebody's as well.
    """
    hooks = (_tail(message)[2] for message in netlink.dump(_GETQDISC, _traffic(uplink)) if _is_of(message, uplink))
    if _CLSACT not in hooks:
        return False
    is_marked = any(index == uplink for index, _ in _marks(netlink))
    if not is_marked or any(not _PRIORITIES <= one < _PRIORITIES + 256 for one in _priorities(netlink, uplink)):
        raise LaunchError(f"can't attach a container behind {name}: it has traffic filters already")
    return True


def _priorities(netlink: NetlinkSocket, uplink: int) -> list[int]:
    """The priorities of all filters at both hooks of an interface."""
    found = []
    for parent in (_INGRESS, _EGRESS):
        with suppress(OSError):
            messages = netlink.dump(_GETFILTER, _traffic(uplink, parent))
            found += [_tail(message)[3] >> 16 for message in messages if _is_of(message, uplink)]
    return found


def _is_of(message: bytes, index: int) -> bool:
    return len(message) >= 20 and _tail(message)[0] == index


def _tail(message: bytes) -> "tuple[int, int, int, int]":
    """Interface, handle, parent and info of struct tcmsg."""
    index, handle, parent, info = struct.unpack_from("<4xiIII", message)
    return index, handle, parent, info


def _traffic(index: int, parent: int = 0, handle: int = 0, info: int = 0) -> bytes:
    return struct.pack("<BxxxiIII", 0, index, handle, parent, info)


def _named(kind: str) -> bytes:
    return attribute(_KIND, kind.encode() + b"\0")


def _priority(address: str) -> int:
    return _PRIORITIES + packed(address)[3]


def _filter(index: int, parent: int, priority: int) -> bytes:
    return _traffic(index, parent, 0, priority << 16 | _IPV4) + _named("u32")


def _redirect(index: int, parent: int, priority: int, address: str, target: int) -> bytes:
    """A u32 filter for one address: received packets from it re-enter at the target, outgoing ones to it leave
    there.
    """
    is_in = parent == _INGRESS
    key = struct.pack("<4s4sii", b"\xff" * 4, packed(address), _SOURCE if is_in else _DESTINATION, 0)
    selector = struct.pack("<BBBxHHhhI", _TERMINAL, 0, 1, 0, 0, 0, 0, 0) + key
    parms = struct.pack("<IIiiiiI", 0, 0, _STOLEN, 0, 0, _TO_INGRESS if is_in else _TO_EGRESS, target)
    action = attribute(1, b"mirred\0") + attribute(2 | _NESTED, attribute(_MIRRED_PARMS, parms))
    options = attribute(_U32_ACTIONS, attribute(1, action)) + attribute(_U32_SELECTOR, selector)
    return _filter(index, parent, priority) + attribute(_OPTIONS, options)


def _neighbour(index: int, address: str, mac: bytes) -> bytes:
    body = struct.pack("<BxxxiHBB", _AF_INET, index, _PERMANENT, 0, 0) + attribute(1, packed(address))
    return body + (attribute(2, mac) if mac else b"")


def _route(index: int, address: str) -> bytes:
    body = struct.pack("<BBBBBBBBI", _AF_INET, 32, 0, 0, _TABLE_MAIN, _PROTOCOL, _SCOPE_LINK, _UNICAST, 0)
    return body + attribute(1, packed(address)) + attribute(4, struct.pack("<I", index))


def _hardware(address: str) -> bytes:
    return b"\x02\x42" + packed(address)


def _far_end(bridge: "Bridge") -> bytes:
    return b"\x02\x43" + packed(bridge.address.partition("/")[0])
