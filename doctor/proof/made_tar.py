"""Builds the tar that Docker would make of a layer directory; it is valid only if it has the layer's digest.

Order and whiteouts: moby pkg/archive/archive.go (TarWithOptions walks bytewise, a directory before its entries) and
archive_linux.go. The mode bits in a header changed (type bits until Docker 20, moby#41957), and so did the written
attributes (``user.*`` since Docker 25); each variant is tried.
"""

import os
import stat as st
from collections.abc import Iterator

from msgspec import Struct

from doctor.proof.layer import Hash
from doctor.proof.tar.tar_crc import Crc64
from doctor.proof.tar.tar_split_write import SplitWriter
from doctor.proof.tar.tar_write import BLOCK, TarEntry, header, padding
from doctor.proof.tree import ProofTree, Status

_OPAQUES = ("trusted.overlay.opaque", "user.overlay.opaque")
_MOST_ENTRIES = 1_000_000
_MAX_DEPTH = 200
_KINDS = {
    st.S_IFREG: "file", st.S_IFDIR: "directory", st.S_IFLNK: "symlink", st.S_IFCHR: "char", st.S_IFBLK: "block",
    st.S_IFIFO: "fifo",
}  # fmt: skip


class _DiskEntry(Struct, frozen=True):
    """One name on disk. ``link`` is a symbolic link's target or the first name of the inode."""

    name: bytes
    status: Status
    kind: str
    link: bytes
    is_link: bool
    xattrs: dict[str, bytes]


class _Way(Struct, frozen=True):
    """The variant of an engine: type bits in the mode, user attributes."""

    with_type: bool
    with_user: bool


def make(tree: ProofTree, diff: str, buffer: memoryview, *, most_bytes: int) -> tuple[bytes | None, int]:
    """Return the tar-split of a directory if its tar has this digest, else ``None``; and how many bytes were read.

    Raises ``HostError``, ``OSError``.
    """
    found: list[_DiskEntry] = []
    size = 0
    for one in _walk(tree):
        found.append(one)
        size += one.status.st_size if one.kind == "file" and not one.is_link else 0
        if len(found) > _MOST_ENTRIES or size > most_bytes:
            return None, 0
    read = 0
    for way in _ways(found):
        read += size
        if read > most_bytes:
            break
        digest = Hash()
        for raw, file in _pieces(found, way):
            digest.update(raw)
            if file is not None:
                _hash_content(tree, file, digest, buffer)
        digest.update(bytes(2 * BLOCK))
        if digest.finish() == diff:
            return _split(tree, found, way, buffer), read + size
    return None, read


def _ways(found: list[_DiskEntry]) -> list[_Way]:
    has_user = any(key.startswith("user.") and key not in _OPAQUES for one in found for key in one.xattrs)
    return [
        _Way(with_type, with_user)
        for with_user in ((False, True) if has_user else (False,))
        for with_type in (False, True)
    ]


def _walk(tree: ProofTree) -> Iterator[_DiskEntry]:
    """Yield the entries of a tar, in its order; sockets are omitted."""
    inodes: dict[int, bytes] = {}
    waiting = [_children(tree, b"", 0)]
    while waiting:
        try:
            name, depth = next(waiting[-1])
        except StopIteration:
            waiting.pop()
            continue
        status = tree.lstat(name)
        kind = _KINDS.get(st.S_IFMT(status.st_mode)) if status is not None else None
        if status is None or kind is None:
            continue
        first = inodes.setdefault(status.st_ino, name) if status.st_nlink > 1 and kind != "directory" else name
        link = first if first != name else tree.readlink(name) if kind == "symlink" else b""
        xattrs = tree.xattrs(name) if kind in {"file", "directory"} else {}
        yield _DiskEntry(name, status, kind, link, first != name, xattrs)
        if kind == "directory" and depth < _MAX_DEPTH:
            waiting.append(_children(tree, name, depth + 1))


