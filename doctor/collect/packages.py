"""Reads the distribution and the package database."""

import re

from doctor.facts.packages import Packages, System
from doctor.formats import dpkg_status, os_release
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
_CVE = re.compile(rb"CVE-\d{4}-\d{4,7}")
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
    """Return what dpkg knows of the engine's packages; missing where there is no dpkg."""
    items = dpkg_status.find(host.read(_DPKG, limit_bytes=128 << 20), NAMES)
    changelogs = {}
    for package in items:
        if package.name in _WITH_CHANGELOG and package.is_installed:
            found = _changelog(host, package.name)
            if found is not None:
                changelogs[package.name] = found
    return Packages(items=items, changelogs=changelogs)


def _changelog(host: Host, name: str) -> frozenset[str] | None:
    for file in ("changelog.Debian.gz", "changelog.gz"):
        try:
            raw = host.read(HostPath(f"/usr/share/doc/{name}/{file}"), limit_bytes=_CHANGELOG_LIMIT)
        except HostError:
            continue
        return frozenset(found.decode() for found in set(_CVE.findall(_unpacked(raw))))
    return None


def _unpacked(raw: bytes) -> bytes:
    import zlib  # noqa: PLC0415 - a host without packages needs none

    try:
        return zlib.decompressobj(31).decompress(raw, _CHANGELOG_LIMIT)
    except zlib.error:
        return b""
