"""Details of findings about the network: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.network.loose_veths import LoosePair
from doctor.facts.network.takers import BridgeTaker


class LoopbackOnly(Struct, frozen=True, kw_only=True):
    """Real name servers in a file of a program of the host."""

    servers: tuple[str, ...]


class BridgeNfOff(Struct, frozen=True, kw_only=True):
    """The key, and whether its module is not loaded."""

    key: str
    needs_module: bool


class StaleBridge(Struct, frozen=True, kw_only=True):
    """The bridge; ``is_empty``: whether it has neither ports nor addresses, nor what ``keeps`` names: what would go with it."""

    bridge: str
    is_empty: bool
    keeps: tuple[str, ...] = ()


class StaleVeths(Struct, frozen=True, kw_only=True):
    """The bridge, its unused pairs, and interfaces whose other end is in an unknown namespace."""

    bridge: str
    pairs: tuple[LoosePair, ...]
    lost: tuple[str, ...]


class NetworksOverlap(Struct, frozen=True, kw_only=True):
    """Names of two networks, and those of them that no container has."""

    names: tuple[str, str]
    unused: tuple[str, ...]


class SubnetTaken(Struct, frozen=True, kw_only=True):
    """The stale bridge, its addresses with prefix length, whether it is up, and what would go with it for good."""

    bridge: str
    addresses: tuple[str, ...]
    is_up: bool
    keeps: tuple[str, ...] = ()


class BridgeMissing(Struct, frozen=True, kw_only=True):
    """The bridge to recreate.

    Attributes:
        addresses: its addresses with prefix length.
        ports: existing host ends of containers' veths that belong to it.
        mac: MAC address in its containers' neighbour tables, "" for none: with another one they would be unreachable until
            their kernel resolves it again.
    """

    bridge: str
    addresses: tuple[str, ...]
    ports: tuple[str, ...]
    mac: str


class WrongAddress(Struct, frozen=True, kw_only=True):
    """The bridge, its missing address, the addresses it has instead (all with prefix length), and the program that changed it.

    Attributes:
        setting: that must be 0 first, "" for none: IPv6 is disabled on the bridge.
        mtu: to set first, 0 to leave it: below 1280 the kernel disables IPv6; ``mtu_now`` its present one.
    """

    bridge: str
    address: str
    wrong: tuple[str, ...]
    taker: BridgeTaker | None = None
    setting: str = ""
    mtu: int = 0
    mtu_now: int = 0


class Forwarding6Off(Struct, frozen=True, kw_only=True):
    """Uplinks with a default route from router advertisements, which the kernel ignores when forwarding is on."""

    advertised: tuple[str, ...]


class PortTaken(Struct, frozen=True, kw_only=True):
    """The process that uses the port. ``pid`` is 0 if unknown."""

    port: int
    pid: int
    owner: str


class Detached(Struct, frozen=True, kw_only=True):
    """The host end of the veth, its right bridge, and the current one ("" for none)."""

    interface: str
    bridge: str
    now: str


class LostRoute(Struct, frozen=True, kw_only=True):
    """The bridge, its subnet and the bridge's address in it; ``taken`` is a conflicting route."""

    bridge: str
    subnet: str
    source: str
    version: int
    taken: str = ""


class OrphanRecords(Struct, frozen=True, kw_only=True):
    """Keys of records in the network database that belong to no network."""

    keys: tuple[bytes, ...]


class OverlayMtu(Struct, frozen=True, kw_only=True):
    """An overlay network, and the MTU of the interface between the nodes that it has to fit."""

    network: str
    mtu: int


class TimeoutZero(Struct, frozen=True, kw_only=True):
    """A timeout of connection tracking, and the kernel's default in seconds."""

    key: str
    usual: int


class PortRoute(Struct, frozen=True, kw_only=True):
    """A route over a port of a bridge, and the address of the port that it belongs to, with prefix length, "" for none."""

    destination: str
    device: str
    metric: int = 0
    address: str = ""


class SourceGone(Struct, frozen=True, kw_only=True):
    """A network, its fixed source address of a version that the host does not have, and the uplink, "" for none."""

    network: str
    address: str
    uplink: str
    version: int
