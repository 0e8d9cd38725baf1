"""Compares a content with its digest, and for an image layer with its unpacked snapshot, in one pass.

How containerd unpacks: pkg/archive/tar.go (Apply) and diff/apply/apply_linux.go: straight into ``fs``, whiteouts and opaque marks as
overlayfs has them.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from doctor.facts.containerd.sources import Unpacked
from doctor.facts.layers.content import Altered, LayerLook, LostEntry
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.proof.compare_headers import HeaderComparer, is_usual, plain
from doctor.proof.layer import Hash, Task, differences
from doctor.proof.tar.tar_header import Header
from doctor.proof.tar.tar_stream import TarStream, expand
from doctor.proof.tree import ProofTree, open_tree

_PIECE_BYTES = 256 << 10
_KEEP_BYTES = 128 << 20
"""Limit of the file contents of a repair: the plan is held in memory."""


def look_at_blob(host: Host, task: Task, buffer: memoryview) -> LayerLook:
    """Return the result for a content: ``is_proven`` says whether it has its digest; differences are listed for an
    intact layer only.

    ``task.split`` is the content, its name the digits; ``task.top`` the snapshot's ``fs``, "" if there is nothing to
    compare.
    """
    try:
        if task.top:
            tree = open_tree(host, task.top)
            try:
                return _SnapshotLook(host, task, tree, buffer).run()
            finally:
                tree.close()
        digest, size = sha256(), 0
        for chunk in chunks(host, task.split):
            digest.update(chunk)
            size += len(chunk)
    except HostError as error:
        return _gap(task, error.missing.reason)
    except OSError as error:
        return _gap(task, f"{task.split}: {error.strerror or error}".lower())
    is_proven = digest.hexdigest() == task.split.rpartition("/")[2]
    return LayerLook(chain=task.chain, directory=task.directory, is_proven=is_proven, bytes_read=size)


def unpacked(host: Host, task: Task, *, is_new: bool, buffer: memoryview) -> Unpacked:
    """Return the files needed to make a task's snapshot equal to its layer; with ``is_new`` the snapshot is empty."""
    try:
        tree: ProofTree = _Nothing() if is_new else open_tree(host, task.top)
        try:
            look = _SnapshotLook(host, task, tree, buffer, keeps=True)
            found = look.run()
        finally:
            tree.close()
    except (HostError, OSError) as error:
        return Unpacked(problem=str(error))
    if found.gap or not found.is_proven:
        return Unpacked(problem=found.gap or "its content is corrupt too")
    if look.kept > _KEEP_BYTES:
        return Unpacked(problem=f"its altered files have more than {_KEEP_BYTES >> 20} MiB")
    entries = {**look.compared.lost, **look.entries}
    order = {name: position for position, name in enumerate(look.order)}
    wanted = sorted(entries.values(), key=lambda one: order.get(one.name, len(order)))
    return Unpacked(
        entries=tuple(wanted), contents={name: look.contents[name] for name in look.contents if name in entries}
    )


def chunks(host: Host, path: HostPath) -> Iterator[bytes]:
    """Yield a file's bytes; a prediction returns a planned file as a whole. Raises ``HostError``."""
    try:
        descriptor = host.open_fd(path, follow=False)
    except HostError:
        yield host.read(path, follow=False, limit_bytes=_KEEP_BYTES)
        return
    try:
        while chunk := os.read(descriptor, _PIECE_BYTES):
            yield chunk
    finally:
        os.close(descriptor)


def _gap(task: Task, reason: str) -> LayerLook:
    return LayerLook(chain=task.chain, directory=task.directory, gap=reason)


