"""Control groups: mounted versions and their controllers."""

from msgspec import Struct

V2_NEEDED = ("memory", "pids", "cpu", "cpuset", "io")
V1_NEEDED = ("memory", "pids", "cpu", "cpuset", "devices", "freezer", "cpuacct")
VITAL = frozenset({"memory", "pids", "cpu", "devices"})
"""Controllers that enforce the limits of containers; without devices (v1) no container starts."""


class Controller(Struct, frozen=True, kw_only=True):
    """A line of /proc/cgroups: hierarchy 0 is v2 or none; ``enabled`` is false after cgroup_disable= at boot.

    ``groups`` is the number of its control groups, with removed ones that the kernel still keeps.
    """

    name: str
    hierarchy: int
    enabled: bool
    groups: int = 0


class Cgroups(Struct, frozen=True, kw_only=True):
    """The hierarchies of the host.

    Attributes:
        v1: controller → mount point of its v1 hierarchy; "name=systemd" for a named one.
        v2: mount point of the v2 hierarchy, "" for none.
        v2_controllers: controllers of its root (cgroup.controllers).
        kernel: the kernel's controllers by name; {} if /proc/cgroups does not exist (a kernel without v1).
        v2_groups: number of control groups in v2, with removed ones; ``v2_dying`` of those that are removed.
    """

    v1: dict[str, str] = {}
    v2: str = ""
    v2_controllers: tuple[str, ...] = ()
    kernel: dict[str, Controller] = {}
    v2_groups: int = 0
    v2_dying: int = 0

    @property
    def memory_groups(self) -> int:
        """Return the number of memory control groups; on v2 that of all groups, which is not less."""
        known = self.kernel.get("memory")
        return self.v2_groups if self.mode == "v2" else known.groups if known is not None else 0

    @property
    def mode(self) -> str:
        """``v2``, ``v1``, ``hybrid`` (v1 and v2 together, which the engine treats as v1) or ``none``.

        The engine decides as containerd/cgroups does (Mode): a v2 file system at /sys/fs/cgroup itself is v2.
        """
        controllers = {name for name in self.v1 if not name.startswith("name=")}
        if self.v2 == "/sys/fs/cgroup" or (self.v2 and not controllers):
            return "v2"
        if controllers:
            return "hybrid" if self.v2 else "v1"
        return "none"

    def has(self, controller: str) -> bool:
        """Whether this controller can limit containers now."""
        return controller in (self.v2_controllers if self.mode == "v2" else self.v1)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the controllers that an engine uses and this host does not have."""
        needed = V2_NEEDED if self.mode == "v2" else V1_NEEDED
        return tuple(name for name in needed if not self.has(name))
