"""The host's own firewall rules and routes, as recorded by the last healthy scan."""

from msgspec import Struct

from doctor.model.paths import HostPath
from doctor.state.network_record import KeptFamily, KeptRoute


class KeptNetworkRecord(Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        path: its file, for evidence; ``age`` in words ("of 2 days ago").
        families: by IP version, 4 and 6.
        routes: default routes.
    """

    path: HostPath
    age: str
    families: dict[int, KeptFamily] = {}
    routes: tuple[KeptRoute, ...] = ()
