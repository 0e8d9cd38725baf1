"""Repair of containerd's unpacked snapshots from their layers."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.layers import RestoreEntries, is_there
from doctor.facts.layers.content import LostEntry
from doctor.model.action import Stage
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import Directory, Meta, Move, Put, Step
from doctor.model.view import View


class Unpack(Intention, frozen=True, kw_only=True):
    """Write the missing or altered entries of a snapshot from its layer; extra entries move to quarantine.

    Attributes:
        top: the snapshot's ``fs``; created if it is missing.
        entries: the entries in the order of the tar, without those that are right.
        contents: contents of the files.
        extra: names that move to quarantine.
        title: name of the layer for display.
    """

    top: HostPath
    entries: tuple[LostEntry, ...]
    contents: dict[bytes, bytes]
    extra: tuple[bytes, ...] = ()
    title: str
    stage: Stage = Stage.LAYERS

    @property
    def summary(self) -> str:
        """Return what it does."""
        count = len(self.entries) + len(self.extra)
        return f"unpack {count} {'entry' if count == 1 else 'entries'} of {self.title} from its content again"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the missing directories, the moves to quarantine, then the entries."""
        made: set[str] = set()
        yield from _made(view, self.top, made)
        for name in self.extra:
            path = join(self.top, name.decode())
            if is_there(view, path):
                yield Move(path=path)
        known = {one.name for one in self.entries}
        for one in self.entries:
            above = one.name.rpartition(b"/")[0]
            if above and above not in known and not one.exists:
                # A directory that the tar does not name: as containerd creates it (pkg/archive/tar.go, mkparent).
                yield from _made(view, join(self.top, above.decode()), made)
        yield from RestoreEntries(top=self.top, entries=self.entries, title=self.title, contents=self.contents).steps(
            view
        )


def _made(view: View, path: HostPath, made: set[str]) -> Iterator[Step]:
    if path == "/" or path in made or is_there(view, path):
        return
    made.add(path)
    yield from _made(view, parent(path), made)
    yield Put(path=path, node=Directory(), meta=Meta(mode=0o755 if "/fs" in path else 0o700))
