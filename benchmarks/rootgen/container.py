"""A generated container, before it is written."""

from dataclasses import dataclass

from benchmarks.rootgen.images import Image
from benchmarks.rootgen.networks import Network
from benchmarks.rootgen.volumes import Volume

_FIRST_PORT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One stopped container; started again it prints its name (from a marker in its writable layer) and exits."""

    number: int
    name: str
    container_id: str
    image: Image
    network: Network
    volume: Volume | None
    exit_code: int
    is_new: bool

    @property
    def host_port(self) -> int | None:
        """The published port of every fifth container."""
        return _FIRST_PORT + self.number if self.number % 5 == 0 and self.network.driver == "bridge" else None

    @property
    def restart_policy(self) -> str:
        """`always` is missing on purpose: dockerd would start those at once."""
        return ("no", "on-failure", "unless-stopped")[self.number % 3]

    @property
    def created_minutes(self) -> int:
        """When it was made, in the generator's clock."""
        return 2_000 + self.number
