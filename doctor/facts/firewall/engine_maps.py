"""The verdict maps of an engine with the nftables backend (since 29): one element a bridge leads to the bridge's own chains.

Source: moby/moby daemon/libnetwork/drivers/bridge/internal/nftabler/network.go.
"""

from msgspec import Struct

from doctor.model.missing import Missing

BASES = {
    "filter-forward-in": "filter-FORWARD",
    "filter-forward-out": "filter-FORWARD",
    "nat-postrouting-in": "nat-POSTROUTING",
    "nat-postrouting-out": "nat-POSTROUTING",
}
"""Start of the names of map and chains, and the base chain that looks the map up."""


class LostElement(Struct, frozen=True, kw_only=True):
    """One element that the engine created and that is gone.

    Attributes:
        family: ``ip`` or ``ip6``; ``map`` the map's name, ``chain`` the chain that the element leads to.
        network: its name; ``bridge`` its interface.
        can_return: whether map and chain still exist.
    """

    family: str
    map: str
    chain: str
    network: str
    bridge: str
    can_return: bool = True


class LostLookup(Struct, frozen=True, kw_only=True):
    """A base chain that no longer looks a map up."""

    family: str
    map: str
    chain: str


class EngineMaps(Struct, frozen=True, kw_only=True):
    """All that is missing in the maps of the engine's tables."""

    elements: tuple[LostElement, ...] = ()
    lookups: tuple[LostLookup, ...] = ()
    gaps: tuple[Missing, ...] = ()
