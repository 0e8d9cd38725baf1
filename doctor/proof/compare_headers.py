"""Compares the tar headers of a layer's entries with the files on disk.

Whiteouts and opaque marks as overlay2 keeps them: a character device 0/0, and ``trusted.overlay.opaque`` (``user.overlay.``
in a rootless root) of "y"; Documentation/filesystems/overlayfs.rst, moby pkg/archive/archive_linux.go.
"""

import stat as st
from hashlib import sha256

from msgspec.structs import replace

from doctor.facts.layers.content import LostEntry
from doctor.proof.tar.tar_header import Header, parse_headers
from doctor.proof.tree import CHUNK_BYTES, ProofTree, Status

OPAQUE = "trusted.overlay.opaque"
_OPAQUES = (OPAQUE, "user.overlay.opaque")
_CAPABILITY = "security.capability"
_SEES_TRUSTED_BIT = 21  # CAP_SYS_ADMIN: without it, the kernel does not show trusted.* at all
_MAX_DEPTH = 200
_KINDS = {"file": st.S_IFREG, "directory": st.S_IFDIR, "symlink": st.S_IFLNK, "char": st.S_IFCHR, "block": st.S_IFBLK,
          "fifo": st.S_IFIFO}  # fmt: skip
_WORDS = {st.S_IFREG: "a file", st.S_IFDIR: "a directory", st.S_IFLNK: "a symbolic link", st.S_IFCHR: "a device",
          st.S_IFBLK: "a block device", st.S_IFIFO: "a FIFO", st.S_IFSOCK: "a socket"}  # fmt: skip


def plain(name: bytes) -> bytes | None:
    """Return a tar's name as a path below ``diff``, "" for the top; ``None`` if it leads outside.

    >>> plain(b"./usr/bin/"), plain(b"/"), plain(b"a/../../b")
    (b'usr/bin', b'', None)
    """
    if name[:1] in b"./" or b"//" in name or b"/." in name or b"\0" in name:
        parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
        return None if b".." in parts or b"\0" in name else b"/".join(parts)
    return name.rstrip(b"/")


