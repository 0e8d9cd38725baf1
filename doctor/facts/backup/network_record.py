"""What the last healthy scan knew of this host's own firewall rules and routes."""

from msgspec import Struct

from doctor.model.paths import HostPath


class RecordedRoute(Struct, frozen=True, kw_only=True):
    """A default route of the main table as it was; see ``doctor.facts.network.links.Route``."""

    version: int
    device: str
    gateway: str = ""
    metric: int = 0
    protocol: str = ""


class RecordedFamily(Struct, frozen=True, kw_only=True):
    """The rules of one family.

    Attributes:
        policy: of FORWARD.
        chains: DOCKER-USER and the chains that it leads to, with their rules.
    """

    policy: str
    chains: dict[str, tuple[str, ...]]


class NetworkRecord(Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        path: where it lies, for evidence; ``age`` in words ("of 2 days ago").
        families: by 4 and 6.
        routes: default routes.
    """

    path: HostPath
    age: str
    families: dict[int, RecordedFamily] = {}
    routes: tuple[RecordedRoute, ...] = ()
