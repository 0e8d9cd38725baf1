"""The engine's lists in the metadata backup, for the checks of a missing or corrupt list.

Read only when the list on the host is corrupt or missing; on a healthy root these facts are absent and cost nothing.
"""

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.databases.databases import NetworkDatabase


class KeptTags(Struct, frozen=True, kw_only=True):
    """``repositories.json`` of the newest backup: reference → digest, of images that may still exist.

    Attributes:
        age: age of the backup, in words ("of 2 days ago").
    """

    entries: dict[str, str]
    age: str


class KeptNotes(Struct, frozen=True, kw_only=True):
    """``imagedb/metadata`` of the newest backup: image id → file name → content, of images that exist.

    Attributes:
        lost: ids of the images whose own notes are missing, or whose ``parent`` is corrupt.
        age: age of the backup, in words ("of 2 days ago").
    """

    lost: dict[str, dict[str, bytes]]
    age: str


class KeptNetworks(Struct, frozen=True, kw_only=True):
    """``local-kv.db`` of the newest backup.

    Attributes:
        values: key → value (with its index) of all records.
        names: id → name of the networks that the engine does not create itself.
        age: age of the backup, in words ("of 2 days ago").
    """

    values: dict[bytes, bytes]
    names: dict[str, str]
    age: str

    def merged(self, database: NetworkDatabase) -> NetworkDatabase:
        """Return the database merged with the backup: of two records with one key, the one with the higher index."""
        salvaged = dict(self.values)
        for key, value in database.salvaged.items():
            if key not in salvaged or _index(value) >= _index(salvaged[key]):
                salvaged[key] = value
        return replace(database, salvaged=salvaged)

    def added(self, database: NetworkDatabase) -> tuple[str, ...]:
        """Return the names of networks that only the backup has."""
        salvaged = {key.decode("utf-8", "replace").split("/")[4] for key in database.salvaged if key.count(b"/") > 3}
        return tuple(sorted(name for identity, name in self.names.items() if identity not in salvaged))


def _index(value: bytes) -> int:
    return int.from_bytes(value[:8], "little")
