"""Finds stages of starts that were killed."""

import re

from doctor.facts.starts.leftovers import STAGES, StartLeftovers
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_TOKEN = re.compile(r"doctor-[0-9a-f]{12}")
_OLD_S = 120.0


@collector
def start_leftovers(host: Host) -> StartLeftovers:
    """Return them; on most hosts, the directory does not exist."""
    top = HostPath(STAGES)
    try:
        names = sorted(name for name, kind in host.scandir(top, follow=False) if kind == "d" and _TOKEN.fullmatch(name))
        born = {name: host.lstat(join(top, name), follow=False).mtime_ns for name in names}
    except HostError as error:
        if not error.is_absent:
            raise
        return StartLeftovers()
    now = host.now()
    return StartLeftovers(names=tuple(name for name, at in born.items() if now - at / 1e9 > _OLD_S))
