"""Files of the data root: several at once, from a copy, or one member of a container's settings."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from doctor.facts.backup.files import KeptFile
from doctor.formats.json_safe import load_first
from doctor.model.action import Stage
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join, parent
from doctor.model.severity import Applicability
from doctor.model.step import Directory, File, Meta, Move, Put, Step, Symlink
from doctor.model.view import View

_KINDS: dict[type, str] = {File: "f", Symlink: "l", Directory: "d"}
_LIMIT_BYTES = 256 << 20


class WantedPath(Struct, frozen=True, kw_only=True):
    """What must be at one path.

    Attributes:
        node: a small file, a symbolic link or a directory.
        mode: permission bits where nothing of that kind is there yet; what is there keeps its own.
        uid: owner of what is made; ``gid`` its group.
    """

    path: HostPath
    node: File | Symlink | Directory
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


class Rebuild(Struct, frozen=True, kw_only=True):
    """Make several small files, links and directories be what they must be, as one intention.

    What is so already stays untouched. Something of another kind in the way, also in the place of a directory above, goes
    into quarantine first. Directories above are made with mode 0700, since everything in a data root is the engine's alone.

    Attributes:
        what: imperative summary ("rebuild the record of layer 4f2a…: cache-id, size").
    """

    items: tuple[WantedPath, ...]
    what: str
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.LAYERS
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return self.what

    def steps(self, view: View) -> Iterator[Step]:
        """Yield what differs, in the given order."""
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
            # Nothing can be beneath it, so all that is needed above the item is made anew.
            yield Move(path=here)
            break
        here = parent(here)
    for directory in reversed(needed):
        made.add(directory)
        yield Put(path=directory, node=Directory(), meta=Meta(mode=0o700, uid=item.uid, gid=item.gid))


def restore(path: HostPath, kept: KeptFile, *, what: str, stage: Stage = Stage.MOUNTS) -> Rebuild:
    """Return the action that puts a file of the metadata backup at ``path``; ``what`` is completed by the backup's age."""
    wanted = WantedPath(path=path, node=File(content=kept.content), mode=kept.mode, uid=kept.uid, gid=kept.gid)
    return Rebuild(items=(wanted,), what=f"{what} from the backup {kept.age}", stage=stage)


class CopyOver(Struct, frozen=True, kw_only=True):
    """Put the content of the file ``source`` at ``path``; ``source`` stays where it is.

    Attributes:
        what: imperative summary.
        mode: permission bits where nothing is at ``path`` yet.
    """

    source: HostPath
    path: HostPath
    what: str
    mode: int = 0o600
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.MOUNTS
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return self.what

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the file with the content that ``source`` has then."""
        content = view.read(self.source, follow=False)
        yield from Rebuild(
            items=(WantedPath(path=self.path, node=File(content=content), mode=self.mode),), what=self.what
        ).steps(view)


class SetMember(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: set one member of a JSON object, as Go would have written it.

    ``path`` leads to the member ("State", "Dead"). Everything else keeps its value and order. Raises ``FormatError`` where
    the file is no object or the way leads through something else.
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


class MendDatabase(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: open a bolt file at its newest whole generation; only its two meta pages change.

    Mends a broken freelist, and a torn newest tree by going back one transaction. Raises ``FormatError`` where no
    generation is whole.
    """

    def __call__(self, data: bytes) -> bytes:
        """Return the mended file."""
        # Only a repair of a database needs these.
        from doctor.formats.databases.bolt import read  # noqa: PLC0415
        from doctor.formats.databases.bolt_write import with_generation  # noqa: PLC0415

        database = read(data)
        if database.is_sound:
            return data
        if database.best is None:
            raise FormatError("no generation of this database is whole")
        return with_generation(data, database.best)


class ReplaceRecords(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: records of a bolt file, each by its key and value as they stand in a page, in place.

    Nothing moves, as old and new have one length. Raises ``FormatError`` where one is not there.
    """

    pairs: tuple[tuple[bytes, bytes], ...]

    def __call__(self, data: bytes) -> bytes:
        """Return the mended file."""
        for old, new in self.pairs:
            if len(old) != len(new) or (old not in data and new not in data):
                raise FormatError("the record is not as it was")
            data = data.replace(old, new)
        return data


class MendLog(Struct, frozen=True, kw_only=True):
    """A pure edit for ``EditFile``: take out of a json-file log what isn't a line of it; whole lines keep every byte."""

    def __call__(self, data: bytes) -> bytes:
        """Return the readable lines."""
        from doctor.formats.logging.json_log import damages, repaired  # noqa: PLC0415 - only a repair of a log needs it

        return repaired(data, damages(data))


def go_json(value: Any) -> bytes:
    """Return JSON as Go's encoder writes it: no blanks, and "<", ">" and "&" escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()


def aside(name: str) -> HostPath:
    """Return where a guard keeps copies of what an engine's start would destroy."""
    return join(HostPath("/var/lib/doctor/aside"), name)
