"""Reads how busy the host is."""

import re

from doctor.facts.starts.load import HostLoad
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def host_load(host: Host) -> HostLoad:
    """Return the load average of the last minute (proc_loadavg(5)), and the number of processors (proc_stat(5))."""
    words = decode(host.read(HostPath("/proc/loadavg"), limit_bytes=256)).split()
    processors = re.findall(rb"^cpu\d", host.read(HostPath("/proc/stat"), limit_bytes=1 << 20), re.MULTILINE)
    try:
        return HostLoad(load=float(words[0]), processors=len(processors) or 1)
    except (IndexError, ValueError) as error:
        raise HostError(Missing(Why.UNREADABLE, "/proc/loadavg has no load average")) from error
