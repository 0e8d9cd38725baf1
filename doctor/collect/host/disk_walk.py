"""Counts bytes and files below a directory, for a limited time."""

import time

from msgspec import Struct

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join


class Counted(Struct, frozen=True):
    """Bytes and number of the files below a directory, and whether all were counted."""

    size_bytes: int = 0
    files: int = 0
    is_whole: bool = True


def count(host: Host, top: HostPath, deadline: float) -> Counted:
    """Count all files below ``top`` on its file system, until ``deadline`` of the monotonic clock; no link is followed."""
    total, number, left, is_whole = 0, 0, [top], True
    device: int | None = None
    while left:
        if time.monotonic() > deadline:
            return Counted(total, number, is_whole=False)
        here = left.pop()
        try:
            found = host.lstat(here, follow=False)
            device = found.device if device is None else device
            if found.device != device:
                continue
            number += 1
            if found.kind == "f":
                # Of several names of a file each counts its part.
                total += found.size // max(found.nlink, 1)
            elif found.kind == "d":
                left.extend(join(here, name) for name, _ in host.scandir(here, follow=False))
        except HostError:
            is_whole = False
    return Counted(total, number, is_whole)
