"""Record of the host's own network after a healthy scan: the rules and routes that no engine can recreate.

One small file beside the metadata backups, ``metadata/network.json``, in the same format: the hash of its JSON, a line
break, the JSON.
"""

from msgspec import Struct

NAME = "network.json"
MAX_BYTES = 1 << 20


class KeptRoute(Struct, frozen=True, kw_only=True):
    """A default route of the main table: family 4 or 6, device, gateway ("" for a device that needs none)."""

    version: int
    device: str
    gateway: str = ""
    metric: int = 0
    protocol: str = ""


class KeptFamily(Struct, frozen=True, kw_only=True):
    """The rules of one family that the engine does not create.

    Attributes:
        policy: of FORWARD.
        chains: DOCKER-USER, and the chains of users that it leads to, with their rules as iptables-save spells them.
    """

    policy: str
    chains: dict[str, tuple[str, ...]]


class NetworkBackup(Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        taken: seconds since the epoch.
        families: by "4" and "6".
        routes: default routes.
    """

    version: int = 1
    taken: float
    families: dict[str, KeptFamily] = {}
    routes: tuple[KeptRoute, ...] = ()