class _SnapshotLook:
    """The state of one verification; ``keeps``: whether it collects contents for a repair."""

    def __init__(self, host: Host, task: Task, tree: ProofTree, buffer: memoryview, *, keeps: bool = False) -> None:
        self.host = host
        self.task = task
        self.tree = tree
        self.buffer = buffer
        self.keeps = keeps
        self.compared = HeaderComparer(tree, task.shift, is_built=False)
        self.altered: dict[bytes, Altered] = {}
        self.blob = Hash()
        self.diff = Hash()
        self.order: list[bytes] = []
        self.entries: dict[bytes, LostEntry] = {}
        self.contents: dict[bytes, bytes] = {}
        self.kept = 0
        self._source = chunks(host, task.split)

    def run(self) -> LayerLook:
        """Read the content once: it must have its digest, and the tar in it the layer's diff id."""
        problem = ""
        try:
            self._pass()
        except FormatError as error:
            problem = str(error)
            for _ in self._chunks():
                # The rest still belongs to the digest.
                pass
        digits = self.task.split.rpartition("/")[2]
        is_proven = self.blob.finish() == f"sha256:{digits}"
        if not is_proven:
            return LayerLook(chain=self.task.chain, directory=self.task.directory, bytes_read=self.blob.size)
        if problem or self.diff.finish() != self.task.diff:
            # Intact, but not a tar of this layer: the directory can't be compared.
            why = problem or "it is not the layer that the image's config names"
            return LayerLook(
                chain=self.task.chain, directory=self.task.directory, is_proven=True, split_problem=why,
                bytes_read=self.blob.size,
            )  # fmt: skip
        return replace(differences(self.task, self.compared, self.altered), is_proven=True, bytes_read=self.blob.size)

    def _chunks(self) -> Iterator[bytes]:
        for chunk in self._source:
            self.blob.update(chunk)
            yield chunk

    def _pass(self) -> None:
        stream = TarStream(expand(self._chunks()), self.diff.update)
        for header in stream.entries():
            name = plain(header.name)
            if name is None:
                raise FormatError("a name is outside the layer")
            self.order.append(name if header.removed is None else plain(header.removed) or b"")
            self._forget(name)
            self.compared.take(name, header)
            if header.kind == "file" and header.removed is None and not header.base.startswith(b".wh..wh."):
                self._file(name, header, stream)
            elif self.keeps and header.kind == "hardlink":
                self._hard_link(name, header)
        for _ in self._chunks():
            # Padding behind the last member.
            pass

    def _forget(self, name: bytes) -> None:
        """The last entry of a duplicate name counts."""
        if name in self.altered:
            del self.altered[name]
            self.entries.pop(name, None)
            self.contents.pop(name, None)

    def _file(self, name: bytes, header: Header, stream: TarStream) -> None:
        if not header.size:
            status = self.tree.lstat(name)
            if status is None or not status.st_size:
                return
        why = self._compare(name, header, stream)
        if why:
            self.altered[name] = Altered(name=name, why=why, size=header.size)

    def _compare(self, name: bytes, header: Header, stream: TarStream) -> str:
        """Return the fault of a file's content, "" for none; collect the right content if requested."""
        if not self.keeps:
            return self._difference(name, header, stream)
        # Read completely: whether it must be kept is known only at its end.
        if header.size + self.kept > _KEEP_BYTES:
            why = self._difference(name, header, stream)
            self.kept += header.size if why else 0
            return why
        parts = list(iter(stream.content, b""))
        why = self._difference(name, header, _Parts(parts))
        if why:
            self.contents[name] = b"".join(parts)
            self.kept += header.size
            self._rewrite(name, header, why)
        return why

    def _difference(self, name: bytes, header: Header, stream: "TarStream | _Parts") -> str:
        found = self.tree.content(name, header.size, self.buffer)
        if found is None:
            return "it is missing" if self.tree.lstat(name) is None else "it is not a regular file"
        try:
            if found.status.st_size != header.size:
                return f"it has {found.status.st_size} bytes instead of {header.size}"
            for piece in found.pieces:
                view = memoryview(piece)
                while view:
                    wanted = stream.content(len(view))
                    if not wanted or view[: len(wanted)] != wanted:
                        return "its content differs"
                    view = view[len(wanted) :]
        finally:
            found.close()
        return "its content differs" if stream.content(1) else ""

    def _rewrite(self, name: bytes, header: Header, why: str) -> None:
        shift = self.task.shift or 0
        status = self.tree.lstat(name)
        self.entries[name] = LostEntry(
            name=name, why=why, kind="file", exists=False, mode=header.mode, uid=header.uid + shift,
            gid=header.gid + shift, mtime_ns=header.mtime_ns,
            xattrs={key.decode("utf-8", "surrogateescape"): value for key, value in header.xattrs.items()},
            is_restorable=is_usual(name) and (status is None or not _is_directory(status.st_mode)),
        )  # fmt: skip

    def _hard_link(self, name: bytes, header: Header) -> None:
        """A recreated file is a new inode: its hard links must be recreated too."""
        target = plain(header.link)
        known = self.entries.get(target or b"") or self.compared.lost.get(target or b"")
        if known is None and name in self.compared.altered:
            known = LostEntry(name=name, why="", kind="file", exists=True, mode=0, uid=0, gid=0, mtime_ns=0)
        if target and known is not None and (not known.exists or name in self.compared.altered):
            self.entries[name] = LostEntry(
                name=name, why="its hard link is recreated", kind="hardlink", exists=False, mode=known.mode,
                uid=known.uid, gid=known.gid, mtime_ns=known.mtime_ns, link=target,
                is_restorable=is_usual(name) and is_usual(target),
            )  # fmt: skip


def _is_directory(mode: int) -> bool:
    return mode & 0o170000 == 0o040000


class _Parts:
    """A content in memory, read in pieces like a stream."""

    def __init__(self, parts: list[bytes]) -> None:
        self._left = memoryview(b"".join(parts))

    def content(self, most: int) -> bytes:
        """Return the next piece."""
        piece = bytes(self._left[:most])
        self._left = self._left[len(piece) :]
        return piece


class _Nothing:
    """A missing directory."""

    def lstat(self, name: bytes) -> None:
        """Return nothing."""

    def content(self, name: bytes, size: int, buffer: memoryview) -> None:
        """Return nothing."""

    def readlink(self, name: bytes) -> bytes:  # noqa: ARG002 - see Tree
        """Return nothing."""
        return b""

    def xattrs(self, name: bytes) -> dict[str, bytes]:  # noqa: ARG002 - see Tree
        """Return nothing."""
        return {}

    def entries(self, name: bytes) -> list[Any]:  # noqa: ARG002 - see Tree
        """Return nothing."""
        return []

    def close(self) -> None:
        """No-op: nothing is open."""
