"""Namespace kinds of the kernel, and the ids that may be mapped into user namespaces."""

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.cgroups import Cgroups
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

VITAL = ("mnt", "uts", "ipc", "pid", "net")
SUBUID = HostPath("/etc/subuid")
SUBGID = HostPath("/etc/subgid")
NEEDED_IDS = 65536


def needed(engine: EngineConfig, cgroups: Cgroups | Missing) -> list[str]:
    """Return the kinds that the engine's containers need: user if ids are mapped, cgroup with control groups v2."""
    kinds = [*VITAL]
    if engine.get("userns-remap"):
        kinds.append("user")
    if isinstance(cgroups, Cgroups) and cgroups.mode == "v2":
        kinds.append("cgroup")
    return kinds


class NamespaceKinds(Struct, frozen=True, kw_only=True):
    """The kinds under /proc/self/ns of the running kernel ("mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time")."""

    kinds: frozenset[str]


class SubordinateIds(Struct, frozen=True, kw_only=True):
    """One line of /etc/subuid or /etc/subgid: ``owner`` may map ``count`` ids starting at ``start``."""

    file: HostPath
    line: int
    owner: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """Return the first id after the range."""
        return self.start + self.count


class SubIds(Struct, frozen=True, kw_only=True):
    """Both files, and the users of the host.

    Attributes:
        ranges: valid lines of both files.
        users: name → uid of /etc/passwd.
        by_service: whether nsswitch.conf names another service (sssd): then the files are incomplete.
        gaps: what could not be read.
    """

    ranges: tuple[SubordinateIds, ...] = ()
    users: dict[str, int]
    by_service: bool = False
    gaps: tuple[Missing, ...] = ()

    def of(self, owner: str, file: HostPath) -> tuple[SubordinateIds, ...]:
        """Return the ranges of a user in one file, under its name or its number."""
        names = {owner, str(self.users.get(owner, owner))}
        return tuple(item for item in self.ranges if item.file == file and item.owner in names)

    def free_start(self, file: HostPath) -> int:
        """Return the first id, at least 100000, after all ranges of a file."""
        return max((item.end for item in self.ranges if item.file == file), default=100000)
