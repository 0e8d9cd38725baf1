"""Traces on the host of networks whose records are lost. Collected only for a repair."""

from msgspec import Struct

from doctor.model.missing import Missing

BUILT_IN_POOLS = (
    *((f"172.{number}.0.0/16", 16) for number in range(17, 32)),
    ("192.168.0.0/16", 20),
)
"""The engine's address pools without ``default-address-pools`` (libnetwork ipamutils, 20.10 to 28)."""


class NetworkTraces(Struct, frozen=True, kw_only=True):
    """Traces of networks.

    Attributes:
        bridges: first twelve digits of a network's id → address of its bridge ("172.18.0.1/16"), from existing bridges:
            dockerd leaves them when it stops.
        addresses: container id → IPv4 addresses of its last run, from its ``hosts`` file.
        pools: (base, prefix length) of the engine's address pools.
        uplinks: interface → subnet, of external interfaces.
        busy: subnets in use: of the default bridge, and of all interfaces.
        gaps: what could not be examined.
    """

    bridges: dict[str, str] = {}
    addresses: dict[str, tuple[str, ...]] = {}
    pools: tuple[tuple[str, int], ...] = BUILT_IN_POOLS
    uplinks: dict[str, str] = {}
    busy: tuple[str, ...] = ("172.17.0.0/16",)
    gaps: tuple[Missing, ...] = ()
