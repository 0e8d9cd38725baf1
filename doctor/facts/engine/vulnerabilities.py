"""Known holes by which a container gets out, and whether this host has them.

The table is data (``data/vulnerabilities.json``) with the day on which it was last compared with its sources.
"""

from msgspec import Struct

from doctor.facts.kernel.kernel import Kernel
from doctor.formats.version import Version, parse


class KernelHole(Struct, frozen=True, kw_only=True):
    """One vulnerability of the kernel.

    Attributes:
        title: what people call it ("Dirty Pipe"), or the part of the kernel.
        what: what an attacker gets, in a few words.
        introduced: first upstream release that has it, () for all.
        fixed: first upstream release (X, Y) without it.
        branches: first fixed release of each stable series; a series that is not here and older than ``fixed`` has it.
        needs: what an attacker needs of the host: ``userns``, ``bpf``, ``net-raw`` (a default of containers), ``cgroup1``.
        exploited: whether it is used in the wild.
        option: CONFIG_ name without which it is not there, "" for always.
        module: module that must be loadable, "" for none.
    """

    id: str
    title: str
    what: str
    introduced: tuple[int, ...] = ()
    fixed: tuple[int, ...] = ()
    branches: tuple[tuple[int, ...], ...] = ()
    needs: tuple[str, ...] = ()
    exploited: bool = False
    option: str = ""
    module: str = ""

    def by_number(self, kernel: Kernel) -> str:
        """Return what the version number proves: ``fixed``, ``affected``, or ``unknown`` where it proves nothing.

        A vendor that keeps one number takes fixes and new code into it: only a number from after the fix proves anything.
        """
        numbers = kernel.upstream or kernel.release.numbers[:3]
        if numbers[:2] >= self.fixed:
            return "fixed"
        if kernel.has_frozen_number or kernel.livepatches or (kernel.vendor and not kernel.upstream):
            return "unknown"
        for branch in self.branches:
            # A series with a fix had the hole, also one that is older than the mainline release that brought it.
            if branch[:2] == numbers[:2]:
                return "fixed" if numbers >= branch else "affected"
        return "fixed" if self.introduced and numbers < self.introduced else "affected"

    @property
    def fixed_in(self) -> str:
        """Return the fixed releases, oldest first, for a reader."""
        releases = [*self.branches, self.fixed]
        return ", ".join(".".join(map(str, release)) for release in releases)


class ComponentHole(Struct, frozen=True, kw_only=True):
    """One vulnerability of the engine, containerd or runc.

    Attributes:
        component: ``engine``, ``containerd`` or ``runc``.
        introduced: first release that has it, ``None`` for all.
        branches: first fixed release of each series; a series newer than the newest of these is fixed.
        needs: what must be in use: ``authz``, ``swarm``, ``userns-remap``, ``firewalld``, ``internal-network``, ``cri``,
            ``docker-cp``.
        severity: of the finding, as a word.
    """

    id: str
    component: str
    what: str
    introduced: Version | None = None
    branches: tuple[Version, ...] = ()
    needs: tuple[str, ...] = ()
    severity: str = "error"

    def has(self, version: Version) -> bool:
        """Whether upstream's release of this number has it."""
        if self.introduced is not None and version < self.introduced:
            return False
        branch = version.numbers[:2]
        for fixed in self.branches:
            if fixed.numbers[:2] == branch:
                return version < fixed
        return branch < max(fixed.numbers[:2] for fixed in self.branches)

    @property
    def fixed_in(self) -> str:
        """Return the fixed releases for a reader."""
        return ", ".join(
            ".".join(map(str, fixed.numbers)) + (f"-{fixed.pre}" if fixed.pre else "") for fixed in self.branches
        )


class Vulnerabilities(Struct, frozen=True, kw_only=True):
    """The table.

    Attributes:
        checked: day on which it was last compared with its sources ("2026-08-31").
    """

    checked: str
    kernel: tuple[KernelHole, ...]
    components: tuple[ComponentHole, ...]


class KernelExposure(Struct, frozen=True, kw_only=True):
    """The kernel's holes on this host.

    Attributes:
        affected: upstream's own number, in a kernel that no vendor changed.
        likely: the number is affected, and the package's complete changelog does not name the fix.
        unknown: the number is affected, and a vendor may have taken the fix in.
        checked: day of the table.
    """

    affected: tuple[KernelHole, ...] = ()
    likely: tuple[KernelHole, ...] = ()
    unknown: tuple[KernelHole, ...] = ()
    checked: str = ""


class Component(Struct, frozen=True, kw_only=True):
    """The engine, containerd or runc of this host.

    Attributes:
        name: ``engine``, ``containerd`` or ``runc``.
        text: its version as it or its package says.
        source: where that was read.
        package: of a distribution that may have taken fixes in; "" if upstream's number counts.
        named_fixes: CVEs that the package's changelog names.
    """

    name: str
    text: str
    source: str
    package: str = ""
    named_fixes: frozenset[str] = frozenset()

    @property
    def version(self) -> Version | None:
        """Return the upstream version in it."""
        return parse(self.text)


class Components(Struct, frozen=True, kw_only=True):
    """Those that are known on this host."""

    items: tuple[Component, ...] = ()

    def get(self, name: str) -> Component | None:
        """Return the component of this name."""
        return next((component for component in self.items if component.name == name), None)
