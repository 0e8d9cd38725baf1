"""The running kernel: which release of which vendor, how it was built, what else is installed."""

from msgspec import Struct

from doctor.formats.kernel.kernel_config import KernelConfig
from doctor.formats.version import KernelRelease, parse_kernel

FROZEN_VENDORS = ("rhel", "amazon", "suse", "oracle")
"""Vendors whose kernels keep one upstream number for years and take fixes and features into it."""


class Kernel(Struct, frozen=True, kw_only=True):
    """The kernel that runs now.

    Attributes:
        release: of ``uname -r``.
        vendor: "debian", "ubuntu", "rhel" (and its rebuilds), "amazon", "suse", "oracle", "fedora", or "" if nothing says
            that a distribution built it.
        package: version of its package ("6.1.76-1"), "" if unknown.
        upstream: stable release it is built from ((6, 1, 76)), () if the vendor doesn't tell.
        machine: "x86_64".
        boot_options: words of the command line.
        livepatches: names of live patches in force: then its number says less than what it is.
    """

    release: KernelRelease
    vendor: str = ""
    package: str = ""
    upstream: tuple[int, ...] = ()
    machine: str = ""
    boot_options: tuple[str, ...] = ()
    livepatches: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the release as ``uname -r`` prints it."""
        return self.release.text

    @property
    def described(self) -> str:
        """Return release and package, for messages."""
        return f"{self.name} ({self.vendor} {self.package})" if self.package else self.name

    @property
    def has_frozen_number(self) -> bool:
        """Whether the vendor takes fixes and features into one number, so that the number alone proves little."""
        return self.vendor in FROZEN_VENDORS

    @property
    def is_vanilla(self) -> bool:
        """Whether it is upstream's own: no vendor, and nothing behind the number that a packager would write."""
        return not self.vendor and not self.release.build and not self.release.flavour and not self.release.vendor

    def is_older_than(self, name: str) -> bool:
        """Whether a kernel of this release is newer, and of the same flavour and vendor, so that the two compare."""
        other = parse_kernel(name)
        if other is None or (other.flavour, other.vendor) != (self.release.flavour, self.release.vendor):
            return False
        return (other.numbers, other.build) > (self.release.numbers, self.release.build)

    def option(self, name: str) -> str | None:
        """Return the value of a boot option ("" for one without), the last one's; ``None`` if it isn't given."""
        found = None
        for word in self.boot_options:
            key, _, value = word.partition("=")
            if key == name:
                found = value
        return found


class BuildConfig(Struct, frozen=True, kw_only=True):
    """How the running kernel was built; only a file whose header names this release counts.

    Attributes:
        config: the options.
        source: the file.
    """

    config: KernelConfig
    source: str

    def value(self, option: str) -> str:
        """Return "y", "m", "n" or another value of an option without its CONFIG_."""
        return self.config.value(option)


class InstalledKernels(Struct, frozen=True, kw_only=True):
    """Kernels that are on the disk.

    Attributes:
        releases: directories of /lib/modules with a module list, as their names.
        reboot_required: text of /run/reboot-required.pkgs (names), or () if no package asks for a reboot.
        asks_reboot: whether /run/reboot-required is there.
    """

    releases: tuple[str, ...] = ()
    reboot_required: tuple[str, ...] = ()
    asks_reboot: bool = False
