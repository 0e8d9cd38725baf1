"""Records that a check found nothing against a start, and the paths it read, so that an unchanged root is not read
again.

A failing engine is restarted repeatedly on the same data root. Each path is kept with its stat result: if device,
inode, size, both times, type, mode and owner of every path are the same, the result still holds. The time of an inode's
last change can't be set (ctime, inode(7)), and a directory's ctime changes with its names.

Imports stay few: this module runs before the rest of the guard.
"""

import os
import sys
import time
import zlib
from array import array
from collections.abc import Iterable, Iterator

from doctor.guard import own
from doctor.state.paths import config_file, state_dir

_NAME = "guard.seen"
DAY_S = 86400
_MANY = 5000
_MARGIN_NS = 100_000_000
"""Times of inodes come from a coarse clock, at most 10 ms behind (CONFIG_HZ=100)."""
_STAMP = 7
"""Numbers kept for each path."""
_STAMP_BYTES = _STAMP * array("q").itemsize
_ABSENT = (0,) * _STAMP
_NO_STAMP = (-1,) * _STAMP
"""No path has these numbers: a path kept with them counts as changed."""
_VOLATILE = ("/proc/", "/sys/", "/dev/", "/run/", "/var/run/")
"""Recreated by the kernel or at each boot. It shows whether an engine runs; a running engine makes no start more
dangerous.
"""
_BOOT = "/proc/sys/kernel/random/boot_id"


class Earlier:
    """The record of an earlier check, compared with the current state.

    Attributes:
        is_settled: whether it is from this boot and day, found nothing against a start, and no path it read has
            changed.
        checksum: of the record.
        changed: the paths that have changed since.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.state = state_dir() if directory is None else directory
        self.is_settled = False
        self.checksum = -1
        self.changed: list[str] = []
        self._paths: list[bytes] = []
        self._stamps = b""
        # After a power cut a file may have lost its content and kept its times: a record is valid for one boot only.
        try:
            self._compare()
        except (OSError, ValueError):
            return

    def _compare(self) -> None:
        data = own.read(_path(self.state))
        head, _, rest = data.partition(b"\n")
        checksum, when, size, circumstances = head.split(b" ", 3)
        if int(checksum) != zlib.crc32(data[len(checksum) :]) or circumstances != _circumstances():
            return
        if not 0 <= time.time() - int(when) < DAY_S:
            return
        paths, stamps = rest[: int(size)].split(b"\0"), rest[int(size) :]
        now = _numbers(paths).tobytes()
        if len(now) != len(stamps):
            return
        self.is_settled = now == stamps
        self.checksum, self._paths, self._stamps = int(checksum), paths, stamps
        if not self.is_settled:
            places = enumerate(range(0, len(stamps), _STAMP_BYTES))
            self.changed = [
                os.fsdecode(paths[index])
                for index, start in places
                if now[start : start + _STAMP_BYTES] != stamps[start : start + _STAMP_BYTES]
            ]

    @property
    def is_large(self) -> bool:
        """Whether it read more paths than an ordinary root holds."""
        return len(self._paths) > _MANY

    def unchanged(self) -> dict[bytes, bytes]:
        """Return the paths that have not changed since the record was written, with their numbers."""
        gone = {os.fsencode(path) for path in self.changed}
        starts = range(0, len(self._stamps), _STAMP_BYTES)
        pairs = zip(self._paths, starts, strict=True)
        return {path: self._stamps[start : start + _STAMP_BYTES] for path, start in pairs if path not in gone}


def remember(
    seen: Iterable[str],
    followed: Iterable[str],
    started_ns: int,
    *,
    is_backed_up: bool,
    earlier: Earlier,
) -> int | None:
    """Record a check that began at ``started_ns`` (since the epoch) and found nothing against a start; return the
    checksum.

    ``followed`` are paths of links that were followed. Paths that ``earlier`` found unchanged are not examined again. A
    path that changed during the check or just before counts as changed at the next one. Returns ``None`` if nothing is
    recorded: the backup that belongs to it was not made. A failed write only slows the next check, so nothing is
    raised. Not synced, since the record is valid for one boot only.
    """
    state = earlier.state
    led = map(os.path.realpath, filter(os.path.islink, dict.fromkeys(followed)))
    paths = _paths(dict.fromkeys((*seen, *led)), state)
    unchanged = earlier.unchanged()
    fresh = [path for path in paths if path not in unchanged]
    numbers = _settled(fresh, started_ns - _MARGIN_NS)
    try:
        if is_backed_up:
            # Doctor's own, and changed just now.
            kept = _backup(state, started_ns)
            paths, fresh = paths + kept, fresh + kept
            numbers += _numbers(kept)
        stamps = numbers.tobytes()
        unchanged.update(
            zip(fresh, (stamps[at : at + _STAMP_BYTES] for at in range(0, len(stamps), _STAMP_BYTES)), strict=True)
        )
        body = b"\0".join(paths)
        head = b" %d %d %s\n" % (started_ns // 10**9, len(body), _circumstances())
        data = b"".join((head, body, *(unchanged[path] for path in paths)))
        checksum = zlib.crc32(data)
        own.write(_path(state), (b"%d" % checksum, data))
    except (OSError, ValueError):
        return None
    return checksum


def _path(state: str) -> str:
    return os.path.join(state, _NAME)


def _circumstances() -> bytes:
    """Return the other conditions of the record: the boot, the interpreter, and the settings files."""
    with open(_BOOT, "rb") as stream:
        boot = stream.read().strip()
    return b"%s %s %s" % (boot, sys.implementation.cache_tag.encode(), os.fsencode(config_file()))


def _paths(seen: Iterable[str], state: str) -> list[bytes]:
    """Return the paths to compare: those that were read, in this order, the settings files, and doctor's own code."""
    # An upgrade replaces files, which changes their directories.
    code = {
        _holder(file)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "doctor" and (file := getattr(module, "__file__", None))
    }
    # Doctor's own directory changes with each file it keeps there; the backup is compared separately.
    here = state.rstrip("/")
    volatile = (*_VOLATILE, f"{here}/")
    wanted = dict.fromkeys((*sorted(code), config_file(), *seen))
    return os.fsencode("\0".join([path for path in wanted if path != here and not path.startswith(volatile)])).split(
        b"\0"
    )


