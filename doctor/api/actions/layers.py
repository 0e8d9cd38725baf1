"""Restore of a layer's entries from their tar headers."""

from collections.abc import Iterator

from msgspec import field

from doctor.api.actions.base import Intention
from doctor.facts.layers.content import LostEntry
from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import Attributes, CharacterDevice, Directory, File, HardLink, Meta, Node, Put, Step, Symlink
from doctor.model.view import View


class RestoreEntries(Intention, frozen=True, kw_only=True):
    """Restore mode, owner, xattrs, links and whiteouts of a layer's entries from their headers; contents are not changed.

    Attributes:
        top: the layer's ``diff``.
        entries: the entries to restore in the order of the tar: a directory before its entries, a file before its hard links.
        title: name of the layer for display.
        contents: contents of recreated files, by name; without one a file is empty.
    """

    top: HostPath
    entries: tuple[LostEntry, ...]
    title: str
    contents: dict[bytes, bytes] = field(default_factory=dict)
    stage: Stage = Stage.LAYERS

    @property
    def summary(self) -> str:
        """Return its effect."""
        count = len(self.entries)
        word = "entry" if count == 1 else "entries"
        return f"restore mode, owner, links and xattrs of {count} {word} of {self.title} from the layer's tar headers"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the missing entries, then attributes of existing ones, directories last and the deepest of them first."""
        folders: dict[HostPath, Step] = {}
        for one in self.entries:
            path = join(self.top, one.name.decode()) if one.name else self.top
            if not one.exists:
                above = parent(path)
                if above not in folders and is_there(view, above):
                    # A new entry changes the modification time of its directory.
                    folders[above] = Attributes(path=above, mtime_ns=view.lstat(above, follow=False).mtime_ns)
                yield from self._made(view, one, path)
            if one.kind == "directory":
                folders[path] = _attributes(path, one)
            elif one.exists:
                yield _attributes(path, one)
        for path in sorted(folders, key=lambda each: each.count("/"), reverse=True):
            yield folders[path]

    def _made(self, view: View, one: LostEntry, path: HostPath) -> Iterator[Step]:
        node = self._node(one)
        if node is None:
            return
        if isinstance(node, HardLink):
            yield Put(path=path, node=node)
            return
        xattrs = {key: value for key, value in one.xattrs.items() if value is not None}
        meta = Meta(mode=one.mode, uid=one.uid, gid=one.gid, xattrs=xattrs, mtime_ns=one.mtime_ns)
        if isinstance(node, Directory) and is_there(view, path):
            return
        yield Put(path=path, node=node, meta=meta)

    def _node(self, one: LostEntry) -> Node | None:
        match one.kind:
            case "file":
                return File(content=self.contents.get(one.name, b""))
            case "directory":
                return Directory()
            case "symlink":
                return Symlink(target=one.link.decode())
            case "hardlink":
                return HardLink(target=join(self.top, one.link.decode()))
            case "char":
                return CharacterDevice(major=one.device[0], minor=one.device[1])
        return None


def _attributes(path: HostPath, one: LostEntry) -> Attributes:
    return Attributes(
        path=path,
        mode=None if one.kind == "symlink" else one.mode,
        uid=one.uid,
        gid=one.gid,
        xattrs=one.xattrs,
        mtime_ns=one.mtime_ns,
    )


def is_there(view: View, path: HostPath) -> bool:
    """Return whether a path exists; one that can't be examined counts as missing."""
    try:
        view.lstat(path, follow=False)
    except HostError:
        return False
    return True
