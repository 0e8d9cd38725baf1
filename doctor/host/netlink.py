"""Changes of links, addresses and routes through rtnetlink, with pyroute2, in the host's network namespace or a container's.

``doctor.host.rtnetlink`` reads them.
"""

import os
import socket
import struct
import time
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from doctor.formats.netlink import route_requests
from doctor.formats.netlink.messages import attribute
from doctor.formats.netlink.routes import ONLINK
from doctor.host.rtnetlink.dump import ROUTE, Dumper
from doctor.host.rtnetlink.lock import is_held
from doctor.host.rtnetlink.visit import Visit
from doctor.model.errors import RepairError
from doctor.model.missing import Missing
from doctor.model.step import Netlink

_FORWARDING = "3"
"""BR_STATE_FORWARDING of include/uapi/linux/if_bridge.h."""
_PORT_S = 3.0
_LINK, _NOWHERE = 253, 255
"""RT_SCOPE_ of include/uapi/linux/rtnetlink.h."""
_SCOPES = {
    "local": 254,
    "broadcast": _LINK,
    "multicast": _LINK,
    "anycast": _LINK,
    "blackhole": 0,
    "unreachable": 0,
    "prohibit": 0,
    "throw": 0,
}
"""Scopes of routes of other types than unicast."""
_NAMESPACE_S = 10.0


def carry_out(step: Netlink) -> None:
    """Send the request of a step, in the namespace that it names. Raises ``RepairError``.

    If the namespace has gone with its container, a step that may fail has nothing left to do.
    """
    if not step.pid:
        change(step.do, may_fail=step.may_fail)
        return

    def send(_pid: int, inode: int) -> str:
        if inode != step.inode:
            return "its process runs in another network namespace now"
        change(step.do, may_fail=step.may_fail)
        return ""

    failure = Visit(send).go([step.pid], _NAMESPACE_S)[step.pid]
    if failure and not step.may_fail:
        reason = failure.reason if isinstance(failure, Missing) else failure
        raise RepairError(f"can't change the network of a container: {reason}", where=str(step.do[2]))


def change(request: tuple[str, str, dict[str, str | int]], *, may_fail: bool = False) -> None:
    """Send one request: (object, command, arguments), interfaces by name under ``dev`` and ``master``.

    Raises ``RepairError`` if the kernel refuses, unless ``may_fail``.
    """
    kind, command, given = request
    held = is_held()
    if held is not None:
        raise RepairError(held.reason, where=str(given))
    with IPRoute() as route:
        try:
            name = given.get("dev")
            if kind == "route" and route_requests.is_special(given):
                _send_route(route, command, given)
            else:
                _SENDERS.get(kind, _send)(route, kind, command, _arguments(route, kind, command, given))
            if (kind, command) == ("link", "set") and name is not None and given.get("state") != "down":
                _await_forwarding(str(name))
        except OSError:
            if not may_fail:
                raise
        except NetlinkError as error:
            # 17: it is there already; 3, 19, 99: it is gone already.
            if may_fail or (command == "add" and error.code == 17):
                return
            raise RepairError(f"the kernel refused '{kind} {command}': {error}", where=str(given)) from error


def _arguments(route: "IPRoute", kind: str, command: str, given: dict[str, str | int]) -> dict[str, Any]:
    """The arguments as pyroute2 takes them: numbers of interfaces, an address and its prefix length, the peer of a veth."""
    arguments: dict[str, Any] = dict(given)
    name = arguments.pop("dev", None)
    for predicted in ("number", "peer_number"):
        arguments.pop(predicted, None)
    if name is not None and kind == "link" and command == "add":
        arguments["ifname"] = name
    elif name is not None:
        arguments[_INDEX.get(kind, "index")] = _index(route, str(name))
    if "master" in arguments and kind == "link":
        # An empty name detaches: the kernel takes 0 for that.
        master = str(arguments["master"])
        arguments["master"] = _index(route, master) if master else 0
    if "peer" in arguments:
        # The other end is created in the host's namespace: that of this process, whose thread alone is elsewhere.
        mac = arguments.pop("peer_address", "")
        arguments["peer"] = {"ifname": arguments["peer"], "net_ns_pid": os.getpid()} | ({"address": mac} if mac else {})
    if kind == "route":
        arguments.update(_as_ip(command, arguments))
    if kind == "addr" and "address" in arguments:
        address, _, prefix = str(arguments["address"]).partition("/")
        arguments.update(address=address, prefixlen=int(prefix or 32))
    return arguments


