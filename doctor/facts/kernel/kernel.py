"""The running kernel: release, vendor and build config; the installed kernels."""

from msgspec import Struct

from doctor.formats.kernel.kernel_config import KernelConfig
from doctor.formats.version import KernelRelease, parse_kernel

FROZEN_VENDORS = ("rhel", "amazon", "suse", "oracle")
"""Vendors whose kernels keep one upstream version for years and backport fixes and features."""


class Kernel(Struct, frozen=True, kw_only=True):
    """The kernel that runs now.

    Attributes:
        release: the release of ``uname -r``.
        vendor: "debian", "ubuntu", "rhel" (and its rebuilds), "amazon", "suse", "oracle", "fedora", or "" if no distribution
            is known to have built it.
        package: version of its package ("6.1.76-1"), "" if unknown.
        upstream: stable release that it is based on ((6, 1, 76)), () if unknown.
        boot_options: words of the command line.
        livepatches: names of active live patches: then its version number proves less.
    """

    release: KernelRelease
    vendor: str = ""
    package: str = ""
    upstream: tuple[int, ...] = ()
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
        """Whether the vendor backports fixes and features without a new version, so that the version proves little."""
        return self.vendor in FROZEN_VENDORS

    @property
    def is_vanilla(self) -> bool:
        """Whether it is an upstream kernel: no vendor, and no suffix of a packager after the version."""
        return not self.vendor and not self.release.build and not self.release.flavour and not self.release.vendor

    def is_older_than(self, name: str) -> bool:
        """Whether a kernel of that release is newer, and comparable: of the same flavour and vendor."""
        other = parse_kernel(name)
        if other is None or (other.flavour, other.vendor) != (self.release.flavour, self.release.vendor):
            return False
        return (other.numbers, other.build) > (self.release.numbers, self.release.build)

    def option(self, name: str) -> str | None:
        """Return the last value of a boot option ("" for one without a value); ``None`` if it is not given."""
        found = None
        for word in self.boot_options:
            key, _, value = word.partition("=")
            if key == name:
                found = value
        return found


class BuildConfig(Struct, frozen=True, kw_only=True):
    """The build config of the running kernel, from a file whose header names this release.

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
    """Kernels on disk.

    Attributes:
        releases: names of directories in /lib/modules with a module list.
        reboot_required: names in /run/reboot-required.pkgs, () if no package requests a reboot.
        asks_reboot: whether /run/reboot-required exists.
    """

    releases: tuple[str, ...] = ()
    reboot_required: tuple[str, ...] = ()
    asks_reboot: bool = False
