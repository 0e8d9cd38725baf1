"""Looks for engines of ordinary users, if a setting of the kernel forbids user namespaces to them."""

from collections.abc import Iterator

from doctor.facts.host.processes import Processes
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.security.rootless import RootlessEngine, RootlessEngines
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_FORBID = (
    ("user.max_user_namespaces", "0"),
    ("kernel.unprivileged_userns_clone", "0"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1"),
)
_PROFILES = HostPath("/sys/kernel/security/apparmor/profiles")
_UNIT = ".config/systemd/user/docker.service"
_WANTS = ".config/systemd/user/default.target.wants/docker.service"
_PROGRAM = "rootlesskit"
_FIRST_USER, _NOBODY = 1000, 65534
_MOST_USERS = 200


@collector
def rootless_engines(host: Host, sysctl: Sysctl, processes: Processes | Missing) -> RootlessEngines:
    """Return the engines of users in /etc/passwd; none is looked for where no setting forbids them."""
    for key, value in _FORBID:
        if sysctl.value(key) == value and not (key.startswith("kernel.apparmor") and _is_allowed(host)):
            running = set() if isinstance(processes, Missing) else {one.uid for one in processes.named(_PROGRAM)}
            return RootlessEngines(key=key, value=value, items=tuple(_engines(host, running)))
    return RootlessEngines()


def _is_allowed(host: Host) -> bool:
    """Whether a profile for rootlesskit is loaded; also if that can't be read."""
    try:
        return _PROGRAM in decode(host.read(_PROFILES, limit_bytes=4 << 20))
    except HostError:
        return True


def _engines(host: Host, running: set[int]) -> Iterator[RootlessEngine]:
    for name, uid, home in _users(host):
        unit = join(home, _UNIT)
        if host.exists(unit):
            yield RootlessEngine(
                user=name, unit=unit, is_enabled=_has_entry(host, join(home, _WANTS)), is_running=uid in running
            )


def _has_entry(host: Host, path: HostPath) -> bool:
    try:
        host.lstat(path)
    except HostError:
        return False
    return True


def _users(host: Host) -> Iterator[tuple[str, int, HostPath]]:
    try:
        lines = decode(host.read(HostPath("/etc/passwd"), limit_bytes=1 << 20)).splitlines()
    except HostError:
        return
    found = 0
    for line in lines:
        fields = line.split(":")
        if len(fields) < 7 or not is_number(fields[2]) or not fields[5].startswith("/") or found >= _MOST_USERS:
            continue
        if _FIRST_USER <= int(fields[2]) < _NOBODY:
            found += 1
            yield fields[0], int(fields[2]), HostPath(fields[5].rstrip("/") or "/")
