"""Finds, creates and removes the control groups of one container, on version 1, hybrid and version 2 hosts.

Every group is a directory `doctor-runtime/TOKEN-ID` in each hierarchy, held open and locked by the runtime that created
it. The lock ends with its holder, and works across PID namespaces, where a process id would be ambiguous: the next
runtime removes every unlocked group, and kills its remaining processes.

The empty parent `doctor-runtime` stays, as Docker's `docker` does: recreating it would cost each launch half a
millisecond.
"""

import errno
import fcntl
import time

from doctor.runtime.base.frozen import LaunchError, dataclass, reason
from doctor.runtime.base.system import os, text_of, write_text
from doctor.runtime.cgroups import devices
from doctor.runtime.cgroups.limits import needed_by, write_v1, write_v2
from doctor.runtime.plan.container import Limits

BASE = "doctor-runtime"
_REMOVAL_S = 5.0
_SIGKILL = 9
_USED = frozenset(("memory", "cpu", "cpuacct", "pids", "devices"))
_SWEPT = _USED | {"cpuset"}  # where a container's group may be
_NO_CONTROLLERS = ("rw", "ro", "xattr", "clone_children", "none")
_NO_SUBDIRECTORY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted hierarchy: where it is, its version, its controllers, and the options that mount it again (v1)."""

    mount: str
    version: int
    controllers: tuple[str, ...]
    options: str = ""


def hierarchies(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The cgroup mounts in /proc/PID/mountinfo that limit or count something a container does; the topmost mount wins.

    Version 1 hierarchies of other controllers (freezer, blkio, named ones) are not used: each costs a launch a
    directory, a mount and a process migration, without benefit for the container.
    """
    found: dict[str, Hierarchy] = {}
    for line in mountinfo.splitlines():
        if " - cgroup" not in line:
            continue
        before, _, after = line.partition(" - ")
        mount = before.split(" ")[4].encode().decode("unicode_escape") if "\\" in before else before.split(" ")[4]
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2":
            found["2"] = Hierarchy(mount=mount, version=2, controllers=_v2_controllers(mount))
        elif kind == "cgroup":
            names = tuple(o for o in options.split(",") if o not in _NO_CONTROLLERS and "=" not in o)
            if _SWEPT.intersection(names):
                again = ",".join(names)
                found[again] = Hierarchy(mount=mount, version=1, controllers=names, options=again)
    return tuple(found.values())


def _v2_controllers(mount: str) -> tuple[str, ...]:
    try:
        return tuple(text_of(f"{mount}/cgroup.controllers").split())
    except OSError:
        return ()


class Group:
    """The directories of one container, made by `create`."""

    def __init__(self) -> None:
        self.members: list[tuple[Hierarchy, str, int]] = []
        self.devices_limited = False
        self.problems: list[str] = []

    def join(self, pid: int) -> None:
        """Put a process into each of the groups."""
        for _, path, _ in self.members:
            write_text(f"{path}/cgroup.procs", str(pid))

    def oom_kills(self) -> int:
        """How many processes of the container the kernel killed because of its memory limit."""
        for hierarchy, path, _ in self.members:
            if "memory" in hierarchy.controllers:
                name = "memory.oom_control" if hierarchy.version == 1 else "memory.events"
                return _counter(f"{path}/{name}", "oom_kill")
        return 0

    def remove(self) -> None:
        """Remove the directories and kill remaining processes; waits up to 5 s for the kernel to release them."""
        for _, path, lock in self.members:
            _remove(path)
            os.close(lock)
        self.members = []


def create(found: tuple[Hierarchy, ...], name: str, limits: Limits) -> Group:
    """Create and limit the groups. A limit that no hierarchy supports is a LaunchError; an unwritable hierarchy that no
    limit needs is only listed in `problems`.
    """
    group = Group()
    try:
        for hierarchy in found:
            if not (_USED | needed_by(limits)).intersection(hierarchy.controllers) and hierarchy.version == 1:
                continue
            try:
                _add(group, hierarchy, name, limits)
            except OSError as error:
                problem = f"no cgroup in {hierarchy.mount}: {reason(error)}"
                if needed_by(limits) & set(hierarchy.controllers):
                    raise LaunchError(f"can't set the limits: {problem}") from None
                group.problems.append(problem)
        _check_limits(group, limits)
    except LaunchError:
        group.remove()
        raise
    return group


