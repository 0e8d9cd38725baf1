"""Reads the host's clock."""

from doctor.facts.host.clock import HostClock
from doctor.host.base import Host
from doctor.model.declare import collector


@collector
def host_clock(host: Host) -> HostClock:
    """Return the time; of a recorded host the time at which it was recorded."""
    return HostClock(now=host.now())