class HeaderComparer:
    """Compares the headers of one layer in order; the last one of a name counts.

    Args:
        tree: the layer's directory.
        shift: added to a header's owner on disk; ``None``: owners are not compared.
        is_built: whether BuildKit made the directory: as the upper directory of a mount it has devices that a tar
            omits.
    """

    def __init__(self, tree: ProofTree, shift: int | None, *, is_built: bool) -> None:
        self.tree = tree
        self.shift = shift
        self.is_built = is_built
        self.lost: dict[bytes, LostEntry] = {}
        self.altered: dict[bytes, str] = {}
        self.names: set[bytes] = set()
        self._sees_trusted = sees_trusted()

    def same(self, name: bytes) -> None:
        """Record a file that matches its header."""
        self.names.add(name)
        if self.lost:
            self.lost.pop(name, None)

    def forget(self, name: bytes) -> None:
        """Record a name without a comparison: its content is missing."""
        self.same(name)

    def header(self, name: bytes, raw: bytes) -> Header | None:
        """Compare the entry that raw headers describe; ``None`` if they describe none. Raises ``FormatError``."""
        header = parse_headers(raw)
        if header is not None:
            self.take(name, header)
        return header

    def take(self, name: bytes, header: Header) -> None:
        """Compare the entry of a header with the file at its plain name."""
        if header.is_opaque:
            self._opaque(plain(header.name.rpartition(b"/")[0] or b".") or b"")
            return
        removed = header.removed
        if removed is not None:
            self._whiteout(plain(removed) or b"", header)
        elif not header.base.startswith(b".wh..wh."):
            # Metadata of aufs, which no engine unpacks, is omitted.
            self._entry(name, header)

    def _entry(self, name: bytes, header: Header) -> None:
        self.same(name)
        status = self.tree.lstat(name)
        if header.kind == "hardlink":
            self._hard_link(name, header, status)
            return
        wanted = _KINDS[header.kind]
        if status is None:
            if header.size:
                return
            self._lose(name, header, "it is missing", exists=False)
            return
        kind = st.S_IFMT(status.st_mode)
        if kind != wanted:
            if header.size:
                return
            why = f"it is {_WORDS.get(kind, 'something')} instead of {_WORDS[wanted]}"
            self._lose(name, header, why, exists=False, is_free=kind != st.S_IFDIR)
            return
        self._attributes(name, header, status)

    def _attributes(self, name: bytes, header: Header, status: Status) -> None:
        wrong: list[str] = []
        xattrs: dict[str, bytes | None] = {}
        if header.kind == "symlink":
            target = self.tree.readlink(name)
            if target != header.link:
                self._lose(name, header, "it has another target", exists=False)
                return
        elif status.st_mode & 0o7777 != header.mode:
            wrong.append(f"mode {status.st_mode & 0o7777:04o} instead of {header.mode:04o}")
        if self.shift is not None:
            owner = (header.uid + self.shift, header.gid + self.shift)
            if (status.st_uid, status.st_gid) != owner:
                wrong.append(f"owner {status.st_uid}:{status.st_gid} instead of {owner[0]}:{owner[1]}")
        if header.kind in {"char", "block"}:
            here = (status.st_rdev >> 8 & 0xFFF, status.st_rdev & 0xFF | status.st_rdev >> 12 & 0xFFF00)
            if here != header.device:
                self._lose(name, header, f"it is device {here[0]}:{here[1]}", exists=False)
                return
        if header.kind in {"file", "directory"} and not self.shift:
            xattrs = self._xattrs(name, header)
            wrong += [f"{key} {'too much' if value is None else 'lost'}" for key, value in xattrs.items()]
        if wrong:
            self._lose(name, header, ", ".join(wrong), exists=True)
            self.lost[name] = replace(self.lost[name], xattrs={**self.lost[name].xattrs, **xattrs})

    def _xattrs(self, name: bytes, header: Header) -> dict[str, bytes | None]:
        wanted = {key.decode("utf-8", "surrogateescape"): value for key, value in header.xattrs.items()}
        if not self._sees_trusted:
            wanted = {key: value for key, value in wanted.items() if not key.startswith("trusted.")}
        if header.kind == "directory" and not wanted:
            return {}
        here = self.tree.xattrs(name)
        found: dict[str, bytes | None] = {key: value for key, value in wanted.items() if here.get(key) != value}
        if _CAPABILITY in here and _CAPABILITY not in wanted:
            found[_CAPABILITY] = None
        return found

    def _hard_link(self, name: bytes, header: Header, status: Status | None) -> None:
        target = plain(header.link)
        other = self.tree.lstat(target) if target else None
        if target is None or other is None or st.S_ISDIR(other.st_mode):
            return
        shown = target.decode("utf-8", "replace")
        if status is None:
            self._lose(name, header, f"it is missing; it was a hard link to {shown}", exists=False)
        elif (status.st_ino, status.st_dev) != (other.st_ino, other.st_dev):
            if status.st_size == other.st_size and self._digest(name, status) == self._digest(target, other):
                self._lose(name, header, f"it is a copy and no longer a hard link to {shown}", exists=False)
            else:
                self.altered[name] = f"it is no longer a hard link to {shown} and differs from it"

    def _digest(self, name: bytes, status: Status) -> bytes:
        if not st.S_ISREG(status.st_mode):
            return b"%d" % status.st_ino
        buffer = memoryview(bytearray(CHUNK_BYTES))
        digest = sha256()
        found = self.tree.content(name, status.st_size, buffer)
        for piece in found.pieces if found is not None else ():
            digest.update(piece)
        return digest.digest()

    def _whiteout(self, name: bytes, header: Header) -> None:
        self.same(name)
        status = self.tree.lstat(name)
        if status is not None and st.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            return
        # A differ that lists each missing name of an opaque directory needs no device for it.
        if self._is_opaque_above(name):
            return
        why = (
            "it is missing, so the file it deletes is visible again"
            if status is None
            else "a file is in place of the whiteout"
        )
        is_free = status is None or not st.S_ISDIR(status.st_mode)
        self._lose(name, header, why, exists=False, is_free=is_free)
        self.lost[name] = replace(self.lost[name], kind="char", mode=0, link=b"", device=(0, 0))

    def _is_opaque_above(self, name: bytes) -> bool:
        while name:
            name = name.rpartition(b"/")[0]
            here = self.tree.xattrs(name)
            if any(here.get(key) == b"y" for key in _OPAQUES):
                return True
        return not self._sees_trusted

    def _opaque(self, name: bytes) -> None:
        if not self._sees_trusted:
            return
        status = self.tree.lstat(name)
        if status is None or not st.S_ISDIR(status.st_mode):
            if name in self.lost:
                self.lost[name] = replace(self.lost[name], xattrs={**self.lost[name].xattrs, OPAQUE: b"y"})
            return
        here = self.tree.xattrs(name)
        if any(here.get(key) == b"y" for key in _OPAQUES):
            return
        why = "its opaque mark is missing, so files of lower layers are visible again"
        known = self.lost.get(name)
        if known is not None:
            self.lost[name] = replace(known, why=f"{known.why}, {why}", xattrs={**known.xattrs, OPAQUE: b"y"})
            return
        self.lost[name] = LostEntry(
            name=name, why=why, kind="directory", exists=True, mode=status.st_mode & 0o7777, uid=status.st_uid,
            gid=status.st_gid, mtime_ns=status.st_mtime_ns, xattrs={OPAQUE: b"y"}, is_restorable=is_usual(name),
        )  # fmt: skip

    def _lose(self, name: bytes, header: Header, why: str, *, exists: bool, is_free: bool = True) -> None:
        shift = self.shift or 0
        link = header.link if header.kind == "symlink" else plain(header.link) or b""
        self.lost[name] = LostEntry(
            name=name,
            why=why,
            kind=header.kind,
            exists=exists,
            mode=header.mode,
            uid=header.uid + shift,
            gid=header.gid + shift,
            mtime_ns=header.mtime_ns,
            link=link,
            device=header.device,
            xattrs={key.decode("utf-8", "surrogateescape"): value for key, value in header.xattrs.items()},
            is_restorable=is_free
            and is_usual(name)
            and is_usual(link)
            and (exists or header.kind not in {"block", "fifo"}),
        )

    def extra(self) -> list[bytes]:
        """Return the names on disk without a header; for a directory, not the names beneath it.

        A parent directory of a tar's entry needs no header; sockets are never in a tar.
        """
        known = set(self.names)
        for name in self.names:
            above = name.rpartition(b"/")[0]
            while above and above not in known:
                known.add(above)
                above = above.rpartition(b"/")[0]
        found: list[bytes] = []
        waiting = [(b"", 0)]
        while waiting:
            folder, depth = waiting.pop()
            prefix = folder + b"/" if folder else b""
            for base, is_directory in self.tree.entries(folder):
                name = prefix + base
                if name not in known:
                    if is_directory or not self._is_left_out(name):
                        found.append(name)
                elif is_directory and depth < _MAX_DEPTH:
                    waiting.append((name, depth + 1))
        return sorted(found)

    def _is_left_out(self, name: bytes) -> bool:
        """Whether no tar would contain it: a socket, or a leftover of a build's mount."""
        status = self.tree.lstat(name)
        if status is None:
            return self.is_built
        kind = st.S_IFMT(status.st_mode)
        return kind == st.S_IFSOCK or (self.is_built and kind == st.S_IFCHR and status.st_rdev == 0)


def is_usual(name: bytes) -> bool:
    """Whether a name can stand in a plan, which is text."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def sees_trusted() -> bool:
    """Whether the kernel shows this process trusted.* attributes."""
    try:
        with open("/proc/self/status", "rb") as stream:
            text = stream.read()
    except OSError:
        return False
    position = text.find(b"CapEff:")
    return position >= 0 and bool(int(text[position + 7 : position + 24], 16) >> _SEES_TRUSTED_BIT & 1)
