"""Known container escape vulnerabilities, and whether this host has them.

The table is data (``data/vulnerabilities.json``) with the day of its last comparison with its sources.
"""

from msgspec import Struct

from doctor.facts.kernel.kernel import Kernel
from doctor.formats.version import Version, parse


class KernelHole(Struct, frozen=True, kw_only=True):
    """One vulnerability of the kernel.

    Attributes:
        title: its common name ("Dirty Pipe"), or the part of the kernel.
        what: the effect, in a few words.
        introduced: first affected upstream release, () for all.
        fixed: first fixed upstream release (X, Y).
        branches: first fixed release of each stable series; a series older than ``fixed`` that is not listed is affected.
        needs: preconditions on the host: ``userns``, ``bpf``, ``net-raw`` (a default of containers), ``cgroup1``.
        exploited: whether it is exploited in the wild.
        option: CONFIG_ option that the vulnerable code needs, "" for none.
        module: module that the vulnerable code needs, "" for none.
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
        """Return what the version number proves: ``fixed``, ``affected``, or ``unknown`` if it proves nothing.

        Vendors that keep a version number backport fixes and new code: only a number after the fix proves anything.
        """
        numbers = kernel.upstream or kernel.release.numbers[:3]
        if numbers[:2] >= self.fixed:
            return "fixed"
        if kernel.has_frozen_number or kernel.livepatches or (kernel.vendor and not kernel.upstream):
            return "unknown"
        for branch in self.branches:
            # A series with a fix was affected, even if it is older than the mainline release that introduced the bug.
            if branch[:2] == numbers[:2]:
                return "fixed" if numbers >= branch else "affected"
        return "fixed" if self.introduced and numbers < self.introduced else "affected"

    @property
    def fixed_in(self) -> str:
        """Return the fixed releases, oldest first, for display."""
        releases = [*self.branches, self.fixed]
        return ", ".join(".".join(map(str, release)) for release in releases)


class ComponentHole(Struct, frozen=True, kw_only=True):
    """One vulnerability of the engine, containerd or runc.

    Attributes:
        component: ``engine``, ``containerd`` or ``runc``.
        introduced: first affected release, ``None`` for all.
        branches: first fixed release of each series; newer series are fixed.
        needs: features that must be in use: ``authz``, ``swarm``, ``userns-remap``, ``firewalld``, ``internal-network``, ``cri``,
            ``docker-cp``.
        severity: severity of the finding, as a word.
    """

    id: str
    component: str
    what: str
    introduced: Version | None = None
    branches: tuple[Version, ...] = ()
    needs: tuple[str, ...] = ()
    severity: str = "error"

    def has(self, version: Version) -> bool:
        """Whether the upstream release of this version is affected."""
        if self.introduced is not None and version < self.introduced:
            return False
        branch = version.numbers[:2]
        for fixed in self.branches:
            if fixed.numbers[:2] == branch:
                return version < fixed
        return branch < max(fixed.numbers[:2] for fixed in self.branches)

    @property
    def fixed_in(self) -> str:
        """Return the fixed releases, for display."""
        return ", ".join(
            ".".join(map(str, fixed.numbers)) + (f"-{fixed.pre}" if fixed.pre else "") for fixed in self.branches
        )


class Vulnerabilities(Struct, frozen=True, kw_only=True):
    """The table.

    Attributes:
        checked: day of the last comparison with its sources ("2026-08-31").
    """

    checked: str
    kernel: tuple[KernelHole, ...]
    components: tuple[ComponentHole, ...]


class KernelExposure(Struct, frozen=True, kw_only=True):
    """The kernel's vulnerabilities on this host.

    Attributes:
        affected: the version is affected, and no vendor has changed the kernel.
        likely: the version is affected, and the package's complete changelog does not name the fix.
        unknown: the version is affected, and a vendor may have backported the fix.
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
        text: its version, from itself or its package.
        source: the source of the version.
        package: package of a distribution that may have backported fixes; "" if the upstream version is decisive.
        named_fixes: CVEs that the package's changelog names.
    """

    name: str
    text: str
    source: str
    package: str = ""
    named_fixes: frozenset[str] = frozenset()

    @property
    def version(self) -> Version | None:
        """Return the upstream version."""
        return parse(self.text)


class Components(Struct, frozen=True, kw_only=True):
    """The known components of this host."""

    items: tuple[Component, ...] = ()

    def get(self, name: str) -> Component | None:
        """Return the component of this name."""
        return next((component for component in self.items if component.name == name), None)


class Exposed(Struct, frozen=True, kw_only=True):
    """A component with vulnerabilities that its version does not rule out."""

    component: Component
    holes: tuple[ComponentHole, ...]


class ComponentExposure(Struct, frozen=True, kw_only=True):
    """The components' vulnerabilities on this host, without those of features that it does not use.

    Attributes:
        affected: the upstream version is decisive, and affected.
        unknown: the version is affected, and the distribution may have backported the fix: the changelog of its package does
            not name it, or is missing.
        checked: day of the table.
    """

    affected: tuple[Exposed, ...] = ()
    unknown: tuple[Exposed, ...] = ()
    checked: str = ""
