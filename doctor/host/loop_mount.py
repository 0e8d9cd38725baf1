"""Mounts file system images in a private mount namespace: the host never sees such a mount, and the kernel unmounts it
when the process ends.
"""

import ctypes
import os

from doctor.host import commands
from doctor.model.missing import HostError, Missing, Why

_CLONE_NEWNS = 0x00020000
_MS_SLAVE_REC = 0x80000 | 0x4000
_DETACH = 2
_MOUNT_S = 120.0
_SAFE = "loop,nodev,nosuid,noexec,noatime"
_TRIES = {
    "ext4": ("rw,errors=remount-ro", "ro,noload"),
    "xfs": ("rw,nouuid", "ro,nouuid,norecovery"),
}
"""First as an engine would mount it, so that its journal is replayed into the copy; the fallback is a mount without
replay.
"""

_EXT_MAGIC = (1080, b"\x53\xef")
_XFS_MAGIC = (0, b"XFSB")


def kind_of(path: str) -> str:
    """Return the file system in a file, ``ext4`` (also ext2 and ext3) or ``xfs``; "" for any other."""
    with open(path, "rb") as stream:
        head = stream.read(2048)
    for kind, (offset, magic) in (("ext4", _EXT_MAGIC), ("xfs", _XFS_MAGIC)):
        if head[offset : offset + len(magic)] == magic:
            return kind
    return ""


class LoopMounts:
    """The mounts of one process. The first one moves the process into its own mount namespace."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._is_apart = False

    def mount(self, image: str, directory: str) -> bool:
        """Mount a file that may be written to; return whether its journal was replayed. Raises ``HostError``."""
        kind = kind_of(image)
        if not kind:
            raise HostError(Missing(Why.UNREADABLE, "it holds neither an ext4 nor an xfs file system"))
        self._go_apart()
        for number, options in enumerate(_TRIES[kind]):
            # Without -n it would leave a line in the host's /run/mount/utab.
            argv = ("mount", "-n", "-t", kind, "-o", f"{_SAFE},{options}", image, directory)
            result = commands.run(argv, timeout_s=_MOUNT_S)
            if not result.exit:
                return not number
        text = result.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {result.exit}"]
        raise HostError(Missing(Why.UNREADABLE, f"can't mount it: {text[0]}"))

    def unmount(self, directory: str) -> None:
        """Unmount lazily: files that are still open stay usable until they are closed."""
        self._libc.umount2(os.fsencode(directory), _DETACH)

    def _go_apart(self) -> None:
        if self._is_apart:
            return
        self._call(self._libc.unshare(_CLONE_NEWNS))
        # New mounts of the host still appear here; mounts made here do not appear on the host.
        self._call(self._libc.mount(None, b"/", None, _MS_SLAVE_REC, None))
        self._is_apart = True

    @staticmethod
    def _call(result: int) -> None:
        if result:
            code = ctypes.get_errno()
            raise HostError(Missing(Why.DENIED, f"can't make a mount namespace: {os.strerror(code).lower()}"))
