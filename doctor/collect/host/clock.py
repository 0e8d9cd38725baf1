"""Reads the host's clock."""

from doctor.facts.host.clock import HostClock
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.paths import HostPath

# systemd-timesyncd creates it at the first answer of a server after the boot (systemd-timesyncd.service(8)).
_SYNCHRONIZED = HostPath("/run/systemd/timesync/synchronized")


@collector
def host_clock(host: Host) -> HostClock:
    """Return the time; of a recorded host the time at which it was recorded."""
    return HostClock(now=host.now(), is_synchronized=host.exists(_SYNCHRONIZED))
