"""Reads the kernel's log: always if its ring buffer is small, else only if a counter of the kernel shows trouble.

Reading costs 1.5 ms for each 128 KiB of a full buffer. A counter (killed processes, dropped connections, errors of a file system)
costs a fraction of that, so a large buffer of a healthy host is not read.
"""

from collections.abc import Iterator

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.mounts import Mounts
from doctor.facts.host.processes import Processes
from doctor.facts.kernel.log import MOUNTED, WORDS, KernelLog, events_of, without_earlier
from doctor.formats.kernel.kernel_log import lines_with
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_SMALL_BYTES = 128 << 10
_ANY_SIZE = 1 << 40
_DEPTH = 5
_TABLES = {"arp_cache": "ipv4", "ndisc_cache": "ipv6"}
_FIRST_CGROUPS = "4026531835"
"""Number of the machine's own namespace of control groups (include/linux/proc_ns.h, PROC_CGROUP_INIT_INO)."""
_ERRORS = HostPath("/sys/fs/ext4")


@collector
def kernel_log(
    host: Host, mounts: Mounts | Missing, engine: EngineConfig | Missing, processes: Processes | Missing
) -> KernelLog:
    """Return the events; missing if the log can't be read."""
    ring = host.kernel_log(_SMALL_BYTES)
    if ring.size_bytes > _SMALL_BYTES and not ring.text and _is_suspicious(host, processes):
        ring = host.kernel_log(_ANY_SIZE)
    events = events_of(lines_with(ring.text, WORDS), ring.now_s)
    has_disks = any(event.kind in {"io", "file-system"} for event in events)
    if has_disks:
        events = without_earlier(events, lines_with(ring.text, MOUNTED), ring.now_s)
    return KernelLog(
        events=events,
        namespace=_namespace(host, "net") if any(event.kind == "conntrack" for event in events) else "",
        devices=_devices(host, mounts, engine) if has_disks and isinstance(mounts, Mounts) else {},
        thresholds=_thresholds(host, {event.subject for event in events if event.kind == "neighbours"}),
        is_own=not any(event.kind == "oom" for event in events) or _namespace(host, "cgroup") in {"", _FIRST_CGROUPS},
    )


def _is_suspicious(host: Host, processes: Processes | Missing) -> bool:
    """Whether processes were killed or hang, connections were dropped, or a file system has errors."""
    if isinstance(processes, Processes) and any(process.state == "D" for process in processes.items):
        return True
    if any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in _text(host, "/proc/vmstat").splitlines()):
        return True
    return (
        any(_column(host, "/proc/net/stat/nf_conntrack", "drop"))
        or any(_column(host, "/proc/net/stat/arp_cache", "table_fulls"))
        or any(_text(host, f"{_ERRORS}/{name}/errors_count").strip() not in {"", "0"} for name in _names(host, _ERRORS))
    )


def _column(host: Host, path: str, name: str) -> Iterator[int]:
    """Yield the numbers of one column in a table of /proc/net/stat, one a processor."""
    head, *rows = _text(host, path).splitlines() or [""]
    columns = head.split()
    if name not in columns:
        return
    place = columns.index(name)
    for row in rows:
        fields = row.split()
        if len(fields) > place:
            try:
                yield int(fields[place], 16)
            except ValueError:
                continue


def _namespace(host: Host, kind: str) -> str:
    try:
        return host.readlink(HostPath(f"/proc/self/ns/{kind}")).removeprefix(f"{kind}:[").removesuffix("]")
    except HostError:
        return ""


def _thresholds(host: Host, tables: set[str]) -> dict[str, int]:
    """Return the limits of tables that overflowed, by their names in sysctl(8)."""
    found = {}
    for table in sorted(tables):
        for number in (1, 2, 3):
            key = f"net/{_TABLES[table]}/neigh/default/gc_thresh{number}"
            text = _text(host, f"/proc/sys/{key}").strip()
            if is_number(text):
                found[key.replace("/", ".")] = int(text)
    return found


def _devices(host: Host, mounts: Mounts, engine: EngineConfig | Missing) -> dict[str, tuple[str, ...]]:
    # Not from the data root itself: on a failing disk it can't be read.
    top = engine.data_root if isinstance(engine, EngineConfig) else docker.DEFAULT_ROOT
    found: dict[str, list[str]] = {}
    for path in (_real(host, top), containerd.DEFAULT_ROOT, HostPath("/")):
        mount = mounts.covering(path)
        if mount is None:
            continue
        shown = mount.mount_point if path in mount.mount_point or path == "/" else path
        for name in {_source(host, mount.source), *_chain(host, mount.device, _DEPTH)} - {""}:
            if shown not in found.setdefault(name, []):
                found[name].append(shown)
    return {name: tuple(paths) for name, paths in found.items()}


def _real(host: Host, path: HostPath) -> HostPath:
    try:
        return host.resolve(path)
    except HostError:
        return path


def _source(host: Host, source: str) -> str:
    """Return the name of a mounted device, with links followed: /dev/mapper/data is dm-0."""
    if not source.startswith("/dev/"):
        return ""
    try:
        return host.resolve(HostPath(source)).rpartition("/")[2]
    except HostError:
        return source.rpartition("/")[2]


def _chain(host: Host, device: str, depth: int) -> Iterator[str]:
    """Yield the name of a block device, of its disk, and of the devices that it consists of (LVM, RAID)."""
    link = f"/sys/dev/block/{device}"
    try:
        target = host.readlink(HostPath(link))
    except HostError:
        return
    *_, above, name = ("", *target.split("/"))
    yield name
    if host.exists(HostPath(f"{link}/partition")):
        yield above
    for part in _names(host, HostPath(f"{link}/slaves")):
        yield part
        number = _text(host, f"{link}/slaves/{part}/dev").strip()
        if depth and number:
            yield from _chain(host, number, depth - 1)


def _names(host: Host, path: HostPath) -> list[str]:
    try:
        return host.listdir(path)
    except HostError:
        return []


def _text(host: Host, path: str) -> str:
    try:
        return decode(host.read(HostPath(path), limit_bytes=1 << 20))
    except HostError:
        return ""
