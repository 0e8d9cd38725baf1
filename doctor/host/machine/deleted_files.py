"""Finds deleted files that processes of the running machine have open."""

import os
import stat
import threading
import time
from collections.abc import Iterator

from doctor.host.base import DeletedFile
from doctor.host.files import magic_of

_BUDGET_S = 0.5
_LEAST_BYTES = 1 << 20
_MOST = 20
_MARK = " (deleted)"
_OVERLAY = 0x794C7630


def find() -> tuple[DeletedFile, ...]:
    """Return the largest ones; a file that several processes have open is counted once, at the lowest pid.

    A file on a mount that does not answer ends the search: what was found before counts.
    """
    found: dict[tuple[int, int], DeletedFile] = {}
    searching = threading.Thread(target=_search, args=(found, time.monotonic() + _BUDGET_S), daemon=True)
    searching.start()
    searching.join(_BUDGET_S)
    # sorted() copies first, in one step: the search may still run.
    return tuple(sorted(found.values(), key=lambda file: -file.size_bytes)[:_MOST])


def _search(found: dict[tuple[int, int], DeletedFile], deadline: float) -> None:
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        if time.monotonic() > deadline:
            return
        for key, file in _of(pid):
            found.setdefault(key, file)


def _of(pid: int) -> Iterator[tuple[tuple[int, int], DeletedFile]]:
    top = f"/proc/{pid}/fd"
    try:
        names = os.listdir(top)
    except OSError:
        return
    for name in names:
        try:
            path = os.readlink(f"{top}/{name}")
            if not path.endswith(_MARK) or not path.startswith("/"):
                continue
            # Only stat: a deleted FIFO or device would block or do something when opened.
            status = os.stat(f"{top}/{name}")
        except OSError:
            continue
        size = status.st_blocks * 512
        if stat.S_ISREG(status.st_mode) and not status.st_nlink and size >= _LEAST_BYTES:
            yield (
                (status.st_dev, status.st_ino),
                DeletedFile(
                    pid=pid,
                    comm=_comm(pid),
                    descriptor=int(name),
                    path=path.removesuffix(_MARK),
                    size_bytes=size,
                    device=status.st_dev,
                    is_of_overlay=not os.major(status.st_dev) and _is_overlay(pid),
                ),
            )


def _is_overlay(pid: int) -> bool:
    return magic_of(f"/proc/{pid}/root/.") == _OVERLAY


def _comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read().rstrip("\n")
    except OSError:
        return ""
