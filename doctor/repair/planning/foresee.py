"""Finds what would make a step fail: in a plan before anything changes, and after a failure to name the command that resolves it.

That is: immutable and append-only files and directories, mount points, read-only and full file systems. Each step is judged on
the prediction after the steps before it, so a step may release a file for a later one.
"""

from msgspec import Struct

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, is_beneath, parent
from doctor.model.step import Attributes, Directory, File, KernelValue, Move, Put, Step

_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20
_SPARE_BYTES = 64 << 10
"""Reserve for the growth of the directory itself."""


class Hindrance(Struct, frozen=True):
    """The reason why a step can't be done at a path, and the commands that resolve it."""

    why: str
    do: str


def hindrance(host: Host, step: Step) -> Hindrance | None:
    """Return what would make a step fail, ``None`` if nothing is found."""
    match step:
        case Put(path=path, node=node):
            is_entry = isinstance(node, Directory)
            found = _held(host, path, entry=not (is_entry and _kind(host, path)))
            found = found or (None if is_entry else _mounted(host, path, in_place=isinstance(node, File)))
            return found or _read_only(host, path) or _full(host, path, node)
        case Move(path=path, to=to, may_fail=False):
            found = _held(host, path, entry=True) or _mounted(host, path, in_place=False) or _read_only(host, path)
            return found or (_read_only(host, to) if to else None)
        case Attributes(path=path, flags=None):
            return _held(host, path, entry=False) or _read_only(host, path)
        case Attributes(path=path) | KernelValue(path=path, may_fail=False):
            return _read_only(host, path)
    return None


def _kind(host: Host, path: str) -> str:
    try:
        return host.lstat(HostPath(path), follow=False).kind
    except HostError:
        return ""


def _held(host: Host, path: str, *, entry: bool) -> Hindrance | None:
    """Judge the flags of a path, and with ``entry`` those of its directory, in which an entry is created or changed."""
    top = parent(HostPath(path))
    places = [(top, path.rpartition("/")[2], path), *([(top, ".", top)] if entry else [])]
    for directory, name, place in places:
        try:
            flags = host.held(directory, (name,)).get(name, 0)
        except HostError:
            continue
        if flags:
            word, letter = ("immutable", "i") if flags & _IMMUTABLE else ("append-only", "a")
            letters = "ia" if flags & _IMMUTABLE and flags & _APPEND_ONLY else letter
            return Hindrance(f"{place} is {word}", f"chattr -{letters} {_outside(host, place)}")
    return None


def _mounted(host: Host, path: str, *, in_place: bool) -> Hindrance | None:
    """Judge a mount point: such a file can be written in place, but not replaced or moved."""
    try:
        if not host.is_mount_point(HostPath(path)) or (in_place and _kind(host, path) == "f"):
            return None
    except HostError:
        return None
    return Hindrance(f"{path} is a mount point", f"umount {_outside(host, path)}, or repair what is mounted there")


def _read_only(host: Host, path: str) -> Hindrance | None:
    """Judge the mount of a path, or of its nearest existing parent directory."""
    # A link is replaced, and its target may be on another file system.
    here = HostPath(path) if _kind(host, path) != "l" else parent(HostPath(path))
    while here not in {"/", ""}:
        try:
            if not host.statfs(here).read_only:
                return None
        except HostError as error:
            if not error.is_absent:
                return None
            here = parent(here)
            continue
        top = _mount_of(host, here)
        return Hindrance(f"{top} is mounted read-only", f"mount -o remount,rw {_outside(host, top)}")
    return None


def _mount_of(host: Host, path: HostPath) -> HostPath:
    here = path
    while here != "/":
        try:
            if host.is_mount_point(here):
                return here
        except HostError:
            break
        here = parent(here)
    return HostPath("/") if here == "/" else path


def _full(host: Host, path: str, node: object) -> Hindrance | None:
    """Judge the free space on the file system of a path for the new node."""
    size = len(node.content) if isinstance(node, File) else 0
    top = parent(HostPath(path))
    while True:
        try:
            room = host.statfs(top)
            break
        except HostError:
            if top == "/":
                return None
            top = parent(top)
    # A prediction does not add up sizes: only single steps without space are found.
    if room.size_bytes and room.free_bytes < size + _SPARE_BYTES:
        return Hindrance(f"the file system of {top} is full", f"free space there ('df -h {_outside(host, top)}')")
    if room.files and not room.files_free:
        return Hindrance(
            f"the file system of {top} has no inodes left", f"remove files there ('df -i {_outside(host, top)}')"
        )
    return None


def _outside(host: Host, path: str) -> str:
    """Return the path for a command outside of the host's root."""
    return path if host.root == "/" or is_beneath(path, host.root) else f"{host.root.rstrip('/')}{path}"
