"""/dev, /proc and /sys as Docker's containers see them, assembled in the working directory (the stage)."""

import errno

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.base.kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT, O_PATH
from doctor.runtime.base.system import exists, is_directory, os, stat
from doctor.runtime.cgroups.groups import Hierarchy
from doctor.runtime.plan.container import DeviceNode

LOCKED = MS_NOSUID | MS_NOEXEC | MS_NODEV
TERMINAL_GROUP = 5  # tty, in every distribution
# moby oci/defaults.go, DefaultLinuxSpec
MASKED_PROC = [
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "timer_list",
    "timer_stats",
    "sched_debug",
    "scsi",
]
MASKED_SYS = ("firmware", "devices/virtual/powercap")
READONLY_PROC = ["bus", "fs", "irq", "sys", "sysrq-trigger"]
_NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
)


def make_nodes(directory: str) -> None:
    """Make the device nodes; only root of the host may."""
    for name, major, minor in _NODES:
        os.mknod(f"{directory}/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))


def _make_device(device: DeviceNode) -> None:
    """A node that a bundle requests, on the new tmpfs; it may repeat a default one."""
    *parents, _ = device.path.split("/")
    done = "dev"
    for part in parents:
        done += f"/{part}"
        if not is_directory(done):
            os.mkdir(done, 0o755)
    path = f"dev/{device.path}"
    if exists(path):
        if os.stat(path).st_rdev == device.number:
            return
        raise LaunchError(f"can't make '/dev/{device.path}': another device has this name")
    os.mknod(path, device.mode, device.number)
    os.chown(path, device.uid, device.gid)


def make_place(path: str, *, directory: bool) -> None:
    """An empty directory or file to mount on."""
    if directory:
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _bind_nodes(source: str) -> None:
    for name, _, _ in _NODES:
        make_place(f"dev/{name}", directory=False)
        kernel.mount(f"{source}/{name}".encode(), f"dev/{name}".encode(), None, MS_BIND)


def stage_dev(
    shm_bytes: int,
    nodes: str | None = None,
    terminal_group: int = TERMINAL_GROUP,
    devices: tuple[DeviceNode, ...] = (),
) -> None:
    """A tmpfs `dev` with nodes, links, pseudo-terminals, shared memory of that size, and message queues.

    Nodes are created, or bound from the directory `nodes`: in a user namespace none can be created.
    """
    kernel.mount(b"tmpfs", b"dev", b"tmpfs", MS_NOSUID | kernel.MS_STRICTATIME, b"mode=755,size=65536k")
    if nodes is None:
        make_nodes("dev")
        for device in devices:
            _make_device(device)
    else:
        _bind_nodes(nodes)
    for name, target in _LINKS:
        os.symlink(target, f"dev/{name}")
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"dev/{name}")
    options = b"newinstance,ptmxmode=0666,mode=0620,gid=%d" % terminal_group
    kernel.mount(b"devpts", b"dev/pts", b"devpts", MS_NOSUID | MS_NOEXEC, options)
    kernel.mount(b"shm", b"dev/shm", b"tmpfs", LOCKED, b"mode=1777,size=%d" % shm_bytes)
    try:
        kernel.mount(b"mqueue", b"dev/mqueue", b"mqueue", LOCKED)
    except OSError as error:
        if error.errno != errno.ENODEV:  # a kernel without POSIX message queues
            raise


def stage_proc() -> None:
    """A procfs `proc` with its masked and read-only parts; `dev` must exist for its null device."""
    kernel.mount(b"proc", b"proc", b"proc", LOCKED)
    # The null device just created on the stage, not the image's /dev/null.
    null = os.open("dev/null", O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    for name in READONLY_PROC:
        path = f"proc/{name}".encode()
        if exists(f"proc/{name}"):
            kernel.mount(path, path, None, MS_BIND | MS_REC)
            kernel.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | LOCKED)
    for name in MASKED_PROC:
        _mask(f"proc/{name}", null)
    os.close(null)


def _mask(path: str, null: int | None) -> None:
    try:
        is_directory = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_directory:
        kernel.mount(b"tmpfs", path.encode(), b"tmpfs", MS_RDONLY | LOCKED, b"size=0k")
    elif null is not None:
        kernel.mount(kernel.at(null), path.encode(), None, MS_BIND)


def stage_sys(hierarchies: tuple[Hierarchy, ...], *, bound: bool = False) -> None:
    """A read-only sysfs `sys` with the cgroup hierarchies, seen from the current cgroup namespace.

    `bound`: `sys` is mounted already, since the kernel allows a sysfs only to the owner of the network namespace.
    """
    if not bound:
        kernel.mount(b"sysfs", b"sys", b"sysfs", MS_RDONLY | LOCKED)
    for name in MASKED_SYS:
        _mask(f"sys/{name}", None)
    if not is_directory("sys/fs/cgroup"):
        return
    if len(hierarchies) == 1 and hierarchies[0].version == 2:
        kernel.mount(b"cgroup", b"sys/fs/cgroup", b"cgroup2", MS_RDONLY | LOCKED)
        return
    # Always a separate mount, even if empty: the host's groups must be neither visible nor writable (CVE-2023-25809).
    kernel.mount(b"tmpfs", b"sys/fs/cgroup", b"tmpfs", LOCKED, b"mode=755")
    for hierarchy in hierarchies:
        path = f"sys/fs/cgroup/{hierarchy.mount.rpartition('/')[2]}".encode()
        os.mkdir(path)
        kind = b"cgroup2" if hierarchy.version == 2 else b"cgroup"
        data = hierarchy.options.encode() if hierarchy.version == 1 else None
        kernel.mount(b"cgroup", path, kind, MS_RDONLY | LOCKED, data)
    kernel.mount(None, b"sys/fs/cgroup", None, MS_REMOUNT | MS_RDONLY | LOCKED, b"mode=755")