def _send(route: "IPRoute", kind: str, command: str, arguments: dict[str, Any]) -> None:
    if kind == "neigh" and command == "add":
        # The kernel may have learned the address meanwhile: that entry gives way.
        command = "replace"
    getattr(route, kind)(command, **arguments)


def _send_queue(route: "IPRoute", _kind: str, command: str, arguments: dict[str, Any]) -> None:
    """A queue at the root of an interface; the kernel's default takes its place if it is deleted."""
    if command == "add":
        route.tc("add", arguments.pop("kind"), arguments.pop("index"), arguments.pop("handle", 0), **arguments)
    else:
        route.tc("del", index=arguments["index"], parent=_ROOT)


def _send_entry(route: "IPRoute", kind: str, command: str, arguments: dict[str, Any]) -> None:
    """An entry of a bridge's forwarding table, by the port that it leads to."""
    given = {"flags": _OF_MASTER, "state": arguments.pop("state", _PERMANENT), **arguments}
    _send(route, kind, command, given)


def _send_port(route: "IPRoute", kind: str, command: str, arguments: dict[str, Any]) -> None:
    """Settings of a bridge port. Its state is last, and in the bridge's family: any other change enables a disabled port."""
    state = arguments.pop("state", None)
    if len(arguments) > 1:
        _send(route, kind, command, arguments)
    if state is not None:
        body = struct.pack("=BxHiII", _BRIDGE, 0, arguments["index"], 0, 0)
        body += attribute(_PORT | _NESTED, attribute(_PORT_STATE, bytes([int(state)])))
        with Dumper(ROUTE) as asked:
            asked.order(_SET_LINK, body)


def _send_route(route: "IPRoute", command: str, arguments: dict[str, str | int]) -> None:
    """A route with several next hops, a next hop object or a gateway of the other family."""
    body = route_requests.encode(arguments, lambda name: _index(route, name), deletes=command == "del")
    with Dumper(ROUTE) as asked:
        try:
            asked.order(_DELETE_ROUTE if command == "del" else _NEW_ROUTE, body, 0 if command == "del" else _CREATE)
        except OSError as error:
            raise NetlinkError(error.errno, os.strerror(error.errno or 0)) from error


_SENDERS = {"queue": _send_queue, "fdb": _send_entry, "brport": _send_port}
_NEW_ROUTE, _DELETE_ROUTE, _CREATE = 24, 25, 0x400 | 0x200
"""RTM_NEWROUTE, RTM_DELROUTE, NLM_F_CREATE | NLM_F_EXCL."""
_BRIDGE, _SET_LINK, _PORT, _PORT_STATE, _NESTED = 7, 19, 12, 1, 0x8000
"""AF_BRIDGE, RTM_SETLINK, IFLA_PROTINFO, IFLA_BRPORT_STATE, NLA_F_NESTED."""
_INDEX = {"route": "oif", "neigh": "ifindex", "fdb": "ifindex"}
_ROOT = 0xFFFFFFFF
"""TC_H_ROOT of include/uapi/linux/pkt_sched.h."""
_OF_MASTER, _PERMANENT = 4, 128
"""NTF_MASTER and NUD_PERMANENT of include/uapi/linux/neighbour.h."""


def _await_forwarding(name: str) -> None:
    """Wait until a bridge port forwards: the kernel reports a carrier at most once a second (net/core/link_watch.c)."""
    deadline = time.monotonic() + _PORT_S
    while time.monotonic() < deadline:
        try:
            with open(f"/sys/class/net/{name}/brport/state", encoding="ascii") as stream:
                if stream.read().strip() == _FORWARDING:
                    return
        except OSError:
            # Not a bridge port.
            return
        time.sleep(0.02)


def _as_ip(command: str, route: dict[str, Any]) -> dict[str, Any]:
    """Family, scope, flags and metrics of a route as ip(8) sets them: "default" has no family, a deletion finds every scope."""
    more: dict[str, Any] = {}
    if mtu := route.pop("mtu", 0):
        more["metrics"] = {"mtu": mtu}
    if route.pop("onlink", 0):
        more["flags"] = ONLINK
    return more | _as_family(command, route)


def _as_family(command: str, route: dict[str, Any]) -> dict[str, int]:
    if ":" in f"{route.get('dst', '')} {route.get('gateway', '')}":
        return {"family": socket.AF_INET6}
    kind = route.get("type", "unicast")
    usual = _NOWHERE if command == "del" else 0 if route.get("gateway") else _LINK
    return {"family": socket.AF_INET, "scope": _SCOPES.get(kind, usual)}


def _index(route: "IPRoute", name: str) -> int:
    found = route.link_lookup(ifname=name)
    if not found:
        raise RepairError("no such network interface", where=name)
    return int(found[0])
