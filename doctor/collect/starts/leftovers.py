"""Finds stages of starts and instances of traces that were killed."""

import re

from doctor.facts.starts.leftovers import INSTANCES, STAGES, TRACES, StartLeftovers
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_TOKEN = re.compile(r"doctor-[0-9a-f]{12}")
_INSTANCE = re.compile(r"doctor\.[0-9a-f]{16}")
_OLD_S = 120.0


@collector
def start_leftovers(host: Host) -> StartLeftovers:
    """Return them; on most hosts, the directories do not exist."""
    names, _ = _old(host, HostPath(STAGES), _TOKEN)
    instances, others = _old(host, HostPath(INSTANCES), _INSTANCE)
    if instances:
        # A prediction knows the answer of a command that the plan changes, but not what the kernel has.
        there = set(host.run(("ls", INSTANCES)).text.split("\n"))
        instances = tuple(name for name in instances if name in there)
    noted = () if host.exists(HostPath(INSTANCES)) else _old(host, HostPath(TRACES), _INSTANCE, kind="f")[0]
    return StartLeftovers(names=names, instances=instances, others=others, noted=noted)


def _old(
    host: Host, top: HostPath, pattern: re.Pattern[str], *, kind: str = "d"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the directories, or files, of a name that are older than two minutes, and all others."""
    try:
        found = sorted(name for name, of in host.scandir(top, follow=False) if of == kind)
    except HostError as error:
        # Only root may look at tracefs and at notes of traces, and only root can have left something there.
        if not error.is_absent and top == STAGES:
            raise
        return (), ()
    now = host.now()
    old = tuple(name for name in found if pattern.fullmatch(name) and now - _born(host, join(top, name)) > _OLD_S)
    return old, tuple(name for name in found if name not in old)


def _born(host: Host, path: HostPath) -> float:
    try:
        return host.lstat(path, follow=False).mtime_ns / 1e9
    except HostError as error:
        if not error.is_absent:
            raise
        return host.now()
