"""Reads the processes."""

import os

from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector


@collector
def processes(host: Host) -> Processes:
    """Return the host's processes; missing on a mounted root."""
    is_this_machine = host.is_live() and host.root == "/"
    return Processes(items=host.processes(), own=os.getpid() if is_this_machine else 0)
