"""The host's interface of each running container."""

from msgspec import Struct

from doctor.facts.network.networks import Endpoint, Network
from doctor.model.missing import Missing


class Wire(Struct, frozen=True, kw_only=True):
    """The host end of a running container's veth. The engine's records name only the other end.

    Attributes:
        endpoint: the container's endpoint in the network.
        network: its network.
        interface: the host's interface.
        gateway_mac: MAC address of the gateway in the container's neighbour table, "" if it is not there.
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
    """The certain ones, one per running container and bridge network."""

    items: tuple[Wire, ...] = ()
    gaps: tuple[Missing, ...] = ()
