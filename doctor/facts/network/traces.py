"""What the host still shows of networks whose records are lost. Collected only for a repair."""

from msgspec import Struct

from doctor.model.missing import Missing

BUILT_IN_POOLS = (
    *((f"172.{number}.0.0/16", 16) for number in range(17, 32)),
    ("192.168.0.0/16", 20),
)
"""Where the engine takes subnets from unless ``default-address-pools`` says else (libnetwork ipamutils, 20.10 to 28)."""


class NetworkTraces(Struct, frozen=True, kw_only=True):
    """Traces.

    Attributes:
        bridges: first twelve digits of a network's id → address of its bridge ("172.18.0.1/16"), of bridges that the kernel
            still has: dockerd leaves them when it stops.
        addresses: container id → IPv4 addresses of its last run, as its ``hosts`` file keeps them.
        pools: (base, prefix length) from which the engine takes subnets.
        uplinks: interface → subnet, of those that lead out of the host.
        busy: subnets that no new network may have: of the default bridge, and of all interfaces.
        gaps: what could not be examined.
    """

    bridges: dict[str, str] = {}
    addresses: dict[str, tuple[str, ...]] = {}
    pools: tuple[tuple[str, int], ...] = BUILT_IN_POOLS
    uplinks: dict[str, str] = {}
    busy: tuple[str, ...] = ("172.17.0.0/16",)
    gaps: tuple[Missing, ...] = ()
