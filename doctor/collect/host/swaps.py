"""Reads the swap areas in use."""

from doctor.facts.host.swaps import Swaps
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath


@collector
def swaps(host: Host) -> Swaps:
    """Return the swap areas; the first line of /proc/swaps is a heading."""
    text = host.read(HostPath("/proc/swaps"), limit_bytes=1 << 16).decode("utf-8", "replace")
    rows = [line.split() for line in text.splitlines()[1:] if line.split()]
    used = sum(int(row[3]) for row in rows if len(row) > 3 and row[3].isdigit())
    return Swaps(devices=tuple(row[0] for row in rows), used_kib=used, free_kib=_available(host) if used else None)


def _available(host: Host) -> int | None:
    try:
        text = host.read(HostPath("/proc/meminfo"), limit_bytes=1 << 16).decode("ascii", "replace")
    except HostError:
        return None
    values = (line.split() for line in text.splitlines() if line.startswith("MemAvailable:"))
    return next((int(words[1]) for words in values if len(words) > 1 and words[1].isdigit()), None)
