"""Reads the running kernel and its build config."""

import re

from doctor.facts.host.packages import System
from doctor.facts.kernel.kernel import BuildConfig, InstalledKernels, Kernel
from doctor.facts.secrets.redact import as_json
from doctor.formats.kernel import kernel_config
from doctor.formats.text import decode
from doctor.formats.version import KernelRelease, parse_kernel
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

# Of the build, which "#1 SMP" begins: before it stands the compiler, often "(Debian 14.2.0-19)" too.
_DEBIAN = re.compile(r"#\d.*?\bDebian (\d\S*)")
_UBUNTU = re.compile(r"^Ubuntu (\S+?)-[a-z]\S* (\d+\.\d+\.\d+)")


@collector
def kernel(host: Host, system: System | Missing) -> Kernel:
    """Return the running kernel; missing on a mounted root without a recorded /proc."""
    text = decode(host.read(HostPath("/proc/sys/kernel/osrelease"))).strip()
    release = parse_kernel(text)
    if release is None:
        raise HostError(
            Missing(Why.UNREADABLE, f"/proc/sys/kernel/osrelease: not a kernel release: {as_json(text[:40])}")
        )
    vendor, package, upstream = _vendor(host, release, system)
    return Kernel(
        release=release,
        vendor=vendor,
        package=package,
        upstream=upstream,
        boot_options=tuple(_text(host, "/proc/cmdline").split()),
        livepatches=_livepatches(host),
    )


def _vendor(host: Host, release: KernelRelease, system: System | Missing) -> tuple[str, str, tuple[int, ...]]:
    """Return vendor, package version, and the upstream stable release that it is based on."""
    if found := _UBUNTU.match(_text(host, "/proc/version_signature")):
        return "ubuntu", found[1], tuple(map(int, found[2].split(".")))
    if found := _DEBIAN.search(_text(host, "/proc/version")):
        upstream = re.match(r"(\d+)\.(\d+)\.(\d+)", found[1])
        return "debian", found[1], tuple(map(int, upstream.groups())) if upstream else ()
    tag = release.vendor
    if tag.startswith(("el", "rocky", "alma")):
        return "rhel", "", ()
    if tag.startswith("amzn"):
        return "amazon", "", ()
    if tag.startswith("uek"):
        return "oracle", "", ()
    if tag.startswith("fc"):
        return "fedora", "", release.numbers[:3]
    if isinstance(system, System) and system.os.is_like("suse") and release.build:
        return "suse", "", ()
    return "", "", release.numbers[:3]


def _text(host: Host, path: str) -> str:
    try:
        return decode(host.read(HostPath(path))).strip()
    except HostError as error:
        if error.is_absent:
            return ""
        raise


def _livepatches(host: Host) -> tuple[str, ...]:
    top = HostPath("/sys/kernel/livepatch")
    try:
        names = host.listdir(top)
    except HostError:
        return ()
    return tuple(name for name in names if _text(host, f"{top}/{name}/enabled") == "1")


@collector
def build_config(host: Host, kernel: Kernel) -> BuildConfig:
    """Return the build config of the running kernel: the kernel's own copy, else the file of its package."""
    release = kernel.name
    places = (
        "/proc/config.gz",
        f"/boot/config-{release}",
        f"/lib/modules/{release}/config",
        f"/usr/lib/kernel/config-{release}",
        f"/usr/lib/ostree-boot/config-{release}",
        f"/lib/modules/{release}/build/.config",
        f"/usr/src/linux-{release}/.config",
    )
    for place in places:
        try:
            config = kernel_config.parse(host.read(HostPath(place)))
        except HostError as error:
            if error.is_absent:
                continue
            raise
        except FormatError:
            continue
        if place.startswith("/proc/") or kernel_config.matches_release(config, release):
            return BuildConfig(config=config, source=place)
    raise HostError(Missing(Why.ABSENT, f"this host has no build config of kernel {release}"))


@collector
def installed_kernels(host: Host) -> InstalledKernels:
    """Return the kernels on disk, and whether a package requests a reboot."""
    try:
        names = host.listdir(HostPath("/lib/modules"))
    except HostError as error:
        if not error.is_absent:
            raise
        names = []
    asks = host.exists(HostPath("/run/reboot-required")) or host.exists(HostPath("/var/run/reboot-required"))
    return InstalledKernels(
        releases=tuple(name for name in names if host.exists(HostPath(f"/lib/modules/{name}/modules.dep"))),
        reboot_required=tuple(dict.fromkeys(_text(host, "/run/reboot-required.pkgs").split())) if asks else (),
        asks_reboot=asks,
    )
