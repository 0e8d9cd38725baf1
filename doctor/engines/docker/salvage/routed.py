"""A host with the devices of a pool at the engine's mount points: ``devicemapper/mnt/ID``."""

from collections.abc import Iterable, Iterator

from doctor.engines.docker.salvage.pool import Devices
from doctor.host.base import ApiAnswer, BasedHost, CommandResult, Host, Process, StatFs
from doctor.model.paths import HostPath, is_beneath
from doctor.model.view import Stat


class RoutedHost(BasedHost):
    """Another host, except for the paths below one directory.

    Args:
        base: the other host.
        top: the directory; each name in it is a device.
        devices: assembled and mounted at the first access.
    """

    def __init__(self, base: Host, top: HostPath, devices: Devices) -> None:
        self.base = base
        self.top = top
        self.devices = devices
        self.kind, self.name, self.root = base.kind, base.name, base.root
        self.last_read = ""

    def _route(self, path: HostPath) -> tuple[Host, HostPath]:
        if not is_beneath(path, self.top) or path == self.top:
            return self.base, path
        name, _, rest = path[len(self.top) + 1 :].partition("/")
        return self.devices.host(name), HostPath(f"/{rest}")

    def is_live(self) -> bool:
        """Return the other host's value."""
        return self.base.is_live()

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return a file's content."""
        host, place = self._route(path)
        return host.read(place, follow=follow, limit_bytes=limit_bytes)

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open a regular file."""
        host, place = self._route(path)
        return host.open_fd(place, follow=follow)

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return the status of a path."""
        host, place = self._route(path)
        return host.lstat(place, follow=follow)

    def exists(self, path: HostPath) -> bool:
        """Whether a path exists."""
        host, place = self._route(path)
        return host.exists(place)

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a link's target."""
        host, place = self._route(path)
        return host.readlink(place, follow=follow)

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield the entries of a directory."""
        host, place = self._route(path)
        return host.scandir(place, follow=follow)

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the names in a directory, sorted."""
        host, place = self._route(path)
        return host.listdir(place, follow=follow)

    def resolve(self, path: HostPath) -> HostPath:
        """Return a path of the other host with links followed."""
        return self.base.resolve(path)

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth time."""
        host, place = self._route(path)
        return host.birth(place)

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return extended attributes."""
        host, place = self._route(path)
        return host.xattrs(place)

    def flags(self, path: HostPath) -> int:
        """Return inode flags."""
        host, place = self._route(path)
        return host.flags(place)

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the immutable and append-only entries of a directory."""
        host, place = self._route(path)
        return host.held(place, names)

    def is_mount_point(self, path: HostPath) -> bool:
        """Return whether a path is a mount point."""
        host, place = self._route(path)
        return host.is_mount_point(place)

    def statfs(self, path: HostPath) -> StatFs:
        """Return the numbers of a file system."""
        host, place = self._route(path)
        return host.statfs(place)

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a command of the other host."""
        return self.base.run(argv, timeout_s=timeout_s, stdin=stdin)

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Ask the other host's engine."""
        return self.base.engine(path, timeout_s=timeout_s, socket=socket)

    def processes(self) -> tuple[Process, ...]:
        """Return the other host's processes."""
        return self.base.processes()
