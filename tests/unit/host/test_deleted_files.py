"""Deleted files that processes have open: a file whose mount does not answer costs a time limit, not the scan."""

import threading
import time
from collections.abc import Iterator

import pytest

from doctor.host.base import DeletedFile
from doctor.host.machine import deleted_files


def test_a_file_on_a_silent_mount_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status can't be read, and the call can't be interrupted; what was found before counts."""
    silent = threading.Event()
    seen = DeletedFile(pid=1, comm="app", descriptor=3, path="/log", size_bytes=1 << 30, device=1, is_of_overlay=False)

    def of(pid: int) -> Iterator[tuple[tuple[int, int], DeletedFile]]:
        if pid == 1:
            yield (1, 1), seen
        else:
            silent.wait(30)

    monkeypatch.setattr(deleted_files, "_of", of)
    started = time.monotonic()
    try:
        assert deleted_files.find() == (seen,)
        assert time.monotonic() - started < 5
    finally:
        silent.set()
