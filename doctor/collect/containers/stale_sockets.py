"""Compares the sockets that containers mount with those at the same paths now, by the containers' own mount tables."""

from collections.abc import Iterator

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.stale_sockets import StaleSocket, StaleSockets
from doctor.formats.host import mountinfo
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_LIMIT_BYTES = 4 << 20
_MOST = 200
_DELETED = "//deleted"
"""The kernel appends this to the root of a mount whose file has no name any more."""


@collector
def stale_sockets(host: Host, containers: Containers) -> StaleSockets:
    """Return the sockets. A container's table is read only if the container mounts a socket."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "not a running machine, so its sockets can't be compared"))
    found: dict[HostPath, tuple[HostPath, str, list[str]]] = {}
    users = [(one, paths) for one in containers.items if one.state.pid and (paths := list(_sockets(host, one)))]
    for one, paths in users[:_MOST]:
        table = HostPath(f"/proc/{one.state.pid}/mountinfo")
        deleted = list(_deleted(host, table))
        for path in paths:
            name = path.rpartition("/")[2]
            root = next((root for root in deleted if root.rpartition("/")[2] == name), "")
            if root:
                found.setdefault(path, (table, root, []))[2].append(one.id)
    return StaleSockets(
        items=tuple(
            StaleSocket(path=path, ids=tuple(ids), table=table, root=root + _DELETED)
            for path, (table, root, ids) in sorted(found.items())
        )
    )


def _sockets(host: Host, one: Container) -> Iterator[HostPath]:
    """Yield the sources of bind mounts that are sockets now."""
    for mount in one.mounts:
        if mount.kind != "bind" or not mount.source.startswith("/"):
            continue
        try:
            if host.lstat(host.resolve(mount.source)).kind == "s":
                yield mount.source
        except HostError:
            continue


def _deleted(host: Host, table: HostPath) -> Iterator[str]:
    """Yield the roots of mounts in a table whose files were deleted, without the kernel's remark."""
    try:
        mounts = mountinfo.parse(decode(host.read(table, limit_bytes=_LIMIT_BYTES)))
    except (HostError, FormatError):
        return
    yield from (mount.root.removesuffix(_DELETED) for mount in mounts if mount.root.endswith(_DELETED))
