"""The few rtnetlink requests a container's network needs: links, addresses, routes (include/uapi/linux/rtnetlink.h)."""

import _socket
import os
import struct

from doctor.runtime.base.frozen import LaunchError, dataclass

_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _NEWROUTE = 16, 17, 18, 20, 24
BRIDGE_MARK = b"doctor-runtime"
_REQUEST, _ACK, _DUMP, _EXCL, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_ERROR, _DONE = 2, 3
_AF_NETLINK, _NETLINK_ROUTE, _AF_INET = 16, 0, 2
_IFF_UP = 1
_HARDWARE, _IFNAME, _MTU, _MASTER, _LINKINFO, _NET_NS_PID, _ALIAS = 1, 3, 4, 10, 18, 19, 20
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_OIF, _RTA_GATEWAY = 4, 5
_TABLE_MAIN, _PROTO_BOOT, _SCOPE_UNIVERSE, _UNICAST = 254, 3, 0, 1
_REPLY_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Veth:
    """A pair of interfaces: `host` hangs on the bridge with index `master` if there is one, `inside` starts in the netns of `pid`.

    `mac` is the inner end's hardware address, `own_mac` the outer one's, None for random ones.
    """

    host: str
    inside: str
    pid: int
    master: int | None = None
    mtu: int | None = None
    mac: bytes | None = None
    own_mac: bytes | None = None


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def attributes(data: bytes) -> "list[tuple[int, bytes]]":
    """Kind and value of each attribute of a message."""
    found, place = [], 0
    while place + 4 <= len(data):
        size, kind = struct.unpack_from("<HH", data, place)
        found.append((kind & 0x3FFF, data[place + 4 : place + size]))
        place += max(4, size + 3 & ~3)
    return found


def _name(text: str) -> bytes:
    return attribute(_IFNAME, text.encode() + b"\0")


def _link(index: int = 0, flags: int = 0) -> bytes:
    return struct.pack("<BxHiII", 0, 0, index, flags, flags)


def packed(address: str) -> bytes:
    """The four bytes of an already validated address."""
    return bytes(int(part) for part in address.split("."))


