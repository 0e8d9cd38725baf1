"""Reads namespace kinds and subordinate ids."""

from doctor.facts.kernel.namespaces import SUBGID, SUBUID, NamespaceKinds, SubIds, SubordinateIds
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_LIMIT = 4 << 20


@collector
def namespace_kinds(host: Host) -> NamespaceKinds:
    """Return the kinds, without aliases such as "pid_for_children"."""
    names = host.listdir(HostPath("/proc/self/ns"))
    return NamespaceKinds(kinds=frozenset(name for name in names if not name.endswith("_for_children")))


@collector
def sub_ids(host: Host) -> SubIds:
    """Return the ranges and the users; an absent file has no ranges."""
    gaps: list[Missing] = []
    ranges = [item for file in (SUBUID, SUBGID) for item in _ranges(file, _text(host, file, gaps))]
    users = {}
    for line in _text(host, HostPath("/etc/passwd"), gaps).splitlines():
        fields = line.split(":")
        if len(fields) > 2 and is_number(fields[2]):
            users[fields[0]] = int(fields[2])
    switch = _text(host, HostPath("/etc/nsswitch.conf"), gaps).splitlines()
    services = [word for line in switch if line.startswith("subid:") for word in line.partition(":")[2].split()]
    return SubIds(
        ranges=tuple(ranges), users=users, by_service=any(word != "files" for word in services), gaps=tuple(gaps)
    )


def _text(host: Host, path: HostPath, gaps: list[Missing]) -> str:
    try:
        return decode(host.read(path, limit_bytes=_LIMIT))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return ""


def _ranges(file: HostPath, text: str) -> list[SubordinateIds]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.strip().split(":")
        if len(fields) == 3 and is_number(fields[1]) and is_number(fields[2]):
            found.append(
                SubordinateIds(file=file, line=number, owner=fields[0], start=int(fields[1]), count=int(fields[2]))
            )
    return found
