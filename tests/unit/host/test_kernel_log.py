"""The kernel's log is read within bounds, from the call or from the device, and a refusal says why."""

import ctypes
import errno
import os
import time
from pathlib import Path

import pytest

from doctor.host.machine import kernel_log
from doctor.model.missing import HostError, Why


def test_a_large_buffer_is_not_read() -> None:
    """Its size is asked first."""
    try:
        whole = kernel_log.read(1 << 40)
    except HostError as error:
        pytest.skip(error.missing.reason)
    assert len(whole.text) <= whole.size_bytes
    assert kernel_log.read(whole.size_bytes - 1).text == b""
    assert kernel_log.read(whole.size_bytes - 1).size_bytes == whole.size_bytes


@pytest.mark.parametrize("user", [0, 1000])
def test_a_refusal_of_root_is_a_container(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    """For others it is a missing privilege, which another command has."""

    class Library:
        def klogctl(self, *_: object) -> int:
            ctypes.set_errno(errno.EPERM)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(HostError) as caught:
        kernel_log.read(1 << 40)
    assert caught.value.missing.why is (Why.UNSUPPORTED if user == 0 else Why.DENIED)


@pytest.mark.parametrize("kind", ["fifo", "file", "missing", "zero"])
def test_another_node_in_place_of_the_device(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO does not block, and a device that never ends is not read."""
    place = tmp_path / "kmsg"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "file":
        place.write_text("6,1,1,-;text\n")
    monkeypatch.setattr(kernel_log, "_KMSG", "/dev/zero" if kind == "zero" else str(place))
    begin = time.monotonic()
    assert kernel_log._from_device() == b""
    assert time.monotonic() - begin < 1


def test_a_device_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is limited; the device's records have the same form as the call's lines."""
    try:
        lines = kernel_log._from_device().splitlines()
    except HostError as error:
        pytest.skip(error.missing.reason)
    if not lines:
        pytest.skip("/dev/kmsg can't be read here")
    assert all(line.startswith(b"<") for line in lines)
    monkeypatch.setattr(kernel_log, "_KMSG_DEVICE", (1, 5))
    monkeypatch.setattr(kernel_log, "_KMSG", "/dev/zero")
    begin = time.monotonic()
    assert kernel_log._from_device() == b""
    assert time.monotonic() - begin < 3 * kernel_log._PATIENCE_S
