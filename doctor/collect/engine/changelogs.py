"""Reads the vulnerabilities that a Debian package's changelog lists as fixed."""

import re

from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_CVE = re.compile(rb"CVE-\d{4}-\d{4,7}")


def named_fixes(host: Host, package: str, *, limit_bytes: int) -> frozenset[str] | None:
    """Return the CVEs that a package's changelog names; ``None`` if it can't be read, as in images without docs.

    Debian keeps a package's own changelog as ``changelog.Debian.gz`` beside the program's, or, for software that is
    Debian's own, as ``changelog.gz`` (Debian policy 12.7). At most ``limit_bytes`` of it are unpacked.
    """
    for name in ("changelog.Debian.gz", "changelog.gz"):
        try:
            raw = host.read(HostPath(f"/usr/share/doc/{package}/{name}"), limit_bytes=limit_bytes)
        except HostError:
            continue
        return frozenset(found.decode() for found in set(_CVE.findall(_unpacked(raw, limit_bytes))))
    return None


def _unpacked(raw: bytes, limit_bytes: int) -> bytes:
    import zlib  # noqa: PLC0415 - most hosts leave nothing to look up

    try:
        return zlib.decompressobj(31).decompress(raw, limit_bytes)
    except zlib.error:
        return b""