def _children(tree: ProofTree, folder: bytes, depth: int) -> Iterator[tuple[bytes, int]]:
    prefix = folder + b"/" if folder else b""
    return iter([(prefix + name, depth) for name in sorted(name for name, _ in tree.entries(folder))])


def _pieces(found: list[_DiskEntry], way: _Way) -> Iterator[tuple[bytes, _DiskEntry | None]]:
    """Yield raw bytes, each with the file that follows; padding is part of the next raw bytes."""
    before = b""
    for one in found:
        entry = _entry(one, way)
        has_content = entry.kind == "file" and entry.size > 0
        yield before + header(entry), one if has_content else None
        before = padding(entry.size) if has_content else b""
        if one.kind == "directory" and any(one.xattrs.get(key) == b"y" for key in _OPAQUES):
            yield header(_opaque(one, entry)), None
    if before:
        yield before, None


def _entry(one: _DiskEntry, way: _Way) -> TarEntry:
    status = one.status
    mode = status.st_mode & 0o7777
    if way.with_type:
        mode |= st.S_IFMT(status.st_mode)
    mtime = status.st_mtime_ns // 1_000_000_000
    device = (os.major(status.st_rdev), os.minor(status.st_rdev))
    if one.kind == "char" and device == (0, 0):
        folder, slash, base = one.name.rpartition(b"/")
        # The engine only changes the type of a supposed second name: the target stays in the header.
        link = one.link if one.is_link else b""
        name = folder + slash + b".wh." + base
        return TarEntry(
            name=name, kind="file", mode=0o600, uid=status.st_uid, gid=status.st_gid, mtime=mtime, link=link
        )
    xattrs = {
        os.fsencode(key): value
        for key, value in one.xattrs.items()
        if key == "security.capability" or (way.with_user and key.startswith("user.") and key not in _OPAQUES)
    }
    return TarEntry(
        name=one.name + b"/" if one.kind == "directory" else one.name,
        kind="hardlink" if one.is_link else one.kind,
        mode=mode,
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size if one.kind == "file" and not one.is_link else 0,
        mtime=mtime,
        link=one.link,
        device=device if one.kind in {"char", "block"} else (0, 0),
        xattrs=xattrs,
    )


def _opaque(one: _DiskEntry, entry: TarEntry) -> TarEntry:
    """Return the marker that follows an opaque directory; it has no time of its own."""
    name = one.name + b"/.wh..wh..opq"
    return TarEntry(name=name, kind="file", mode=entry.mode & 0o777, uid=entry.uid, gid=entry.gid)


def _hash_content(tree: ProofTree, one: _DiskEntry, digest: Hash, buffer: memoryview) -> None:
    found = tree.content(one.name, one.status.st_size, buffer)
    for piece in found.pieces if found is not None else ():
        digest.update(piece)


def _split(tree: ProofTree, found: list[_DiskEntry], way: _Way, buffer: memoryview) -> bytes:
    """Write the proven tar as tar-split, with each file's checksum."""
    writer = SplitWriter()
    for raw, one in _named_pieces(found, way):
        writer.raw(raw)
        name, file = one
        crc = Crc64()
        if file is not None:
            content = tree.content(file.name, file.status.st_size, buffer)
            for piece in content.pieces if content is not None else ():
                crc.update(piece)
        if name:
            writer.file(name, file.status.st_size if file is not None else 0, crc.digest())
    writer.raw(bytes(2 * BLOCK))
    return writer.finish()


def _named_pieces(found: list[_DiskEntry], way: _Way) -> Iterator[tuple[bytes, tuple[bytes, _DiskEntry | None]]]:
    """As ``_pieces``, with the name that tar-split gives each entry ("" for the padding at the end)."""
    names = []
    for one in found:
        entry = _entry(one, way)
        names.append(entry.name)
        if one.kind == "directory" and any(one.xattrs.get(key) == b"y" for key in _OPAQUES):
            names.append(_opaque(one, entry).name)
    for index, (raw, file) in enumerate(_pieces(found, way)):
        yield raw, (names[index] if index < len(names) else b"", file)
