"""Changes of links, addresses and routes through rtnetlink, with pyroute2, in the host's network namespace or a container's.

``doctor.host.rtnetlink`` reads them.
"""

import socket
import time
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

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
        arguments: dict[str, Any] = dict(given)
        try:
            name = arguments.pop("dev", None)
            if name is not None and kind == "link" and command == "add":
                arguments["ifname"] = name
            elif name is not None:
                arguments["oif" if kind == "route" else "index"] = _index(route, str(name))
            if "master" in arguments:
                # An empty name detaches: the kernel takes 0 for that.
                master = str(arguments["master"])
                arguments["master"] = _index(route, master) if master else 0
            if kind == "route":
                arguments.update(_as_ip(command, arguments))
            if kind == "addr" and "address" in arguments:
                address, _, prefix = str(arguments["address"]).partition("/")
                arguments.update(address=address, prefixlen=int(prefix or 32))
            getattr(route, kind)(command, **arguments)
            if (kind, command) == ("link", "set") and name is not None and given.get("state") != "down":
                _await_forwarding(str(name))
        except NetlinkError as error:
            # 17: it is there already; 3, 19, 99: it is gone already.
            if may_fail or (command == "add" and error.code == 17):
                return
            raise RepairError(f"the kernel refused '{kind} {command}': {error}", where=str(given)) from error


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


def _as_ip(command: str, route: dict[str, Any]) -> dict[str, int]:
    """Family and scope of a route as ip(8) sets them: "default" has no family, and a deletion finds every scope."""
    if ":" in f"{route.get('dst', '')} {route.get('gateway', '')}":
        return {"family": socket.AF_INET6}
    scope = _NOWHERE if command == "del" else 0 if route.get("gateway") else _LINK
    return {"family": socket.AF_INET, "scope": scope}


def _index(route: "IPRoute", name: str) -> int:
    found = route.link_lookup(ifname=name)
    if not found:
        raise RepairError("no such network interface", where=name)
    return int(found[0])
