"""Details of findings about containers' interfaces: values that a check passes to its fixer."""

from msgspec import Struct

Request = dict[str, str | int]
"""Arguments of a request to rtnetlink."""


class ContainerPlace(Struct, frozen=True, kw_only=True):
    """A container's network namespace: a process in it and its inode; both are 0 for the host's."""

    container: str = ""
    pid: int = 0
    inode: int = 0


class InterfaceBase(Struct, frozen=True, kw_only=True):
    """Addresses and routes that an interface of a container needs.

    Attributes:
        device: its name.
        address: IPv4 address with prefix length, and ``address6``: to add; "" for none, or if it is there.
        gateway: of the default route to add, and ``gateway6``; "" for none.
    """

    device: str = ""
    address: str = ""
    address6: str = ""
    gateway: str = ""
    gateway6: str = ""


class InterfaceLost(Struct, frozen=True, kw_only=True):
    """An interface that is gone with both ends.

    Attributes:
        base: its name, addresses and gateways.
        outer: name for the host's end.
        number: of the container's end, and ``outer_number``: for the prediction.
        bridge: to attach it to; ``mac`` of the container's end, ``mtu`` of both.
        has_ipv6: whether the network has IPv6: else the engine turns it off on the interface.
    """

    place: ContainerPlace
    base: InterfaceBase
    outer: str
    number: int
    outer_number: int
    bridge: str
    mac: str
    mtu: int
    has_ipv6: bool = False


class InterfaceChanged(Struct, frozen=True, kw_only=True):
    """An interface that is set otherwise than the engine sets it.

    Attributes:
        is_down: and ``is_silent``: whether it is down, and whether it asks and answers no ARP.
        mac: the engine's MAC address, "" if it has it; ``mac_now`` the present one.
        learned: entries of the host's and other containers' neighbour tables that have ``mac_now``: place, interface, address.
    """

    place: ContainerPlace
    base: InterfaceBase
    is_down: bool = False
    is_silent: bool = False
    mac: str = ""
    mac_now: str = ""
    learned: tuple[tuple[ContainerPlace, str, str], ...] = ()


class AddressGone(Struct, frozen=True, kw_only=True):
    """An address that an interface lacks.

    Attributes:
        foreign: addresses that stand in its place: (text, attributes) of each.
        routes: that the kernel removes with the last of those; ``has_more`` whether requests do not name all of them.
    """

    place: ContainerPlace
    base: InterfaceBase
    foreign: tuple[tuple[str, Request], ...] = ()
    routes: tuple[Request, ...] = ()
    has_more: bool = False


class RoutesWrong(Struct, frozen=True, kw_only=True):
    """Routes of a container to add, and to delete first."""

    place: ContainerPlace
    wrong: tuple[Request, ...] = ()
    missing: tuple[Request, ...] = ()


class MtuWrong(Struct, frozen=True, kw_only=True):
    """Interfaces with an MTU to change: (place, name, MTU now) of each, and the network's MTU."""

    links: tuple[tuple[ContainerPlace, str, int], ...]
    mtu: int


class PortBlocked(Struct, frozen=True, kw_only=True):
    """A bridge port, and (setting, value now, the engine's value) of each that is wrong."""

    port: str
    settings: tuple[tuple[str, int, int], ...]


class MacTwice(Struct, frozen=True, kw_only=True):
    """A container, by its name, whose MAC address another one on its network has."""

    container: str


class EntryWrong(Struct, frozen=True, kw_only=True):
    """A fixed entry that leads to the wrong place: ``kind`` "neigh" or "fdb", and the request that adds it."""

    place: ContainerPlace
    kind: str
    entry: Request


class QueueDrops(Struct, frozen=True, kw_only=True):
    """A queue that drops all packets of an interface.

    Attributes:
        limit: packets that it holds, ``None`` if its kind has no limit.
        is_certain: whether it drops every packet; else it may be wanted.
    """

    place: ContainerPlace
    device: str
    kind: str
    handle: int
    limit: int | None = None
    is_certain: bool = True


class RoutingAdded(Struct, frozen=True, kw_only=True):
    """A part of a container's routing: ``kind`` "route", "rule" or "addr", its text, and the request that adds it.

    ``has_more``: the request does not name all of it.
    """

    place: ContainerPlace
    kind: str
    text: str
    request: Request
    has_more: bool = False


class SettingWrong(Struct, frozen=True, kw_only=True):
    """A kernel setting in a container's namespace: its value now, and the right one; ``base`` is missing without it."""

    place: ContainerPlace
    key: str
    now: str
    wanted: str
    base: InterfaceBase
