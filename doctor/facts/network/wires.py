"""Which of the host's interfaces leads to which container."""

from msgspec import Struct

from doctor.facts.network.networks import Endpoint, Network
from doctor.model.missing import Missing


class Wire(Struct, frozen=True, kw_only=True):
    """The host's end of a running container's veth. The engine's records name only the other end.

    Attributes:
        endpoint: the container's place in the network.
        network: that network.
        interface: of the host.
        gateway_mac: hardware address under which the container knows its gateway, "" if it has forgotten it.
    """

    endpoint: Endpoint
    network: Network
    interface: str
    gateway_mac: str = ""

    @property
    def container(self) -> str:
        """Return the container's name, or the start of its id."""
        return self.endpoint.container or self.endpoint.container_id[:12]


class Wires(Struct, frozen=True, kw_only=True):
    """Those that can be told for certain, one a running container and bridge network."""

    items: tuple[Wire, ...] = ()
    gaps: tuple[Missing, ...] = ()