def _holder(file: str) -> str:
    """Return the directory of a module, or the archive or one file that holds it."""
    place = os.path.dirname(file)
    return place if os.path.isdir(place) else next((one for one in _above(place) if os.path.isfile(one)), place)


def _above(place: str) -> Iterator[str]:
    while place != os.path.dirname(place):
        yield place
        place = os.path.dirname(place)


def _backup(state: str, started_ns: int) -> list[bytes]:
    """Return the newest backup and the directory of its contents. Raises ``ValueError`` if it was not confirmed
    since.
    """
    from doctor.state.metadata import BLOBS, CONFIRMED, DIRECTORY, is_generation  # noqa: PLC0415 - loaded long since

    top = os.path.join(state, DIRECTORY)
    if os.stat(os.path.join(top, CONFIRMED)).st_mtime_ns < started_ns - _MARGIN_NS:
        raise ValueError("not confirmed")
    newest = max(filter(is_generation, os.listdir(top)))
    return [os.fsencode(os.path.join(top, name)) for name in (newest, BLOBS)]


def _settled(paths: list[bytes], limit_ns: int) -> "array[int]":
    """Return the numbers of each path; for a path written, changed or possibly removed since, numbers that match
    nothing.
    """
    numbers = _numbers(paths)
    for index, (written, changed) in enumerate(zip(numbers[3::_STAMP], numbers[4::_STAMP], strict=True)):
        if written >= limit_ns or changed >= limit_ns or (not changed and _is_fresh(paths[index], limit_ns)):
            numbers[index * _STAMP : (index + 1) * _STAMP] = array("q", _NO_STAMP)
    return numbers


def _is_fresh(path: bytes, limit_ns: int) -> bool:
    """Whether names changed since in the directory where this path is missing: it may have been read and then
    removed.
    """
    while path := path.rpartition(b"/")[0]:
        try:
            return os.stat(path).st_mtime_ns >= limit_ns
        except OSError:
            continue
    return False


def _numbers(paths: list[bytes]) -> "array[int]":
    """Return the numbers of each path, zeros for a missing one."""
    found = array("q")
    look = os.lstat
    for path in paths:
        try:
            status = look(path)
        except (FileNotFoundError, NotADirectoryError):
            found.extend(_ABSENT)
            continue
        found.extend(
            (
                status.st_dev,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
                status.st_mode,
                status.st_uid << 32 | status.st_gid,
            )
        )
    return found
