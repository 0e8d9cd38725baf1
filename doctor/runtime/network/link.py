"""Sets up a container's network from both sides: the runtime creates the link, the container's init configures its
end.
"""

import _socket
import errno
import os

from doctor.runtime.base.frozen import LaunchError, reason
from doctor.runtime.cleanup.janitor import Janitor
from doctor.runtime.network import uplink
from doctor.runtime.network.netlink import NetlinkSocket, Veth, packed
from doctor.runtime.plan.container import Bridge

INSIDE = "eth0"


def attach(bridge: Bridge, pid: int, host_name: str, janitor: Janitor) -> None:
    """Attach a process's network namespace to a bridge, or behind an uplink; creates the bridge if the plan says so.

    The kernel would remove the veth pair with the namespace of one end, but only later (net/core/net_namespace.c,
    cleanup_net); the janitor removes it before the runtime ends, so that the host is unchanged then.
    """
    if bridge.uplink:
        uplink.attach(bridge, pid, host_name, janitor)
        return
    netlink = NetlinkSocket()
    try:
        master = _bridge_index(bridge, netlink, janitor)
        mac = None if bridge.mac is None else bytes.fromhex(bridge.mac.replace(":", ""))
        pair = Veth(host=host_name, inside=INSIDE, pid=pid, master=master, mtu=bridge.mtu, mac=mac)
        janitor.before_link(host_name)
        netlink.veth(pair)
    except OSError as error:
        raise LaunchError(f"can't attach the container to bridge '{bridge.name}': {reason(error)}") from None
    finally:
        netlink.close()


def _bridge_index(bridge: Bridge, netlink: NetlinkSocket, janitor: Janitor) -> int:
    try:
        index = _socket.if_nametoindex(bridge.name)
    except OSError:
        if not bridge.create or bridge.gateway is None:
            raise LaunchError(f"bridge '{bridge.name}' does not exist") from None
    else:
        if netlink.is_own_bridge(index):  # of another run, which may end first
            janitor.before_bridge(bridge.name)
        return index
    janitor.before_bridge(bridge.name)
    try:
        netlink.bridge(bridge.name)
    except OSError as error:
        if error.errno != errno.EEXIST:  # another runtime created it first
            raise
    index = _socket.if_nametoindex(bridge.name)
    netlink.address(index, packed(bridge.gateway), prefix_of(bridge.address))
    return index


def configure_inside(bridge: Bridge) -> None:
    """Run by the container's init: address and default route of its end of the link."""
    netlink = NetlinkSocket()
    try:
        index = netlink.up(INSIDE)
        netlink.address(index, packed(bridge.address.partition("/")[0]), prefix_of(bridge.address))
        if bridge.uplink:
            uplink.configure_gateway(bridge, netlink, index)
        if bridge.gateway is not None:
            netlink.default_route(index, packed(bridge.gateway))
    except OSError as error:
        raise LaunchError(f"can't configure {INSIDE} in the container: {reason(error)}") from None
    finally:
        netlink.close()


def prefix_of(cidr: str) -> int:
    """The prefix length of ADDRESS/PREFIX."""
    return int(cidr.partition("/")[2])


def open_namespace(target: str) -> int:
    """A descriptor of the network namespace of "PID", or of "PID:CONTAINER:FIRST-LAST" if that is the container's process.

    A container's recorded process may have ended and its pid been reused. Then its start time is outside of these clock
    ticks since boot, or its control groups do not have the container's id in their names (dockerd: /docker/ID,
    system.slice/docker-ID.scope; the container's own init may have gone deeper). Everything is read through one
    descriptor of /proc/PID, which stays bound to the same process.
    """
    pid, container, first, last = _parts(target) or (target, "", 0, 0)
    try:
        process = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise LaunchError(f"can't join the network of process {pid}: {reason(error)}") from None
    try:
        if container and not first <= _beginning(process) <= last:
            raise LaunchError(f"process {pid} did not begin with container {container[:12]}: its record is stale")
        if container and not _is_member(process, container):
            raise LaunchError(f"process {pid} is not one of container {container[:12]}: its record is stale")
        return os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
    except OSError as error:
        raise LaunchError(f"can't join the network of process {pid}: {reason(error)}") from None
    finally:
        os.close(process)


def is_process(target: str) -> bool:
    """Whether the target of net "container" is "PID" or "PID:CONTAINER:FIRST-LAST"."""
    return _parts(target) is not None


def _parts(target: str) -> tuple[str, str, int, int] | None:
    pid, *rest = target.split(":")
    if not pid.isascii() or not pid.isdigit():
        return None
    if not rest:
        return pid, "", 0, 0
    first, _, last = rest[-1].partition("-")
    if len(rest) != 2 or len(rest[0]) < 12 or not all(tick.isascii() and tick.isdigit() for tick in (first, last)):
        return None
    return pid, rest[0], int(first), int(last)


def _beginning(process: int) -> int:
    """When a process began, in clock ticks since boot: field 22 of its `stat`, counted after its name, which may
    contain anything.
    """
    handle = os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
    try:
        return int(os.read(handle, 4096).rpartition(b")")[2].split()[19])
    finally:
        os.close(handle)


def _is_member(process: int, container: str) -> bool:
    with open(
        os.open("cgroup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process), encoding="utf-8", errors="replace"
    ) as source:
        return any(container in part for line in source.read().splitlines() for part in line.split("/")[1:])


def open_path(path: str) -> int:
    """A descriptor of a network namespace's file."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LaunchError(f"can't open the network namespace '{path}': {reason(error)}") from None
