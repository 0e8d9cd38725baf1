"""The machine, seen from a container that has its root directory mounted read-only and has changed its root to it."""

from msgspec.structs import replace

from doctor.formats.host.mountinfo import covering, parse
from doctor.host.base import StatFs
from doctor.host.live import LiveHost
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_OWN = "/proc/self/mountinfo"
_FIRST = HostPath("/proc/1/mountinfo")


class ContainedHost(LiveHost):
    """A live host whose mounts are those of its first process, not those of this container, where all are read-only."""

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the content of a file; see ``RootedFiles.read``."""
        return super().read(_FIRST if path == _OWN else path, follow=follow, limit_bytes=limit_bytes)

    def statfs(self, path: HostPath) -> StatFs:
        """Return the status of a file system, read-only only if the host has it so."""
        found = super().statfs(path)
        if not found.read_only:
            return found
        try:
            mounts = parse(self.read(_FIRST).decode("utf-8", "surrogateescape"))
            mount = covering(mounts, self.resolve(path))
        except (HostError, FormatError):
            return found
        return found if mount is None else replace(found, read_only=mount.is_read_only)
