"""The distribution, and its packages of engine, runtime and kernel."""

from msgspec import Struct

from doctor.formats.host.dpkg_status import Package
from doctor.formats.host.os_release import OsRelease


class System(Struct, frozen=True, kw_only=True):
    """The distribution that is installed."""

    os: OsRelease


class Packages(Struct, frozen=True, kw_only=True):
    """Packages around the engine that dpkg knows, installed or not.

    Attributes:
        items: one per name and architecture.
        changelogs: package name → CVEs that its changelog lists as fixed; absent if it could not be read.
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
    """Whether Docker built the package: its version ends in the distribution's name ("5:26.1.4-1~debian.12~bookworm").

    Docker's packages follow upstream; a distribution's own have backports.
    """
    return "~debian." in package.version or "~ubuntu." in package.version or "~raspbian." in package.version