class NetlinkSocket:
    """A route socket in the current network namespace; every request waits for the kernel's answer."""

    def __init__(self) -> None:
        self._socket = _socket.socket(_AF_NETLINK, _socket.SOCK_RAW, _NETLINK_ROUTE)
        self._socket.settimeout(_REPLY_S)
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def bridge(self, name: str) -> None:
        """Create a bridge with our mark and bring it up. Raises OSError EEXIST if the name is taken."""
        info = attribute(_INFO_KIND, b"bridge")
        self.ask(_NEWLINK, _CREATE | _EXCL, _link(flags=_IFF_UP) + _name(name) + attribute(_LINKINFO, info))
        # An alias is accepted only for an existing link (net/core/rtnetlink.c, do_setlink).
        self.ask(_NEWLINK, 0, _link(_socket.if_nametoindex(name), _IFF_UP) + attribute(_ALIAS, BRIDGE_MARK))

    def is_own_bridge(self, index: int) -> bool:
        """Whether the link has the mark of bridges created by this module."""
        return any(mine == index and alias == BRIDGE_MARK for mine, _, alias in self._links())

    def delete_idle_bridge(self, name: str) -> None:
        """Remove a bridge with our mark and without ports; a bridge with ports stays for its last user."""
        try:
            index = _socket.if_nametoindex(name)
        except OSError:
            return
        links = self._links()
        has_ports = any(master == index for _, master, _ in links)
        if not has_ports and any(mine == index and alias == BRIDGE_MARK for mine, _, alias in links):
            self.ask(_DELLINK, 0, _link(index))

    def _links(self) -> list[tuple[int, int, bytes]]:
        """Index, master (0 for none) and alias of each link."""
        found = []
        for message in self.dump(_GETLINK, _link()):
            values = dict(attributes(message[16:]))
            master = int.from_bytes(values.get(_MASTER, b""), "little")
            found.append((struct.unpack_from("<4xi", message)[0], master, values.get(_ALIAS, b"").rstrip(b"\0")))
        return found

    def veth(self, pair: Veth) -> None:
        """Make a veth pair, one end here, as a port of a bridge if requested, the other inside another network
        namespace.
        """
        extra = b"" if pair.mtu is None else attribute(_MTU, struct.pack("<I", pair.mtu))
        peer = _link() + _name(pair.inside) + attribute(_NET_NS_PID, struct.pack("<I", pair.pid)) + extra
        if pair.mac is not None:
            peer += attribute(_HARDWARE, pair.mac)
        info = attribute(_INFO_KIND, b"veth") + attribute(_INFO_DATA, attribute(_VETH_PEER, peer))
        body = _link(flags=_IFF_UP) + _name(pair.host) + extra
        if pair.master is not None:
            body += attribute(_MASTER, struct.pack("<I", pair.master))
        if pair.own_mac is not None:
            body += attribute(_HARDWARE, pair.own_mac)
        self.ask(_NEWLINK, _CREATE | _EXCL, body + attribute(_LINKINFO, info))

    def delete(self, name: str) -> None:
        """Remove a link; a no-op if it is missing."""
        try:
            index = _socket.if_nametoindex(name)
        except OSError:
            return
        self.ask(_DELLINK, 0, _link(index))

    def up(self, name: str) -> int:
        """Set an interface up; its index."""
        index = _socket.if_nametoindex(name)
        self.ask(_NEWLINK, 0, _link(index, _IFF_UP))
        return index

    def address(self, index: int, address: bytes, prefix: int) -> None:
        """Give an interface an IPv4 address."""
        mask = (1 << (32 - prefix)) - 1
        broadcast = (int.from_bytes(address, "big") | mask).to_bytes(4, "big")
        body = struct.pack("<BBBBI", _AF_INET, prefix, 0, 0, index)
        body += attribute(_IFA_LOCAL, address) + attribute(_IFA_ADDRESS, address) + attribute(_IFA_BROADCAST, broadcast)
        self.ask(_NEWADDR, _CREATE | _EXCL, body)

    def default_route(self, index: int, gateway: bytes) -> None:
        """Add a default route to a gateway on this interface."""
        body = struct.pack("<BBBBBBBBI", _AF_INET, 0, 0, 0, _TABLE_MAIN, _PROTO_BOOT, _SCOPE_UNIVERSE, _UNICAST, 0)
        body += attribute(_RTA_GATEWAY, gateway) + attribute(_RTA_OIF, struct.pack("<I", index))
        self.ask(_NEWROUTE, _CREATE | _EXCL, body)

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """All objects of a kind: the kernel's messages without their headers."""
        self._send(kind, _DUMP, body)
        found: list[bytes] = []
        while True:
            reply, place = self._receive(), 0
            while place + 16 <= len(reply):
                size, answer, _, sequence, _ = struct.unpack_from("<IHHII", reply, place)
                if sequence == self._sequence and answer == _DONE:
                    return found
                if sequence == self._sequence and answer == _ERROR:
                    code = -struct.unpack_from("<i", reply, place + 16)[0]
                    raise OSError(code, os.strerror(code))
                if sequence == self._sequence:
                    found.append(reply[place + 16 : place + size])
                place += max(16, size + 3 & ~3)

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        self._socket.send(struct.pack("<IHHII", 16 + len(body), kind, flags | _REQUEST, self._sequence, 0) + body)

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            raise LaunchError(f"the kernel did not answer a network request within {_REPLY_S} s") from None

    def ask(self, kind: int, flags: int, body: bytes) -> None:
        """One request that the kernel acknowledges. Raises OSError with its reason."""
        self._send(kind, flags | _ACK, body)
        while True:
            reply = self._receive()
            _, answer, _, sequence, _ = struct.unpack_from("<IHHII", reply)
            if sequence == self._sequence and answer == _ERROR:
                code = -struct.unpack_from("<i", reply, 16)[0]
                if code:
                    raise OSError(code, os.strerror(code))
                return
