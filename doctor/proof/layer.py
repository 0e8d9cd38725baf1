"""Compares a layer with its tar-split: one pass over both hashes every content and compares every header."""

import os
import stat as st
from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.layers.content import Altered, LayerLook
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.proof.compare_headers import HeaderComparer, plain
from doctor.proof.tar.tar_crc import Crc64
from doctor.proof.tar.tar_header import BLOCK
from doctor.proof.tar.tar_split import SplitPart
from doctor.proof.tar.tar_split import read as read_split
from doctor.proof.tree import CHUNK_BYTES, Content, ProofTree, open_tree

SHOWN = 100
"""How many names of altered and extra files are kept; the rest are only counted."""
_JOIN_BYTES = 256 << 10
_SMALL_BYTES = 128 << 10
_HEAD_BYTES = 4 << 20
_CRC_BYTES = 512 << 20
_OWNERS = 1000
_FILES = b"0\0"


class Task(Struct, frozen=True, kw_only=True):
    """A layer to verify.

    Attributes:
        chain: its chain id; ``diff`` its diff id.
        directory: name in ``overlay2``; ``top`` the path of its ``diff``.
        split: path of its tar-split.
        shift: what is added to a header's owner on disk (a remapped root); ``None`` if owners can't be compared.
        size: bytes by its record, used to order the work.
    """

    chain: str
    diff: str
    directory: str
    top: HostPath
    split: HostPath
    shift: int | None
    size: int