def sweep(found: tuple[Hierarchy, ...]) -> int:
    """Remove the groups of ended runtimes; returns how many directories were removed."""
    gone = 0
    for hierarchy in found:
        try:
            # A cgroup directory counts its subdirectories as links: usually nothing needs to be opened.
            if os.stat(f"{hierarchy.mount}/{BASE}").st_nlink <= _NO_SUBDIRECTORY:
                continue
            base = os.open(f"{hierarchy.mount}/{BASE}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(base, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone += sum(_sweep_one(f"{hierarchy.mount}/{BASE}/{name}") for name in os.listdir(base))
        except OSError:
            continue
        finally:
            os.close(base)
    return gone


def _sweep_one(path: str) -> bool:
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        _remove(path)
        return True
    finally:
        os.close(held)


def _add(group: Group, hierarchy: Hierarchy, name: str, limits: Limits) -> None:
    base = f"{hierarchy.mount}/{BASE}"
    _make(base, hierarchy)
    # Shared, so that no sweep removes the new directory between its creation and its lock.
    guard = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(guard, fcntl.LOCK_SH)
        path = f"{base}/{name}"
        os.mkdir(path)
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        group.members.append((hierarchy, path, lock))
        fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        os.close(guard)
    if hierarchy.version == 1:
        _inherit_cpuset(path, hierarchy)
        group.devices_limited |= write_v1(path, hierarchy.controllers, limits)
    else:
        write_v2(path, hierarchy.mount, hierarchy.controllers, limits)
        _attach_device_rules(group, hierarchy, path, limits)


def _attach_device_rules(group: Group, hierarchy: Hierarchy, path: str, limits: Limits) -> None:
    """Version 2 has no files for device rules; a hybrid host has them in version 1."""
    if group.devices_limited:
        return
    try:
        devices.attach_v2(path, limits.devices or devices.ALLOWED)
        group.devices_limited = True
    except OSError as error:
        group.problems.append(f"no device rules in {hierarchy.mount}: {reason(error)}")


def _make(base: str, hierarchy: Hierarchy) -> None:
    try:
        os.mkdir(base)
    except FileExistsError:
        return
    if hierarchy.version == 1:
        _inherit_cpuset(base, hierarchy)


def _inherit_cpuset(path: str, hierarchy: Hierarchy) -> None:
    """A new v1 cpuset is empty and accepts no process until it has CPUs and memory nodes."""
    if "cpuset" in hierarchy.controllers:
        for name in ("cpuset.cpus", "cpuset.mems"):
            write_text(f"{path}/{name}", text_of(f"{path}/../{name}").strip())


def _check_limits(group: Group, limits: Limits) -> None:
    held = {name for hierarchy, _, _ in group.members for name in hierarchy.controllers}
    for name in sorted(needed_by(limits) - held):
        why = "; ".join(group.problems) or "it is not mounted"
        raise LaunchError(f"can't limit {name}: no usable cgroup controller '{name}' ({why})")


def _remove(path: str) -> None:
    end = time.monotonic() + _REMOVAL_S
    while True:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                return
            _kill_members(path)
            time.sleep(0.002)
        else:
            return


def _kill_members(path: str) -> None:
    try:
        pids = [int(line) for line in text_of(f"{path}/cgroup.procs").split()]
    except OSError:
        return
    for pid in pids:
        if pid > 1:  # 0: a process that this PID namespace can't see
            try:
                os.kill(pid, _SIGKILL)
            except ProcessLookupError:
                continue


def _counter(path: str, name: str) -> int:
    try:
        for line in text_of(path).splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    except (OSError, ValueError):
        return 0
    return 0
