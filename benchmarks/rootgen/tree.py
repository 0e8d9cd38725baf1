"""The content of a generated image: a base with a shell, and layers that add, replace, link and delete as builds do."""

import functools
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from benchmarks.rootgen.entry import Content, Entry, Kind

_BUSYBOX = Path("/bin/busybox")
_APPLETS = ("cat", "echo", "ls", "mkdir", "rm", "sh", "sleep", "tail", "true")
_BASE_FOLDERS = (
    "bin",
    "dev",
    "etc",
    "opt",
    "proc",
    "root",
    "srv",
    "sys",
    "tmp",
    "usr",
    "usr/lib",
    "usr/share",
    "var",
    "var/log",
)
_ACCOUNTS = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
# cap_net_raw=ep as the kernel stores it: VFS_CAP_REVISION_2 with the effective flag (linux/capability.h).
_NET_RAW = bytes.fromhex("0100000200200000000000000000000000000000")
# Small, because the part of a file after the last whole block goes through the slow checksum.
_BIG_BLOCK_BYTES = 1 << 16
_POOL = 400


@dataclass(frozen=True, slots=True)
class Visible:
    """The files and directories that a container of a chain sees, as far as later layers may touch them."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class Builder:
    """Invents the content of layers from a seeded generator: the same seed gives the same bytes."""

    def __init__(self, rng: Random, *, big_bytes: int) -> None:
        self._rng = rng
        self._pool = [Content(self._text(rng.randint(60, 1900))) for _ in range(_POOL)]
        self._big_bytes = big_bytes
        self._big_block = rng.randbytes(_BIG_BLOCK_BYTES) if big_bytes else b""

    def base(self, number: int, mtime: int) -> tuple[list[Entry], Visible]:
        """A layer that a container can run from: busybox and its links, accounts, a set-uid file, a capability, a device."""
        entries = [Entry(path=path, kind=Kind.DIRECTORY, mode=_mode(path), mtime=mtime) for path in _BASE_FOLDERS]
        shell = _busybox()
        if shell is not None:
            entries.append(Entry(path="bin/busybox", mode=0o755, content=shell, mtime=mtime))
            entries += [
                Entry(path=f"bin/{name}", kind=Kind.SYMLINK, mode=0o777, target="busybox", mtime=mtime)
                for name in _APPLETS
            ]
        entries += [
            Entry(path="etc/passwd", content=Content(_ACCOUNTS), mtime=mtime),
            Entry(path="opt/null", kind=Kind.CHAR_DEVICE, mode=0o666, device=(1, 3), mtime=mtime),
            Entry(
                path="opt/ping", mode=0o755, content=self._pick(), xattrs={"security.capability": _NET_RAW}, mtime=mtime
            ),
            Entry(path="opt/queue", kind=Kind.FIFO, mode=0o600, uid=1000, gid=1000, mtime=mtime),
            Entry(path="opt/su", mode=0o4755, uid=0, gid=42, content=self._pick(), mtime=mtime),
            Entry(path="opt/Überlauf.txt", content=self._pick(), mtime=mtime),
        ]
        return self._finish(entries, Visible(), number, mtime)

    def upper(self, number: int, below: Visible, mtime: int) -> tuple[list[Entry], Visible]:
        """A layer on others: a new directory of files, links, and here and there a whiteout or an opaque directory."""
        entries = list(self._application(number, mtime))
        chance = self._rng.random()
        if below.files and chance < 0.4:
            gone = self._rng.choice(below.files)
            entries.append(Entry(path=gone, kind=Kind.WHITEOUT, mode=0, mtime=mtime))
        elif below.folders and chance < 0.6:
            replaced = self._rng.choice(below.folders)
            entries.append(Entry(path=replaced, kind=Kind.DIRECTORY, mode=0o755, opaque=True, mtime=mtime))
            entries.append(Entry(path=f"{replaced}/replaced", content=self._pick(), mtime=mtime))
        return self._finish(entries, below, number, mtime)

    def writable(self, name: str, below: Visible, mtime: int) -> list[Entry]:
        """Files of a container: a marker with its name, a log, sometimes a deletion."""
        entries = [
            Entry(path="root/marker", content=Content(f"{name}\n".encode()), mtime=mtime),
            Entry(path="var/log/app.log", content=self._pick(), uid=1000, gid=1000, mtime=mtime),
        ]
        if below.files and self._rng.random() < 0.3:
            entries.append(Entry(path=self._rng.choice(below.files), kind=Kind.WHITEOUT, mode=0, mtime=mtime))
        # Overlayfs marks each directory that it copies up; an empty mark means that its origin is unknown.
        return [
            replace(entry, xattrs={**entry.xattrs, "trusted.overlay.origin": b""})
            if entry.kind is Kind.DIRECTORY
            else entry
            for entry in ordered(with_parents(entries, mtime))
        ]

    def _application(self, number: int, mtime: int) -> Iterator[Entry]:
        folder = f"srv/app-{number:04}"
        count = self._rng.randint(8, 26)
        for index in range(count):
            path = f"{folder}/{'lib/' if index % 3 == 0 else ''}part-{index:02}.txt"
            mode = 0o755 if index % 7 == 0 else 0o644
            yield Entry(path=path, mode=mode, uid=1000 * (index % 5 == 0), content=self._pick(), mtime=mtime + index)
        first = f"{folder}/lib/part-00.txt"
        yield Entry(path=f"{folder}/current", kind=Kind.SYMLINK, mode=0o777, target="lib/part-00.txt", mtime=mtime)
        yield Entry(
            path=f"{folder}/same", kind=Kind.HARDLINK, mode=0o644, target=f"{folder}/part-01.txt", mtime=mtime + 1
        )
        if number % 9 == 0:
            deep = f"{folder}/{'/'.join([f'level-{level}-of-a-long-path' for level in range(7)])}"
            yield Entry(path=f"{deep}/file", content=self._pick(), mtime=mtime)
            yield Entry(path=f"{folder}/far", kind=Kind.SYMLINK, mode=0o777, target="../" * 40 + first, mtime=mtime)

    def _finish(self, entries: list[Entry], below: Visible, number: int, mtime: int) -> tuple[list[Entry], Visible]:
        # One file that no other layer has keeps the diff ids, and so the chain ids, apart.
        unique = Content(f"layer {number} {self._rng.getrandbits(64):016x}\n".encode())
        entries.append(Entry(path="etc/layer-id", content=unique, mtime=mtime))
        if self._big_bytes:
            entries.append(Entry(path=f"usr/share/data-{number:04}.bin", content=self._big(number), mtime=mtime))
        entries = ordered(with_parents(entries, mtime))
        return entries, see(below, entries)

    def _big(self, number: int) -> Content:
        repeats, rest = divmod(self._big_bytes, _BIG_BLOCK_BYTES)
        head = f"{number:016x}".encode() + self._big_block[:rest]
        return Content(head, self._big_block, repeats)

    def _pick(self) -> Content:
        return self._rng.choice(self._pool)

    def _text(self, size_bytes: int) -> bytes:
        words = [f"{self._rng.getrandbits(40):x}" for _ in range(size_bytes // 10 + 1)]
        return " ".join(words).encode()[: size_bytes - 1] + b"\n"


def see(below: Visible, entries: list[Entry]) -> Visible:
    """Return what is visible after these entries are put on top of the existing ones."""
    hidden = {entry.path for entry in entries if entry.kind is Kind.WHITEOUT}
    opaque = tuple(f"{entry.path}/" for entry in entries if entry.opaque)
    kept = [path for path in below.files if path not in hidden and not path.startswith(opaque or ("/",))]
    new = [entry.path for entry in entries if entry.kind is Kind.FILE and entry.path.startswith("srv/")]
    folders = [entry.path for entry in entries if entry.kind is Kind.DIRECTORY and entry.path.startswith("srv/app-")]
    tops = [path for path in folders if path.count("/") == 1]
    return Visible(tuple(dict.fromkeys([*kept, *new])), tuple(dict.fromkeys([*below.folders, *tops])))


def with_parents(entries: Iterable[Entry], mtime: int) -> list[Entry]:
    """The entries and the directories they stand in: overlayfs copies those up, so Docker's tar names them."""
    known = {entry.path: entry for entry in entries}
    for path in list(known):
        parent = posixpath.dirname(path)
        while parent and parent not in known:
            known[parent] = Entry(path=parent, kind=Kind.DIRECTORY, mode=_mode(parent), mtime=mtime)
            parent = posixpath.dirname(parent)
    return list(known.values())


def ordered(entries: list[Entry]) -> list[Entry]:
    """The order in which Docker walks a layer: names bytewise within each directory, a directory before its content."""
    return sorted(entries, key=lambda entry: [part.encode() for part in entry.path.split("/")])


def _mode(folder: str) -> int:
    return {"root": 0o700, "tmp": 0o1777}.get(folder, 0o755)


@functools.cache
def _busybox() -> Content | None:
    """The machine's static busybox, or None: then images are whole, but nothing can run in them."""
    try:
        data = _BUSYBOX.read_bytes()
    except OSError:
        return None
    return None if b"/ld-linux" in data or b"/ld-musl" in data else Content(data)
