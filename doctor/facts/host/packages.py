"""The distribution, and its packages of the engine, the runtime and the kernel."""

from msgspec import Struct

from doctor.formats.host.dpkg_status import Package
from doctor.formats.host.os_release import OsRelease


class System(Struct, frozen=True, kw_only=True):
    """The distribution that is installed."""

    os: OsRelease


class Packages(Struct, frozen=True, kw_only=True):
    """Packages of the engine's world that dpkg knows, installed or not.

    Attributes:
        items: one a name and architecture.
        changelogs: package name → CVEs that its changelog says are fixed; absent where it could not be read.
    """

    items: tuple[Package, ...] = ()
    changelogs: dict[str, frozenset[str]]

    def get(self, name: str) -> Package | None:
        """Return the installed package of this name, or ``None``."""
        return next((package for package in self.items if package.name == name and package.is_installed), None)

    def first(self, *names: str) -> Package | None:
        """Return the first of these that is installed."""
        return next((found for name in names if (found := self.get(name)) is not None), None)


def is_of_docker(package: Package) -> bool:
    """Whether Docker built the package: its versions end in the distribution's name ("5:26.1.4-1~debian.12~bookworm").

    Those follow upstream; a distribution's own carry backports.
    """
    return "~debian." in package.version or "~ubuntu." in package.version or "~raspbian." in package.version
