"""Compares the sources of bind mounts with the mount table. A container's own table is read only if its source is on a disk
of its own.
"""

from collections.abc import Iterator

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.late_mounts import LateMount, LateMounts
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.mounts import Mounts
from doctor.formats.host import mountinfo
from doctor.formats.host.mountinfo import Mount, covering
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, is_beneath

_LIMIT_BYTES = 4 << 20
_FSTAB = HostPath("/etc/fstab")


@collector
def late_mounts(host: Host, containers: Containers, mounts: Mounts, root: DataRoot) -> LateMounts:
    """Return the mount points that containers with a restart policy, or that run, miss."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "not a running machine, so its mounts can't be compared"))
    binds = [(one, source, target) for one in containers.items for source, target in _binds(host, one, root)]
    if not binds:
        return LateMounts()
    found = [*_hidden(host, mounts, binds), *_unmounted(host, mounts, binds)]
    return LateMounts(items=tuple(sorted(found, key=lambda late: late.point)))


def _binds(host: Host, one: Container, root: DataRoot) -> Iterator[tuple[HostPath, str]]:
    """Yield (source, path in the container) of the bind mounts of a container that runs or should run."""
    if not (one.should_run or one.state.running):
        return
    for mount in one.mounts:
        if mount.kind == "bind" and mount.source.startswith("/") and not is_beneath(mount.source, root.resolved):
            try:
                yield host.resolve(mount.source), mount.destination
            except HostError:
                continue


def _hidden(host: Host, mounts: Mounts, binds: list[tuple[Container, HostPath, str]]) -> Iterator[LateMount]:
    """Yield the mounts that came after the start of a container."""
    late: dict[HostPath, tuple[Mount, dict[str, HostPath], str]] = {}
    tables: dict[int, tuple[Mount, ...]] = {}
    for one, source, target in binds:
        over = mounts.covering(source)
        if one.state.word != "running" or over is None or over.mount_point == "/" or over.fs_type == "autofs":
            continue
        below = covering([mount for mount in mounts.items if mount.mount_point != over.mount_point], source)
        if one.state.pid not in tables:
            tables[one.state.pid] = _table(host, one.state.pid)
        inside = [mount for mount in tables[one.state.pid] if mount.mount_point == target]
        if below is None or not inside:
            continue
        seen = (inside[-1].device, inside[-1].root)
        if seen == (below.device, _place(below, source)) != (over.device, _place(over, source)):
            point = HostPath(over.mount_point)
            late.setdefault(point, (over, {}, target))[1][one.id] = source
    for point, (over, paths, target) in late.items():
        yield LateMount(point=point, source=over.source, is_mounted=True, paths=paths, target=target)


def _place(over: Mount, path: str) -> str:
    """Return the path of a file in the file system of a mount."""
    rest = path[len(over.mount_point.rstrip("/")) :]
    return (over.root.rstrip("/") + rest).rstrip("/") or "/"


def _table(host: Host, pid: int) -> tuple[Mount, ...]:
    try:
        return mountinfo.parse(decode(host.read(HostPath(f"/proc/{pid}/mountinfo"), limit_bytes=_LIMIT_BYTES)))
    except (HostError, FormatError):
        return ()


def _unmounted(host: Host, mounts: Mounts, binds: list[tuple[Container, HostPath, str]]) -> Iterator[LateMount]:
    """Yield the entries of /etc/fstab above a source at which nothing is mounted."""
    from doctor.formats.host import fstab  # noqa: PLC0415 - only a container with a bind mount needs it

    try:
        entries = fstab.parse(host.read(_FSTAB, limit_bytes=1 << 18).decode("utf-8", "replace"))
    except HostError:
        return
    for entry in entries:
        point = HostPath(entry.point)
        if not point.startswith("/") or point == "/" or "noauto" in entry.options or mounts.at(point):
            continue
        users = [bind for bind in binds if is_beneath(bind[1], point)]
        if users and not mounts.at(host.resolve(point)):
            paths = {one.id: source for one, source, _ in users}
            yield LateMount(point=point, source=entry.source, is_mounted=False, paths=paths, target=users[0][2])
