"""Details of findings about the network: values that a check hands to its fixer."""

from msgspec import Struct


class LoopbackOnly(Struct, frozen=True, kw_only=True):
    """Real servers that a program of the host has written somewhere."""

    servers: tuple[str, ...]


class BridgeNfOff(Struct, frozen=True, kw_only=True):
    """The key, and whether the module that has it is not loaded."""

    key: str
    needs_module: bool


class StaleBridge(Struct, frozen=True, kw_only=True):
    """The bridge; ``is_empty``: it has neither ports nor addresses."""

    bridge: str
    is_empty: bool


class SubnetTaken(Struct, frozen=True, kw_only=True):
    """The stale bridge, its addresses with prefix length, and whether it is up."""

    bridge: str
    addresses: tuple[str, ...]
    is_up: bool


class BridgeMissing(Struct, frozen=True, kw_only=True):
    """What the bridge has to be.

    Attributes:
        addresses: with prefix length.
        ports: host ends of containers' veths that belong to it and are there.
        mac: hardware address under which its containers know it, "" if none does: with another they would be cut off until
            their kernel asks again.
    """

    bridge: str
    addresses: tuple[str, ...]
    ports: tuple[str, ...]
    mac: str


class WrongAddress(Struct, frozen=True, kw_only=True):
    """The bridge, the address it lacks, and those it has instead (all with prefix length)."""

    bridge: str
    address: str
    wrong: tuple[str, ...]


class Forwarding6Off(Struct, frozen=True, kw_only=True):
    """Uplinks whose default route comes from router advertisements, which forwarding would make ignored."""

    advertised: tuple[str, ...]


class PortTaken(Struct, frozen=True, kw_only=True):
    """Who has the port. ``pid`` is 0 if that is not known."""

    port: int
    pid: int
    owner: str


class Detached(Struct, frozen=True, kw_only=True):
    """The host's end of the veth, the bridge it belongs to and the one it is in now ("" for none)."""

    interface: str
    bridge: str
    now: str


class LostRoute(Struct, frozen=True, kw_only=True):
    """The bridge, its subnet and the bridge's address in it; ``taken`` a route that stands in its place."""

    bridge: str
    subnet: str
    source: str
    version: int
    taken: str = ""
