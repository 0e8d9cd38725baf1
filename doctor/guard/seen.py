"""Remembers that nothing stood against a start, and all that this was concluded from, so that the same need not be read again.

An engine that fails is started again and again, each time over the same data root. What was looked at is kept as paths with
what the kernel tells of each: where device, inode, size, both times, type, mode and owner of every one are the same, so is the
conclusion. Nobody can set the time of the last change of an inode (ctime, inode(7)), and a directory's changes with its names.

Little is imported here: this comes before everything else of the guard.
"""

import os
import stat
import sys
import time
import zlib
from array import array
from collections.abc import Iterable

from doctor.state.paths import config_file, state_dir

_NAME = "guard.seen"
_DAY_S = 86400
_MARGIN_NS = 100_000_000
"""Times of inodes come from a coarse clock, at most 10 ms behind (CONFIG_HZ=100)."""
_TOLD = 7
"""Numbers for each path."""
_TOLD_BYTES = _TOLD * array("q").itemsize
_AT_ONCE = 64
_ABSENT = (0,) * _TOLD
_VOLATILE = ("/proc/", "/sys/", "/dev/", "/run/", "/var/run/")
"""Made anew by the kernel or at each boot. It tells whether an engine runs: one that runs makes no start more dangerous."""
_BOOT = "/proc/sys/kernel/random/boot_id"


def is_settled(directory: str | None = None) -> bool:
    """Whether a look of this boot and day found nothing against a start, and all that it saw is as it was.

    After a power cut a file may have lost its content and kept its times: nothing is believed over a boot.
    """
    try:
        descriptor = os.open(_path(directory), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                return False
            data = stream.read()
        head, _, rest = data.partition(b"\n")
        checksum, when, size, told = head.split(b" ", 3)
        if int(checksum) != zlib.crc32(data[len(checksum) :]) or told != _circumstances():
            return False
        if not 0 <= time.time() - int(when) < _DAY_S:
            return False
        paths = rest[: int(size)].split(b"\0")
        return _are(paths, rest[int(size) :])
    except (OSError, ValueError):
        return False


def remember(
    seen: Iterable[str],
    followed: Iterable[str],
    started_ns: int,
    *,
    is_backed_up: bool,
    directory: str | None = None,
) -> bool:
    """Keep what a look that began at ``started_ns`` (since the epoch) saw and found nothing against; return whether it was.

    Of ``followed`` the targets of links were looked at. It is not kept where something changed meanwhile or just before, or where the backup that belongs to it was not taken. Failing
    to write costs only the next look: nothing is raised. Not synced either, as it does not outlive the boot.
    """
    state = state_dir() if directory is None else directory
    paths = _paths({*seen, *map(os.path.realpath, filter(os.path.islink, followed))}, state)
    numbers = _numbers(paths)
    if max(*numbers[3::_TOLD], *numbers[4::_TOLD]) >= started_ns - _MARGIN_NS:
        return False
    try:
        kept = _backup(state, started_ns) if is_backed_up else []
        paths += kept
        numbers += _numbers(kept)
        body = b"\0".join(paths)
        told = b" %d %d %s\n" % (started_ns // 10**9, len(body), _circumstances())
        data = told + body + numbers.tobytes()
        temporary = f"{_path(directory)}.{os.getpid()}.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(b"%d%s" % (zlib.crc32(data), data))
        os.rename(temporary, _path(directory))
    except (OSError, ValueError):
        return False
    return True


def _path(directory: str | None) -> str:
    return os.path.join(state_dir() if directory is None else directory, _NAME)


def _circumstances() -> bytes:
    """Return what else must be the same: the boot, the interpreter, and which settings are read."""
    with open(_BOOT, "rb") as stream:
        boot = stream.read().strip()
    return b"%s %s %s" % (boot, sys.implementation.cache_tag.encode(), os.fsencode(config_file()))


def _paths(seen: set[str], state: str) -> list[bytes]:
    """Return what to compare: all that was seen, the settings, and doctor's own code."""
    # An upgrade replaces files, which changes their directories.
    code = {
        os.path.dirname(file)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in {"doctor", "checks", "fixers"} and (file := getattr(module, "__file__", None))
    }
    # Doctor's own directory changes by what it keeps there; the backup is compared by itself.
    own = state.rstrip("/")
    wanted = {path for path in seen if path != own and not path.startswith((*_VOLATILE, f"{own}/"))}
    wanted |= code | {config_file()}
    return sorted(os.fsencode(path) for path in wanted)


def _backup(state: str, started_ns: int) -> list[bytes]:
    """Return the newest backup and the directory of its contents; raises ``ValueError`` where it was not confirmed since."""
    from doctor.state.metadata import BLOBS, CONFIRMED, DIRECTORY, is_generation  # noqa: PLC0415 - loaded long since

    top = os.path.join(state, DIRECTORY)
    if os.stat(os.path.join(top, CONFIRMED)).st_mtime_ns < started_ns - _MARGIN_NS:
        raise ValueError("not confirmed")
    newest = max(filter(is_generation, os.listdir(top)))
    return [os.fsencode(os.path.join(top, name)) for name in (newest, BLOBS)]


def _are(paths: list[bytes], told: bytes) -> bool:
    """Whether these numbers still tell the paths; ends at the first that don't."""
    if len(told) != len(paths) * _TOLD_BYTES:
        return False
    start = 0
    for first in range(0, len(paths), _AT_ONCE):
        numbers = _numbers(paths[first : first + _AT_ONCE]).tobytes()
        if not told.startswith(numbers, start):
            return False
        start += len(numbers)
    return True


def _numbers(paths: list[bytes]) -> "array[int]":
    """Return what tells each path from what it was, zeros for nothing there."""
    found = array("q")
    look = os.lstat
    for path in paths:
        try:
            told = look(path)
        except (FileNotFoundError, NotADirectoryError):
            found.extend(_ABSENT)
            continue
        found.extend(
            (
                told.st_dev,
                told.st_ino,
                told.st_size,
                told.st_mtime_ns,
                told.st_ctime_ns,
                told.st_mode,
                told.st_uid << 32 | told.st_gid,
            )
        )
    return found
