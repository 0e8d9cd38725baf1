"""Remembers that nothing stood against a start, and all that this was concluded from, so that the same need not be read again.

An engine that fails is started again and again, each time over the same data root. What was looked at is kept as paths with
what the kernel tells of each: where device, inode, size, both times, type, mode and owner of every one are the same, so is the
conclusion. Nobody can set the time of the last change of an inode (ctime, inode(7)), and a directory's changes with its names.

Little is imported here: this comes before everything else of the guard.
"""

import os
import sys
import time
import zlib
from array import array
from collections.abc import Iterable

from doctor.guard import own
from doctor.state.paths import config_file, state_dir

_NAME = "guard.seen"
DAY_S = 86400
_MANY = 5000
_MARGIN_NS = 100_000_000
"""Times of inodes come from a coarse clock, at most 10 ms behind (CONFIG_HZ=100)."""
_TOLD = 7
"""Numbers for each path."""
_TOLD_BYTES = _TOLD * array("q").itemsize
_ABSENT = (0,) * _TOLD
_UNTOLD = (-1,) * _TOLD
"""No path has these: one that is kept with them counts as changed."""
_VOLATILE = ("/proc/", "/sys/", "/dev/", "/run/", "/var/run/")
"""Made anew by the kernel or at each boot. It tells whether an engine runs: one that runs makes no start more dangerous."""
_BOOT = "/proc/sys/kernel/random/boot_id"


class Earlier:
    """An earlier look, compared with what is now.

    Attributes:
        is_settled: whether it is of this boot and day, found nothing against a start, and all that it saw is as it was.
        checksum: of what was kept of it.
        changed: what it saw and is not as it was.
    """

    def __init__(self, directory: str | None = None) -> None:
        self.state = state_dir() if directory is None else directory
        self.is_settled = False
        self.checksum = -1
        self.changed: list[str] = []
        self._paths: list[bytes] = []
        self._told = b""
        # After a power cut a file may have lost its content and kept its times: nothing is believed over a boot.
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
        paths, told = rest[: int(size)].split(b"\0"), rest[int(size) :]
        now = _numbers(paths).tobytes()
        if len(now) != len(told):
            return
        self.is_settled = now == told
        self.checksum, self._paths, self._told = int(checksum), paths, told
        if not self.is_settled:
            places = enumerate(range(0, len(told), _TOLD_BYTES))
            self.changed = [
                os.fsdecode(paths[index])
                for index, start in places
                if now[start : start + _TOLD_BYTES] != told[start : start + _TOLD_BYTES]
            ]

    @property
    def is_large(self) -> bool:
        """Whether it saw more than an ordinary root holds."""
        return len(self._paths) > _MANY

    def unchanged(self) -> dict[bytes, bytes]:
        """Return the paths that are as they were when this was made, with the numbers that tell them."""
        gone = {os.fsencode(path) for path in self.changed}
        starts = range(0, len(self._told), _TOLD_BYTES)
        pairs = zip(self._paths, starts, strict=True)
        return {path: self._told[start : start + _TOLD_BYTES] for path, start in pairs if path not in gone}


def remember(
    seen: Iterable[str],
    followed: Iterable[str],
    started_ns: int,
    *,
    is_backed_up: bool,
    earlier: Earlier,
) -> int | None:
    """Keep what a look that began at ``started_ns`` (since the epoch) saw and found nothing against; return its checksum.

    Of ``followed`` the targets of links were looked at; what ``earlier`` found unchanged before the look is not asked for
    again. What changed meanwhile or just before counts as changed at the next look. ``None`` where nothing is kept: the backup
    that belongs to it was not taken. Failing to write costs only the next look: nothing is raised. Not synced either, as it does
    not outlive the boot.
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
        told = numbers.tobytes()
        unchanged.update(
            zip(fresh, (told[at : at + _TOLD_BYTES] for at in range(0, len(told), _TOLD_BYTES)), strict=True)
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
    """Return what else must be the same: the boot, the interpreter, and which settings are read."""
    with open(_BOOT, "rb") as stream:
        boot = stream.read().strip()
    return b"%s %s %s" % (boot, sys.implementation.cache_tag.encode(), os.fsencode(config_file()))


def _paths(seen: Iterable[str], state: str) -> list[bytes]:
    """Return what to compare: all that was seen, in this order, the settings, and doctor's own code."""
    # An upgrade replaces files, which changes their directories.
    code = {
        os.path.dirname(file)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "doctor" and (file := getattr(module, "__file__", None))
    }
    # Doctor's own directory changes by what it keeps there; the backup is compared by itself.
    here = state.rstrip("/")
    volatile = (*_VOLATILE, f"{here}/")
    wanted = dict.fromkeys((*sorted(code), config_file(), *seen))
    return os.fsencode("\0".join([path for path in wanted if path != here and not path.startswith(volatile)])).split(
        b"\0"
    )


def _backup(state: str, started_ns: int) -> list[bytes]:
    """Return the newest backup and the directory of its contents; raises ``ValueError`` where it was not confirmed since."""
    from doctor.state.metadata import BLOBS, CONFIRMED, DIRECTORY, is_generation  # noqa: PLC0415 - loaded long since

    top = os.path.join(state, DIRECTORY)
    if os.stat(os.path.join(top, CONFIRMED)).st_mtime_ns < started_ns - _MARGIN_NS:
        raise ValueError("not confirmed")
    newest = max(filter(is_generation, os.listdir(top)))
    return [os.fsencode(os.path.join(top, name)) for name in (newest, BLOBS)]


def _settled(paths: list[bytes], limit_ns: int) -> "array[int]":
    """Return what tells each path; of one that was written or changed since, or may have gone since, what tells nothing."""
    numbers = _numbers(paths)
    for index, (written, changed) in enumerate(zip(numbers[3::_TOLD], numbers[4::_TOLD], strict=True)):
        if written >= limit_ns or changed >= limit_ns or (not changed and _is_fresh(paths[index], limit_ns)):
            numbers[index * _TOLD : (index + 1) * _TOLD] = array("q", _UNTOLD)
    return numbers


def _is_fresh(path: bytes, limit_ns: int) -> bool:
    """Whether names changed since, in the directory where this one is missing: it may have been read, and be gone."""
    while path := path.rpartition(b"/")[0]:
        try:
            return os.stat(path).st_mtime_ns >= limit_ns
        except OSError:
            continue
    return False


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