class Hash:
    """SHA-256 that joins small pieces: hashlib keeps the interpreter's lock for short updates."""

    __slots__ = ("_digest", "_joined", "_waiting", "size")

    def __init__(self) -> None:
        self._digest = sha256()
        self._joined: list[bytes] = []
        self._waiting = 0
        self.size = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Add a piece; a view of a reused buffer is not kept."""
        size = len(piece)
        self.size += size
        if size < _SMALL_BYTES and isinstance(piece, bytes):
            self._joined.append(piece)
            self._waiting += size
            if self._waiting >= _JOIN_BYTES:
                self._flush()
            return
        self._flush()
        self._digest.update(piece)

    def _flush(self) -> None:
        if self._joined:
            self._digest.update(b"".join(self._joined))
            self._joined, self._waiting = [], 0

    def finish(self) -> str:
        """Return the digest."""
        self._flush()
        return "sha256:" + self._digest.hexdigest()


def look(host: Host, task: Task, buffer: memoryview) -> LayerLook:
    """Verify one layer. Memory is bounded by the number of its names, not by its bytes."""
    try:
        tree = open_tree(host, task.top)
    except HostError as error:
        return LayerLook(chain=task.chain, directory=task.directory, gap=error.missing.reason)
    try:
        return _LayerLook(host, tree, task, buffer).run()
    except HostError as error:
        return LayerLook(chain=task.chain, directory=task.directory, gap=error.missing.reason)
    except OSError as error:
        return LayerLook(
            chain=task.chain, directory=task.directory, gap=f"{task.top}: {error.strerror or error}".lower()
        )
    finally:
        tree.close()


def split_parts(host: Host, path: HostPath) -> Iterator[SplitPart]:
    """The parts of a tar-split file. Raises ``HostError``, ``FormatError``."""
    return read_split(_chunks(host, path))


def _chunks(host: Host, path: HostPath) -> Iterator[bytes]:
    try:
        descriptor = host.open_fd(path, follow=False)
    except HostError:
        # A prediction returns a planned file as a whole.
        yield host.read(path, follow=False, limit_bytes=256 << 20)
        return
    try:
        while chunk := os.read(descriptor, _SMALL_BYTES):
            yield chunk
    finally:
        os.close(descriptor)


def differences(task: Task, compared: HeaderComparer, contents: dict[bytes, Altered]) -> LayerLook:
    """Return the differences of headers and contents; those of the contents come first."""
    altered = {**contents, **{name: Altered(name=name, why=why) for name, why in compared.altered.items()}, **contents}
    extra = compared.extra()
    return LayerLook(
        chain=task.chain,
        directory=task.directory,
        altered=tuple(altered.values())[:SHOWN],
        altered_count=len(altered),
        lost=tuple(compared.lost.values()),
        extra=tuple(extra[:SHOWN]),
        extra_count=len(extra),
    )


class _LayerLook:
    """The state of one verification."""

    def __init__(self, host: Host, tree: ProofTree, task: Task, buffer: memoryview) -> None:
        self.host = host
        self.tree = tree
        self.task = task
        self.buffer = buffer
        self.hash = Hash()
        self.compared = HeaderComparer(tree, task.shift, is_built=len(task.directory) == 25)
        self.altered: dict[bytes, Altered] = {}
        self.suspects: set[bytes] = set()
        self.confirmed = 0
        self._owners: dict[bytes, tuple[int, int | None, int | None]] = {}
        self._time_field, self._time = b"", -1

    def run(self) -> LayerLook:
        """Hash and compare; if the digest differs, find the altered files."""
        try:
            self._pass()
        except FormatError as error:
            return LayerLook(chain=self.task.chain, directory=self.task.directory, split_problem=str(error))
        if self.hash.size == 0 or (self.hash.size % BLOCK and not self.altered):
            problem = f"it makes a tar of {self.hash.size} bytes, not a multiple of the block size"
            return LayerLook(chain=self.task.chain, directory=self.task.directory, split_problem=problem)
        found = self.hash.finish()
        is_proven = found == self.task.diff
        unexamined = 0 if is_proven else self._blame()
        return replace(
            differences(self.task, self.compared, self.altered),
            diff_id=found,
            is_proven=is_proven,
            confirmed=self.confirmed,
            unexamined=unexamined,
            bytes_read=self.hash.size,
        )

    def _pass(self) -> None:
        head: list[bytes] = []
        gathered = skip = 0
        update = self.hash.update
        for part in split_parts(self.host, self.task.split):
            raw = part.raw
            if raw is not None:
                update(raw)
                head.append(raw)
                gathered += len(raw)
                if gathered > _HEAD_BYTES:
                    raise FormatError("a header without an end")
                continue
            # The padding of the previous file precedes the next header.
            self._entry(part, (head[0] if len(head) == 1 else b"".join(head))[skip:])
            head.clear()
            gathered, skip = 0, -part.size % BLOCK

    def _entry(self, part: SplitPart, block: bytes) -> None:
        name = plain(part.name)
        if name is None:
            self.altered[part.name] = Altered(name=part.name, why="its name is outside the layer")
            return
        # One ordinary header of a file that is not a whiteout: nearly all entries, so it is read without building a
        # Header.
        if len(block) == BLOCK and block[156] in _FILES and b".wh." not in name and block[100] < 0x80:
            self._file(name, part, block)
            return
        size = part.size
        header = self.compared.header(name, block)
        if header is not None and header.kind == "file" and not size:
            return
        if size:
            found = self.tree.content(name, size, self.buffer)
            if found is None:
                self._missing(name, part)
                return
            if found.status.st_size != size:
                self._resized(name, part, found)
                return
            for piece in found.pieces:
                self.hash.update(piece)

    def _file(self, name: bytes, part: SplitPart, block: bytes) -> None:
        wanted = part.size
        found = self.tree.content(name, wanted, self.buffer)
        if found is None:
            if part.size:
                self._missing(name, part)
                self.compared.forget(name)
            else:
                self.compared.header(name, block)
            return
        status = found.status
        mode, uid, gid = self._owners.get(block[100:124]) or self._owner(block[100:124])
        is_same = status.st_mode & 0o7777 == mode and (uid is None or (status.st_uid == uid and status.st_gid == gid))
        if is_same and (not found.xattr_names or "security.capability" not in found.xattr_names):
            self.compared.same(name)
        else:
            self.compared.header(name, block)
        size = status.st_size
        if size != wanted:
            self._resized(name, part, found)
            return
        if not size:
            return
        if block[136:147] != self._time_field:
            self._time_field, self._time = block[136:147], _octal(block[136:147])
        if status.st_mtime_ns // 1_000_000_000 != self._time:
            self.suspects.add(name)
        for piece in found.pieces:
            self.hash.update(piece)

    def _owner(self, field: bytes) -> tuple[int, int | None, int | None]:
        """Return mode and owner on disk for a header's three fields; cached, since a layer has few distinct ones."""
        mode, shift = _octal(field[:7]), self.task.shift
        found: tuple[int, int | None, int | None] = (mode & 0o7777 if mode >= 0 else -1, None, None)
        if shift is not None:
            found = (found[0], _octal(field[8:15]) + shift, _octal(field[16:23]) + shift)
        if len(self._owners) < _OWNERS:
            self._owners[field] = found
        return found

    def _missing(self, name: bytes, part: SplitPart) -> None:
        self.altered[name] = Altered(name=name, why="it is missing", size=part.size, crc=part.crc)

    def _resized(self, name: bytes, part: SplitPart, found: Content) -> None:
        # Not read: it can be sparse and huge, and proves nothing.
        found.close()
        why = f"it has {found.status.st_size} bytes instead of {part.size}"
        self.altered[name] = Altered(name=name, why=why, size=part.size, crc=part.crc)

    def _blame(self) -> int:
        """Compare checksums, of files with a different modification time first; return how many were not compared."""
        left = _CRC_BYTES
        unexamined = 0
        for is_suspect in (True, False):
            if is_suspect and not self.suspects:
                continue
            for part in split_parts(self.host, self.task.split):
                if part.raw is not None or not part.size or not part.crc:
                    continue
                name = plain(part.name)
                if name is None or name in self.altered or (name in self.suspects) is not is_suspect:
                    continue
                left -= part.size
                if left < 0:
                    unexamined += 1
                elif self._crc(name, part.size) != part.crc:
                    why = "its content differs"
                    self.altered[name] = Altered(name=name, why=why, size=part.size, crc=part.crc)
                else:
                    self.confirmed += 1
        return unexamined

    def _crc(self, name: bytes, size: int) -> bytes:
        found = self.tree.content(name, size, self.buffer)
        crc = Crc64()
        for piece in found.pieces if found is not None else ():
            crc.update(piece)
        return crc.digest()


