"""An engine without docker-proxy: its rules alone serve published ports, also for this host and for the containers themselves."""

from msgspec import Struct

from doctor.model.missing import Missing


class WithoutProxy(Struct, frozen=True, kw_only=True):
    """Settings that such an engine makes for each bridge.

    Attributes:
        localnet: bridge → its setting route_localnet, the one of all interfaces included: without it the kernel drops packets
            from 127.0.0.1 that leave by the bridge.
        gaps: what could not be read.
    """

    localnet: dict[str, bool]
    gaps: tuple[Missing, ...] = ()
