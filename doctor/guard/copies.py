"""Copies what a start erases to doctor's own directory, as the fixer of the finding would, but outside of any repair.

The directory of the copies is named after their content: repeated starts keep one copy, and an older copy is never
replaced by the remains that a start left.
"""

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256

from msgspec import Struct

from doctor.api.actions.files import CopyAside
from doctor.host.base import Host
from doctor.model.errors import DoctorError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.view import Stat
from doctor.state.files import atomic_write, ensure_dir, sync_dir
from doctor.state.paths import state_dir

LIMIT_BYTES = 64 << 20
"""Limit of the copies: reading more would delay the start."""
_SPARE_BYTES = 64 << 20
_ASIDE = "aside"


class CannotKeepError(Exception):
    """The files that a start erases can't be copied; the text gives the reason."""


class _Copy(Struct, frozen=True):
    """One entry to write: its path relative to the copies, its status, and a file's bytes or a link's target."""

    name: str
    found: Stat
    content: bytes = b""
    target: str = ""


def keep(host: Host, actions: Iterable[CopyAside], *, directory: str | None = None) -> str:
    """Make these copies and return the directory that holds them.

    Raises ``CannotKeepError`` if there is nothing to copy, too much to copy, or a read or write fails.
    """
    try:
        copies = [copy for action in actions for copy in _read(host, action.path, _name_of(action), [LIMIT_BYTES])]
    except HostError as error:
        raise CannotKeepError(error.missing.reason) from error
    top = os.path.join(state_dir() if directory is None else directory, _ASIDE)
    place = os.path.join(top, _place_name(copies))
    if os.path.isdir(place):
        return place
    partial = f"{place}.{os.getpid()}.partial"
    try:
        ensure_dir(top)
        _check_space(top, sum(len(copy.content) for copy in copies))
        os.mkdir(partial, 0o700)
        for copy in copies:
            _write(os.path.join(partial, copy.name), copy)
        os.rename(partial, place)
        sync_dir(top)
    except DoctorError as error:
        raise CannotKeepError(str(error)) from error
    except OSError as error:
        raise CannotKeepError(f"{error.filename or top}: {error.strerror}") from error
    return place


def _name_of(action: CopyAside) -> str:
    """Return where the fixer wants the copy, relative to the directory of copies ("volumes/metadata.db")."""
    return action.to.rpartition(f"/{_ASIDE}/")[2].lstrip("/")


def _read(host: Host, path: HostPath, name: str, left: list[int]) -> Iterator[_Copy]:
    """Yield an entry and everything beneath it; ``left`` is the number of bytes that may still be read."""
    found = host.lstat(path, follow=False)
    if found.kind == "f":
        left[0] -= found.size
        if left[0] < 0:
            raise CannotKeepError(f"{path}: the files exceed {LIMIT_BYTES >> 20} MiB")
        yield _Copy(name, found, content=host.read(path, follow=False, limit_bytes=LIMIT_BYTES))
    elif found.kind == "l":
        yield _Copy(name, found, target=host.readlink(path, follow=False))
    elif found.kind == "d":
        yield _Copy(name, found)
        for entry in sorted(host.listdir(path, follow=False)):
            yield from _read(host, join(path, entry), f"{name}/{entry}", left)


def _place_name(copies: list[_Copy]) -> str:
    digest = sha256()
    for copy in copies:
        digest.update(f"{copy.name}\0{len(copy.content)}\0{copy.target}\0".encode("utf-8", "surrogateescape"))
        digest.update(copy.content)
    return f"before-start-{digest.hexdigest()[:16]}"


def _check_space(top: str, size: int) -> None:
    found = os.statvfs(top)
    if found.f_bavail * found.f_frsize < size + _SPARE_BYTES:
        raise CannotKeepError(f"{top}: not enough free space for {size} bytes")


def _write(path: str, copy: _Copy) -> None:
    """Write one entry with its owner, mode and time, and sync it; missing parent directories are accessible by root
    only.
    """
    ensure_dir(os.path.dirname(path))
    if copy.found.kind == "l":
        os.symlink(copy.target, path)
        return
    if copy.found.kind == "d":
        os.mkdir(path, 0o700)
        sync_dir(os.path.dirname(path))
    else:
        atomic_write(path, copy.content)
    os.chown(path, copy.found.uid, copy.found.gid)
    os.chmod(path, copy.found.mode)
    if copy.found.kind == "f":
        os.utime(path, ns=(copy.found.mtime_ns, copy.found.mtime_ns))
