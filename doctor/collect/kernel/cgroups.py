"""Reads the mounted control groups."""

from doctor.facts.host.mounts import Mounts
from doctor.facts.kernel.cgroups import Cgroups, Controller
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join


@collector
def cgroups(host: Host, mounts: Mounts) -> Cgroups:
    """Return the control groups; of several mounts of one hierarchy the first is used."""
    v1: dict[str, str] = {}
    v2 = ""
    known = _kernel(host)
    for mount in mounts.items:
        if mount.fs_type == "cgroup2":
            v2 = v2 or mount.mount_point
        elif mount.fs_type == "cgroup":
            for option in mount.super_options:
                if option in known or option.startswith("name="):
                    v1.setdefault(option, mount.mount_point)
    numbers = _v2_numbers(host, v2)
    return Cgroups(
        v1=v1,
        v2=v2,
        v2_controllers=_v2_controllers(host, v2),
        kernel=known,
        v2_groups=numbers.get("nr_descendants", 0) + numbers.get("nr_dying_descendants", 0),
        v2_dying=numbers.get("nr_dying_descendants", 0),
    )


def _v2_numbers(host: Host, top: str) -> dict[str, int]:
    """Return the numbers in cgroup.stat of the root."""
    if not top:
        return {}
    try:
        lines = decode(host.read(join(HostPath(top), "cgroup.stat"), limit_bytes=65536)).splitlines()
    except HostError:
        return {}
    words = (line.split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and is_number(pair[1])}


def _kernel(host: Host) -> dict[str, Controller]:
    try:
        lines = decode(host.read(HostPath("/proc/cgroups"))).splitlines()
    except HostError as error:
        if not error.is_absent:
            raise
        return {}
    found = {}
    for line in lines:
        words = line.split()
        if len(words) == 4 and not line.startswith("#") and is_number(words[1]):
            found[words[0]] = Controller(
                name=words[0],
                hierarchy=int(words[1]),
                enabled=words[3] == "1",
                groups=int(words[2]) if is_number(words[2]) else 0,
            )
    return found


def _v2_controllers(host: Host, top: str) -> tuple[str, ...]:
    if not top:
        return ()
    try:
        return tuple(decode(host.read(join(HostPath(top), "cgroup.controllers"))).split())
    except HostError as error:
        if not error.is_absent:
            raise
        return ()
