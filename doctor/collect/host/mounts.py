"""Reads the mount table."""

from doctor.facts.host.mounts import Mounts
from doctor.formats.host.mountinfo import parse
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.paths import HostPath

# A host with thousands of containers has some 10,000 mounts of 300 bytes each.
_LIMIT_BYTES = 32 << 20


@collector
def mounts(host: Host) -> Mounts:
    """Return the mounts of doctor's own namespace."""
    return Mounts(items=parse(decode(host.read(HostPath("/proc/self/mountinfo"), limit_bytes=_LIMIT_BYTES))))
