"""Reads the swap areas in use."""

from doctor.facts.swaps import Swaps
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.paths import HostPath


@collector
def swaps(host: Host) -> Swaps:
    """Return them; the first line of /proc/swaps is a heading."""
    text = host.read(HostPath("/proc/swaps"), limit_bytes=1 << 16).decode("utf-8", "replace")
    return Swaps(devices=tuple(line.split()[0] for line in text.splitlines()[1:] if line.split()))
