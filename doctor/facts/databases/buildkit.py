"""BuildKit's list of the overlay2 directories that it uses."""

from msgspec import Struct


class BuildkitSnapshot(Struct, frozen=True, kw_only=True):
    """One bucket of ``buildkit/snapshots.db`` (moby builder/builder-next/adapters/snapshot/snapshot.go).

    Attributes:
        parent: key of the snapshot below, "" for none, ``None`` if it is not recorded.
        committed: the directory that the snapshot became, "" if it is not committed.
        chain: chain ID without "sha256:" of the image layer that it became, "" if it is not a layer.
    """

    parent: str | None
    committed: str
    chain: str


class Snapshots(Struct, frozen=True, kw_only=True):
    """All snapshots by key: a directory's name, a snapshot's name, or "sha256:…" of an image layer."""

    items: dict[str, BuildkitSnapshot]

    def directory(self, key: str, cache: dict[str, str]) -> str | None:
        """Return the overlay2 directory of a key; ``cache`` maps chain IDs to directories."""
        found = self.items.get(key)
        if found is not None and found.committed:
            return found.committed
        chain = found.chain if found is not None and found.chain else key.removeprefix("sha256:")
        if chain != key:
            return cache.get(chain)
        return key if found is not None and found.parent is not None else None

    def parents(self, cache: dict[str, str]) -> dict[str, str]:
        """Return directory → parent directory, as far as recorded; "" for one without a parent."""
        known: dict[str, str] = {}
        for key, found in self.items.items():
            if found.parent is None or found.committed or ":" in key:
                continue
            if not found.parent:
                known[key] = ""
                continue
            below = self.directory(found.parent, cache)
            if below is not None:
                known[key] = below
        return known

    def built(self) -> dict[str, str]:
        """Return chain ID → directory of the image layers that BuildKit created."""
        return {found.chain: found.committed for found in self.items.values() if found.chain and found.committed}