def _octal(field: bytes) -> int:
    """Return a header's plain number; for another number format, a negative one that no file has."""
    try:
        return int(field, 8)
    except ValueError:
        return -1 << 62


def new_buffer() -> memoryview:
    """A read buffer, reused for each layer."""
    return memoryview(bytearray(CHUNK_BYTES))


def with_copies(host: Host, found: LayerLook, task: Task, tops: tuple[HostPath, ...], buffer: memoryview) -> LayerLook:
    """Search the right contents of altered files at the same path in other layers; kept only if they prove the
    layer.
    """
    wanted = [one for one in found.altered if one.crc]
    if not wanted or len(wanted) != found.altered_count or found.altered_count > SHOWN:
        return found
    copies: dict[bytes, tuple[ProofTree, HostPath]] = {}
    trees: list[ProofTree] = []
    try:
        for top in tops:
            try:
                tree = open_tree(host, top)
            except HostError:
                continue
            trees.append(tree)
            for one in wanted:
                if one.name not in copies and _is_copy(tree, one, buffer):
                    copies[one.name] = (tree, top)
        if len(copies) < len(wanted):
            return found
        own = open_tree(host, task.top)
        trees.append(own)
        if _digest(host, task, own, {name: tree for name, (tree, _) in copies.items()}, buffer) != task.diff:
            return found
    except (HostError, FormatError, OSError):
        return found
    finally:
        for tree in trees:
            tree.close()
    paths = {name: f"{top}/{os.fsdecode(name)}" for name, (_, top) in copies.items()}
    return replace(found, altered=tuple(replace(one, copy=paths[one.name]) for one in found.altered))


def _is_copy(tree: ProofTree, one: Altered, buffer: memoryview) -> bool:
    status = tree.lstat(one.name)
    if status is None or not st.S_ISREG(status.st_mode) or status.st_size != one.size:
        return False
    found = tree.content(one.name, one.size, buffer)
    crc = Crc64()
    for piece in found.pieces if found is not None else ():
        crc.update(piece)
    return crc.digest() == one.crc


def _digest(host: Host, task: Task, own: ProofTree, copies: dict[bytes, ProofTree], buffer: memoryview) -> str:
    digest = Hash()
    for part in split_parts(host, task.split):
        if part.raw is not None:
            digest.update(part.raw)
        elif part.size:
            name = plain(part.name)
            if name is None:
                return ""
            found = copies.get(name, own).content(name, part.size, buffer)
            for piece in found.pieces if found is not None else ():
                digest.update(piece)
    return digest.finish()
