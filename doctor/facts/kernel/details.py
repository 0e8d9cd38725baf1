"""Details of findings about the kernel: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class KubeletDriver(Struct, frozen=True, kw_only=True):
    """The cgroup driver of the kubelet, and the settings file of containerd if that has another one, "" if it is the engine."""

    wanted: str
    containerd: str = ""


class Forbidden(Struct, frozen=True, kw_only=True):
    """The line that forbids a module. ``file`` is "" if modules_disabled forbids it.

    ``named`` is the module in the line: this one, or one that it needs.
    """

    module: str
    named: str
    file: HostPath
    line: int
    kind: str


class TooOld(Struct, frozen=True, kw_only=True):
    """The program that needs a newer release."""

    component: str
    needed: str


class OpenHole(Struct, frozen=True, kw_only=True):
    """The CVE and the releases with the fix."""

    id: str
    fixed_in: str


class LimitZero(Struct, frozen=True, kw_only=True):
    """The key, and the kernel's own default for it on this machine."""

    key: str
    wanted: int


class NoIds(Struct, frozen=True, kw_only=True):
    """The file, the user, and the first free id."""

    file: HostPath
    user: str
    start: int


class MemoryKill(Struct, frozen=True, kw_only=True):
    """The container whose limit was reached ("" for a unit or the host), and the limit in bytes (0: unknown)."""

    container: str = ""
    limit_bytes: int = 0


class Thresholds(Struct, frozen=True, kw_only=True):
    """(key, new value) of each limit of a table; empty if this host does not have them."""

    settings: tuple[tuple[str, int], ...]


class HungProcess(Struct, frozen=True, kw_only=True):
    """The process that waits, by its number."""

    pid: str
