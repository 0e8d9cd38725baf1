"""The host's own firewall rules and routes, as recorded by the last healthy scan."""

from msgspec import Struct

from doctor.model.paths import HostPath


class RecordedRoute(Struct, frozen=True, kw_only=True):
    """A recorded default route of the main table; see ``doctor.facts.network.links.Route``."""

    version: int
    device: str
    gateway: str = ""
    metric: int = 0
    protocol: str = ""


class RecordedFamily(Struct, frozen=True, kw_only=True):
    """The rules of one family.

    Attributes:
        policy: the policy of FORWARD.
        chains: DOCKER-USER and the chains that it jumps to, with their rules.
    """

    policy: str
    chains: dict[str, tuple[str, ...]]


class KeptNetworkRecord(Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        path: its file, for evidence; ``age`` in words ("of 2 days ago").
        families: by IP version, 4 and 6.
        routes: default routes.
    """

    path: HostPath
    age: str
    families: dict[int, RecordedFamily] = {}
    routes: tuple[RecordedRoute, ...] = ()
