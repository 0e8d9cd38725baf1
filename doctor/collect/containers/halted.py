"""Finds programs of running containers that a signal stopped, and containers that are frozen without the engine's knowledge."""

from collections.abc import Iterator

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.halted import HaltedProgram, HaltedPrograms
from doctor.facts.host.mounts import Mounts
from doctor.facts.host.processes import Processes, program
from doctor.formats.host.mountinfo import Mount
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.model.process import Process

# Not "t": a debugger holds that one.
_STOPPED = "T"
# A task that the v1 freezer holds waits like one that waits for a disk.
_FROZEN_V1 = "D"
_MOST_LOOKS = 500


@collector
def halted_programs(
    host: Host, processes: Processes, containers: Containers | Missing, mounts: Mounts | Missing
) -> HaltedPrograms:
    """Return them. Of each running container one file is read, of the first 500; the rest is in the list of processes."""
    known = () if isinstance(containers, Missing) else tuple(containers.running())
    found = [*_helpers(processes, known)]
    table = () if isinstance(mounts, Missing) else mounts.items
    unified = next((one for one in table if one.fs_type == "cgroup2"), None)
    freezer = next((one for one in table if one.fs_type == "cgroup" and "freezer" in one.super_options), None)
    by_pid = {one.pid: one for one in processes.items} if known else {}
    looks = 0
    for container in known:
        process = by_pid.get(container.state.pid)
        if process is None or container.state.paused or not process.exe:
            continue
        if process.state == _STOPPED:
            found.append(_of(container, process))
            continue
        if looks < _MOST_LOOKS:
            looks += 1
            place, is_v1 = _frozen_by(host, process, unified, freezer)
            if place is not None:
                found.append(_of(container, process, place, is_v1=is_v1))
    return HaltedPrograms(items=tuple(found))


def _of(container: Container, process: Process, place: HostPath | None = None, *, is_v1: bool = False) -> HaltedProgram:
    return HaltedProgram(
        program=program(process) or process.comm,
        pid=process.pid,
        container=container.title,
        frozen_by=place,
        is_v1=is_v1,
    )


def _helpers(processes: Processes, running: tuple[Container, ...]) -> Iterator[HaltedProgram]:
    """Yield stopped helpers of this host's engine, with the container that each serves."""
    if not any(one.state == _STOPPED for one in processes.items):
        return
    for process in processes.of_host(containerd.PROCESS, containerd.SHIM, docker.PROXY):
        if process.state != _STOPPED:
            continue
        name = program(process)
        served = "" if name == containerd.PROCESS else _served(process, running)
        if served or name == containerd.PROCESS:
            yield HaltedProgram(program=name, pid=process.pid, container=served, is_helper=True)


def _served(process: Process, running: tuple[Container, ...]) -> str:
    """Return the container whose id or address is an argument of the helper, "" if it serves none of these."""
    words = frozenset(process.argv)
    return next(
        (
            one.title
            for one in running
            if one.id in words or any(place.ip in words for place in one.networks if place.ip)
        ),
        "",
    )


def _frozen_by(
    host: Host, process: Process, unified: Mount | None, freezer: Mount | None
) -> tuple[HostPath | None, bool]:
    """Return the file that freezes the process's control group or one above it, and whether it is of version 1."""
    if unified is not None and _has(host, unified, process.cgroup, "cgroup.events", b"frozen 1"):
        return _highest(host, unified, process.cgroup, "cgroup.freeze", "cgroup.freeze"), False
    if freezer is not None and process.state == _FROZEN_V1:
        group = _v1_group(host, process)
        if _has(host, freezer, group, "freezer.state", b"FROZEN"):
            return _highest(host, freezer, group, "freezer.self_freezing", "freezer.state"), True
    return None, False


def _v1_group(host: Host, process: Process) -> str:
    try:
        lines = decode(host.read(HostPath(f"/proc/{process.pid}/cgroup"), limit_bytes=65536)).splitlines()
    except HostError:
        return ""
    fields = [line.split(":", 2) for line in lines]
    return next((one[2] for one in fields if len(one) == 3 and "freezer" in one[1].split(",")), "")


def _highest(host: Host, mount: Mount, group: str, asked: str, named: str) -> HostPath:
    """Return the file of the lowest group that is frozen itself: those below it are frozen with it."""
    above = group
    while above.strip("/"):
        if _has(host, mount, above, asked, b"1"):
            return _file(mount, above, named)
        above = above.rpartition("/")[0]
    return _file(mount, group, named)


def _has(host: Host, mount: Mount, group: str, name: str, wanted: bytes) -> bool:
    if not group.strip("/"):
        return False
    try:
        return wanted in host.read(_file(mount, group, name), limit_bytes=4096)
    except HostError:
        return False


def _file(mount: Mount, group: str, name: str) -> HostPath:
    """Return a file of a group below the mount, which may show only a part of the hierarchy."""
    inside = group.removeprefix(mount.root.rstrip("/"))
    return HostPath(f"{mount.mount_point}/{inside.strip('/')}/{name}")
