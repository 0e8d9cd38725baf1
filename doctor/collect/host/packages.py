"""Reads the distribution and the package database."""

from doctor.collect.engine.changelogs import named_fixes
from doctor.facts.host.packages import Packages, System
from doctor.formats.host import dpkg_status, os_release
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

NAMES = (
    "docker.io",
    "docker-ce",
    "docker-ce-cli",
    "docker-cli",
    "docker-engine",
    "moby-engine",
    "moby-cli",
    "moby-containerd",
    "moby-runc",
    "containerd",
    "containerd.io",
    "runc",
    "docker-buildx-plugin",
    "docker-compose-plugin",
    "docker-ce-rootless-extras",
    "podman-docker",
)
_DPKG = HostPath("/var/lib/dpkg/status")
_CHANGELOG_LIMIT = 16 << 20
# A distribution's own packages are judged by their changelogs; Docker's follow upstream.
_WITH_CHANGELOG = ("docker.io", "containerd", "runc")


@collector
def system(host: Host) -> System:
    """Return the distribution."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return System(os=os_release.parse(decode(host.read(HostPath(path), limit_bytes=1 << 20))))
        except HostError as error:
            if not error.is_absent:
                raise
            last = error
    raise last


@collector
def packages(host: Host) -> Packages:
    """Return the engine's packages from dpkg; missing without dpkg."""
    items = dpkg_status.find(host.read(_DPKG, limit_bytes=128 << 20), NAMES)
    changelogs = {}
    for package in items:
        if package.name in _WITH_CHANGELOG and package.is_installed:
            found = named_fixes(host, package.name, limit_bytes=_CHANGELOG_LIMIT)
            if found is not None:
                changelogs[package.name] = found
    return Packages(items=items, changelogs=changelogs)
