"""Changes of files of the data root: several at once, from a copy, or one member of a container's settings."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from doctor.api.actions.base import WordedIntention
from doctor.facts.backup.files import KeptFile
from doctor.formats.json_safe import load_first
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import Directory, File, Meta, Move, Put, Step, Symlink
from doctor.model.view import View

_KINDS: dict[type, str] = {File: "f", Symlink: "l", Directory: "d"}
_LIMIT_BYTES = 256 << 20


class WantedPath(Struct, frozen=True, kw_only=True):
    """The wanted state of one path.

    Attributes:
        node: a small file, a symbolic link or a directory.
        mode: permission bits of a new file; an existing one of that kind keeps its own.
        uid: owner of a new file; ``gid`` its group.
    """

    path: HostPath
    node: File | Symlink | Directory
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


class Rebuild(WordedIntention, frozen=True, kw_only=True):
    """Create or correct several small files, links and directories in one action.

    Paths that are already right are not changed. A file of another kind at a path, or at a parent directory, moves to
    quarantine first. Missing parent directories get mode 0700, because everything in a data root belongs to the engine.

    Attributes:
        what: imperative summary ("rebuild the record of layer 4f2a…: cache-id, size").
    """

    items: tuple[WantedPath, ...]
    stage: Stage = Stage.LAYERS

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the differing paths, in the given order."""
        made: set[str] = set()
        for item in self.items:
            yield from _parents(view, item, made)
            kind = "" if parent(item.path) in made else _kind(view, item.path)
            if kind == _KINDS[type(item.node)] and _is_so(view, item):
                continue
            if kind and kind != _KINDS[type(item.node)]:
                yield Move(path=item.path)
                kind = ""
            meta = None if kind == "f" else Meta(mode=item.mode, uid=item.uid, gid=item.gid)
            made.add(item.path)
            yield Put(path=item.path, node=item.node, meta=meta)


def _kind(view: View, path: HostPath) -> str:
    try:
        return view.lstat(path, follow=False).kind
    except HostError as error:
        if error.is_absent:
            return ""
        raise


def _is_so(view: View, item: WantedPath) -> bool:
    if isinstance(item.node, File):
        return view.read(item.path, follow=False, limit_bytes=_LIMIT_BYTES) == item.node.content
    return isinstance(item.node, Directory) or view.readlink(item.path, follow=False) == item.node.target


def _parents(view: View, item: WantedPath, made: set[str]) -> Iterator[Step]:
    needed: list[HostPath] = []
    here = parent(item.path)
    while here != "/" and here not in made:
        kind = _kind(view, here)
        if kind in {"d", "l"}:
            break
        needed.append(here)
        if kind:
            # It has no entries, so all parent directories of the item are created.
            yield Move(path=here)
            break
        here = parent(here)
    for directory in reversed(needed):
        made.add(directory)
        yield Put(path=directory, node=Directory(), meta=Meta(mode=0o700, uid=item.uid, gid=item.gid))


def restore(path: HostPath, kept: KeptFile, *, what: str, stage: Stage = Stage.MOUNTS) -> Rebuild:
    """Return the action that restores ``path`` from the metadata backup; ``what`` is completed by the backup's age."""
    wanted = WantedPath(path=path, node=File(content=kept.content), mode=kept.mode, uid=kept.uid, gid=kept.gid)
    return Rebuild(items=(wanted,), what=f"{what} from the backup {kept.age}", stage=stage)


class CopyOver(WordedIntention, frozen=True, kw_only=True):
    """Copy the content of the file ``source`` to ``path``; ``source`` is not changed.

    Attributes:
        what: imperative summary.
        mode: permission bits if ``path`` does not exist.
    """

    source: HostPath
    path: HostPath
    mode: int = 0o600
    stage: Stage = Stage.MOUNTS

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the file with the content of ``source`` at that time."""
        content = view.read(self.source, follow=False)
        yield from Rebuild(
            items=(WantedPath(path=self.path, node=File(content=content), mode=self.mode),), what=self.what
        ).steps(view)


class SetMember(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: set one member of a JSON object, in the format of Go's encoder.

    ``path`` names the member ("State", "Dead"). All others keep their value and order. Raises ``FormatError`` if the file,
    or a member on the path, is not an object.
    """

    path: tuple[str, ...]
    value: Any

    def __call__(self, data: bytes) -> bytes:
        """Return the file with the member set."""
        document = load_first(data).value
        here = document
        for name in self.path[:-1]:
            here = here.get(name) if isinstance(here, dict) else None
        if not isinstance(here, dict):
            raise FormatError(f"no object at {'.'.join(self.path[:-1]) or 'the top'}")
        if here.get(self.path[-1]) == self.value and self.path[-1] in here:
            return data
        here[self.path[-1]] = self.value
        return go_json(document)


class RepairDatabase(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: open a bolt file at its newest valid generation; only its two meta pages change.

    It repairs a corrupt free list, and a corrupt newest tree by going back one transaction. Raises ``FormatError`` if no
    generation is valid.
    """

    def __call__(self, data: bytes) -> bytes:
        """Return the repaired file."""
        # Only the repair of a database needs these.
        from doctor.formats.databases.bolt import read  # noqa: PLC0415
        from doctor.formats.databases.bolt_write import with_generation  # noqa: PLC0415

        database = read(data)
        if database.is_sound:
            return data
        if database.best is None:
            raise FormatError("no generation of this database is valid")
        return with_generation(data, database.best)


class ReplaceRecords(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: replace records of a bolt file in place, each found by key and value in its page.

    Old and new have the same length, so nothing moves. Raises ``FormatError`` if one is not found.
    """

    pairs: tuple[tuple[bytes, bytes], ...]

    def __call__(self, data: bytes) -> bytes:
        """Return the repaired file."""
        for old, new in self.pairs:
            if len(old) != len(new) or (old not in data and new not in data):
                raise FormatError("the record has changed")
            data = data.replace(old, new)
        return data


class RepairLog(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: remove corrupt bytes from a json-file log; valid lines keep every byte."""

    def __call__(self, data: bytes) -> bytes:
        """Return the valid lines."""
        from doctor.formats.logging.json_log import damages, repaired  # noqa: PLC0415 - only a repair of a log needs it

        return repaired(data, damages(data))


def go_json(value: Any) -> bytes:
    """Return JSON in the format of Go's encoder: no blanks, and "<", ">" and "&" escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()


def aside(name: str) -> HostPath:
    """Return the directory for copies that a guard makes of files that an engine's start would destroy."""
    return join(HostPath("/var/lib/doctor/aside"), name)
