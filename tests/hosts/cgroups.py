"""A cgroup of its own for each box, in every hierarchy the machine has, so that two boxes never meet and one `rmdir` cleans up."""

import contextlib
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

_SUPER_OPTIONS = frozenset({"rw", "ro", "relatime", "seclabel", "nsdelegate", "memory_recursiveprot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted cgroup hierarchy of the machine, and the directory that a box gets in it."""

    kind: str  # "cgroup" (v1) or "cgroup2"
    mount_point: str
    options: str  # what mount(8) needs to name a v1 hierarchy again: "memory" or "none,name=systemd"
    directory: str


def hierarchies(name: str) -> list[Hierarchy]:
    """Each hierarchy mounted under /sys/fs/cgroup, in mountinfo order, with the directory for the box called name.

    On v1 the directory stands beneath the cgroup of the calling process. On a machine that has cgroup v2 alone it
    stands at the root: a cgroup that holds processes can't give controllers to its children (cgroup-v2.rst, "no
    internal process constraint").
    """
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        left, _, right = line.partition(" - ")
        root, mount_point = left.split()[3:5]
        kind, _, super_options = right.split()[:3]
        if kind in {"cgroup", "cgroup2"} and mount_point.startswith("/sys/fs/cgroup"):
            mounts.append((kind, root, mount_point, super_options))
    own = _own_paths()
    only_v2 = all(kind == "cgroup2" for kind, *_ in mounts)
    found = []
    for kind, root, mount_point, super_options in mounts:
        names = [option for option in super_options.split(",") if option not in _SUPER_OPTIONS]
        key = "" if kind == "cgroup2" else next((n for n in names if n in own), "")
        here = "/" if only_v2 else own.get(key, "/")
        inside = os.path.relpath(here, root) if here.startswith(root) else "."
        options = ",".join(["none", *names] if all(n.startswith("name=") for n in names) else names)
        directory = os.path.normpath(f"{mount_point}/{inside}/{name}")
        found.append(Hierarchy(kind=kind, mount_point=mount_point, options=options, directory=directory))
    return found


def unified(found: list[Hierarchy]) -> list[Hierarchy]:
    """The v2 hierarchy alone, to be mounted on /sys/fs/cgroup as systemd wants it; its controllers may be held by v1."""
    return [replace(hierarchy, mount_point="/sys/fs/cgroup") for hierarchy in found if hierarchy.kind == "cgroup2"][:1]


def _own_paths() -> dict[str, str]:
    """Controller or `name=…` (empty for v2) → path of this process, from /proc/self/cgroup (cgroups(7))."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def create(found: list[Hierarchy]) -> None:
    """Make the directories, ready to take processes."""
    for hierarchy in found:
        directory = Path(hierarchy.directory)
        directory.mkdir()
        for limit in ("cpuset.cpus", "cpuset.mems"):
            # A new v1 cpuset is empty and refuses every process until it is filled (cpusets(7)).
            if hierarchy.kind == "cgroup" and (directory / limit).exists():
                (directory / limit).write_text((directory.parent / limit).read_text())
        if hierarchy.kind == "cgroup2":
            _delegate(directory.parent)
            (directory / "init.scope").mkdir()


def _delegate(directory: Path) -> None:
    """Give the children of a v2 cgroup every controller that it has and may pass on."""
    for controller in (directory / "cgroup.controllers").read_text().split():
        # Refused (EBUSY) where the cgroup holds processes; the box then lacks that limit, as its machine does.
        with contextlib.suppress(OSError):
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")


def join(found: list[Hierarchy]) -> None:
    """Move this process into the box's cgroups, so that a new cgroup namespace has them as its root."""
    for hierarchy in found:
        (Path(hierarchy.directory) / "cgroup.procs").write_text("0")


def leave_root(found: list[Hierarchy]) -> None:
    """Move from the root of the view into its leaf `init.scope` (v2), so that the root may hand out controllers."""
    for hierarchy in found:
        directory = Path(hierarchy.directory)
        if hierarchy.kind == "cgroup2":
            (directory / "init.scope" / "cgroup.procs").write_text("0")
            _delegate(directory)


def remove(found: list[Hierarchy], *, keep_top: bool = False, timeout_s: float = 5) -> None:
    """Remove the box's cgroups and what containers left beneath them; processes in them must have ended."""
    deadline = time.monotonic() + timeout_s
    for hierarchy in found:
        top = Path(hierarchy.directory)
        kept = {top, top / "init.scope"} if keep_top else set()
        directories = [Path(directory) for directory, _, _ in os.walk(top, topdown=False)]
        for directory in directories:
            if directory not in kept:
                _remove_empty(directory, deadline)


def _remove_empty(directory: Path, deadline: float) -> None:
    """rmdir, again and again: a cgroup stays busy for some milliseconds after its last process has ended."""
    while directory.exists():
        try:
            directory.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
