"""The host of a bundle: it answers with the time at which it was taken, and nothing else. No question reaches this machine."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NoReturn

from doctor.bundle.form import BundleList
from doctor.host.base import ApiAnswer, CommandResult, DeletedFile, KernelRing, Process, StatFs
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.view import Stat

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion


def _no(*what: object) -> NoReturn:
    raise HostError(Missing(Why.UNSUPPORTED, f"a bundle holds facts only: {' '.join(map(str, what))}"))


class BundleHost:
    """A host of which only facts are known."""

    kind = "bundle"

    def __init__(self, listed: BundleList, where: str = "") -> None:
        self.name = listed.host.name
        self.root = where or self.kind
        self.last_read = ""
        self._taken = listed.taken

    def is_live(self) -> bool:
        """No: whatever ran there, nothing of it can be asked."""
        return False

    def now(self) -> float:
        """Return when it was taken."""
        return self._taken

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Refuse."""
        _no(path)

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Refuse."""
        _no(path)

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Refuse."""
        _no(path)

    def exists(self, path: HostPath) -> bool:
        """Refuse."""
        _no(path)

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Refuse."""
        _no(path)

    def resolve(self, path: HostPath) -> HostPath:
        """Refuse."""
        _no(path)

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Refuse."""
        _no(path)

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Refuse."""
        _no(path)

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Refuse."""
        _no(path)

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Refuse."""
        _no(path)

    def flags(self, path: HostPath) -> int:
        """Refuse."""
        _no(path)

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Refuse."""
        _no(path)

    def is_mount_point(self, path: HostPath) -> bool:
        """Refuse."""
        _no(path)

    def statfs(self, path: HostPath) -> StatFs:
        """Refuse."""
        _no(path)

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Refuse."""
        _no(*argv)

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Refuse."""
        _no("GET", path)

    def processes(self) -> tuple[Process, ...]:
        """Refuse."""
        _no("processes")

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """Refuse."""
        _no("the kernel's log")

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """Refuse."""
        _no("deleted files")

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Refuse."""
        _no("network namespaces")

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Refuse."""
        _no("network settings")

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Refuse."""
        _no("routes")

    def environ(self, pid: int) -> dict[str, str]:
        """Refuse."""
        _no("the environment of process", pid)
