"""Assembles the container's file systems, in the process that becomes its init.

Everything is assembled on a private tmpfs (the stage) that no image controls: overlay, /proc with its masks, /dev
with its nodes, each volume with its flags. Then each finished tree is moved onto a descriptor that was opened beneath
the root, so no name in the image is resolved twice, and no link leads outside (CVE-2019-19921, CVE-2021-30465,
CVE-2024-45310, CVE-2025-31133, CVE-2025-52881).
"""

import errno

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError, reason, replace
from doctor.runtime.base.kernel import (
    MS_BIND,
    MS_MOVE,
    MS_NODEV,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    O_PATH,
)
from doctor.runtime.base.system import encoded, is_directory, os, stat
from doctor.runtime.cgroups.groups import Hierarchy
from doctor.runtime.plan.container import ContainerPlan, RootPlan, Volume
from doctor.runtime.rootfs import beneath, kernelfs

# Any directory of the host works: the mount is visible to this process only.
_STAGES = ("/run", "/tmp", "/mnt", "/var", "/etc")  # noqa: S108 - a mount point, nothing is written to the host's /tmp
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_ATIME = 0x1, 0x70
_ROOM_BYTES = 1 << 30
_OWN_INODES = 2048  # for the runtime's own files on a stage: links to at most 500 layers, places to mount on


def build(plan: ContainerPlan, *, devices_limited: bool) -> int:
    """Make the mount namespace private, assemble the root on the stage and return its descriptor (O_PATH).

    /proc, /dev and /dev/shm are mounted afterwards; `finish` adds /sys, volumes and files. The working directory is the
    stage. Without device rules in a cgroup, device nodes of an image or a volume are disabled.
    """
    kernel.mount(None, b"/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    layers = open_layers(plan.root)
    source = open_directory(plan.root)
    volumes = open_volumes(plan)
    enter_stage(room(plan))
    mount_root(plan.root, layers, source, room(plan))
    if not devices_limited:
        make_nodev("root")
    root = os.open("root", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    kernelfs.stage_dev(plan.shm_bytes, devices=plan.extras.devices)
    kernelfs.stage_proc()
    move_into(root, b"dev", "/dev")
    move_into(root, b"proc", "/proc")
    for index, volume_source in volumes.items():
        stage_volume(index, volume_source, plan.volumes[index])
        if not devices_limited:
            make_nodev(f"v{index}")
    for descriptor in layers:
        os.close(descriptor)
    return root


def finish(plan: ContainerPlan, root: int, hierarchies: tuple[Hierarchy, ...]) -> None:
    """Add what needs the container's own cgroup namespace, then everything that the plan binds; seal the root."""
    kernelfs.stage_sys(hierarchies, bound=plan.userns is not None and plan.net.kind not in ("none", "bridge"))
    move_into(root, b"sys", "/sys")
    for index, volume in enumerate(plan.volumes):
        if not volume.source:
            _stage_tmpfs(index, volume, room(plan))
        _bind_volume(root, index, volume)
    for index, (path, text) in enumerate(plan.files):
        _bind_text(root, index, path, text)
    if plan.extras.masked or plan.extras.sealed:
        from doctor.runtime.rootfs import sealing  # noqa: PLC0415 - `bundle` has imported it, long before the root is near

        sealing.seal(root, plan.extras)
    if plan.root.readonly:
        kernel.mount(None, b"root", None, MS_REMOUNT | MS_BIND | MS_RDONLY | _kept_flags("root"))


def pivot(root: int) -> None:
    """Pivot to the new root and detach the host's: none of it is reachable by name any more."""
    os.fchdir(root)
    os.close(root)
    kernel.call("pivot_root", b".", b".")
    kernel.call("umount2", b".", kernel.MNT_DETACH)
    os.chdir("/")


def open_host(path: str, *, directory: bool = True) -> int:
    """A descriptor (O_PATH) of a path of the host. Raises LaunchError."""
    try:
        return os.open(path, O_PATH | os.O_CLOEXEC | (os.O_DIRECTORY if directory else 0))
    except OSError as error:
        raise LaunchError(f"can't open '{path}': {reason(error)}") from None


def open_volumes(plan: ContainerPlan) -> dict[int, int]:
    """Descriptors of the sources of binds, by their place in the plan."""
    found = {}
    for index, volume in enumerate(plan.volumes):
        if volume.base is not None:
            found[index] = _open_part(volume.base, volume.source, os.O_CLOEXEC)
        elif volume.source:
            found[index] = open_host(volume.source, directory=False)
    return found


def open_layers(root: RootPlan) -> list[int]:
    """Descriptors of the layers, then of upper and work if they are given.

    They are opened in this mount namespace, since overlayfs refuses descriptors of another one.
    """
    if not root.layers:
        return []
    writable = [] if root.upper is None or root.work is None else [root.upper, root.work]
    return [_open_part(root.layers_root, path) for path in (*root.layers, *writable)]


def open_directory(root: RootPlan) -> int | None:
    """A descriptor of the root directory, None if the root consists of layers."""
    if root.directory is None:
        return None
    return open_host(root.directory) if root.layers_root is None else _open_part(root.layers_root, root.directory)


def _open_part(base: str | None, path: str, kind: int = os.O_DIRECTORY) -> int:
    """A descriptor of a directory of the root: beneath `base` if its name is relative.

    No link in the name is followed, so a planted link in a data root or a bundle can't redirect it.
    """
    start = open_host("/" if base is None or path.startswith("/") else base)
    try:
        return beneath.open_strictly(start, path.lstrip("/") or ".", O_PATH | kind)
    except OSError as error:
        where = "" if base is None or path.startswith("/") else f" beneath '{base}'"
        why = "a link in the path points elsewhere" if error.errno == errno.ELOOP else reason(error)
        raise LaunchError(f"can't open '{path}'{where}: {why}") from None
    finally:
        os.close(start)


def room(plan: ContainerPlan) -> bytes:
    """The limits of a tmpfs that a container writes to: the kernel's own would be half of the host's memory.

    By default a gigabyte, but at most a quarter of the memory; and a file for each 4 KiB, since each takes memory too.
    """
    size = plan.root_bytes
    if size is None:
        size = min(_ROOM_BYTES, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)
    return b"size=%d,nr_inodes=%d" % (size, size // 4096 + _OWN_INODES)


def enter_stage(limits: bytes, mode: bytes = b"0700") -> None:
    """Mount a private tmpfs with mount points for the trees, and make it the working directory."""
    for path in _STAGES:
        try:
            kernel.mount(b"tmpfs", path.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=%b,%b" % (mode, limits))
            os.chdir(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                raise LaunchError(f"can't mount a tmpfs: {reason(error)}") from None
        else:
            for name in ("root", "dev", "proc", "sys"):
                os.mkdir(name)
            return
    raise LaunchError(f"none of {', '.join(_STAGES)} is a directory that a tmpfs could be mounted on")


def mount_root(root: RootPlan, layers: list[int], source: int | None, limits: bytes) -> None:
    """Mount `root` on the stage, from opened layers or an opened directory. Raises LaunchError."""
    try:
        if source is not None:
            kernel.mount(kernel.at(source), b"root", None, MS_BIND | MS_REC)
            os.close(source)
        elif layers:
            kernel.mount(b"overlay", b"root", b"overlay", 0, _overlay_options(root, layers))
        else:
            kernel.mount(b"tmpfs", b"root", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755," + limits)
    except OSError as error:
        what = "the overlay of the layers" if layers else "the root"
        raise LaunchError(f"can't mount {what}: {reason(error)}") from None


def _overlay_options(root: RootPlan, layers: list[int]) -> bytes:
    """Mount data with one- to three-letter names: 500 layers fit into the page that mount(2) takes.

    The names are links on the stage to the opened directories, so a ':' or ',' in a path means nothing.
    """
    names = []
    for index, descriptor in enumerate(layers):
        names.append(f"{index:x}")
        os.symlink(kernel.at(descriptor), encoded(names[-1]))
    if root.upper is None:
        upper, work = "upper", "work"
        os.mkdir(upper, 0o755)
        os.mkdir(work)
    else:
        work, upper = names.pop(), names.pop()
    return f"lowerdir={':'.join(names)},upperdir={upper},workdir={work}".encode()


def move_into(root: int, staged: bytes, path: str) -> None:
    """Move a finished tree onto a plain directory of the root; a link in the place of /proc, /sys or /dev is refused."""
    target = beneath.directory(root, path, follow=False)
    kernel.mount(staged, kernel.at(target), None, MS_MOVE)
    os.close(target)


def stage_volume(index: int, source: int, volume: Volume) -> None:
    """Bind an opened volume on the stage, with its flags."""
    place = f"v{index}"
    kernelfs.make_place(place, directory=stat.S_ISDIR(os.fstat(source).st_mode))
    kernel.mount(kernel.at(source), place.encode(), None, MS_BIND | (MS_REC if volume.recursive else 0))
    os.close(source)
    _set_flags(place, volume)


def _stage_tmpfs(index: int, volume: Volume, limits: bytes) -> None:
    place = f"v{index}"
    os.mkdir(place)
    data = b"mode=1777," + limits + (b"," + volume.data.encode() if volume.data else b"")
    try:
        # With the MS_* flags, which are the same bits up to no-exec; mount_setattr(2) is newer.
        kernel.mount(b"tmpfs", place.encode(), b"tmpfs", volume.flags & kernelfs.LOCKED, data)
    except OSError as error:
        raise LaunchError(f"can't mount a tmpfs at '{volume.target}' with '{volume.data}': {reason(error)}") from None
    _set_flags(place, replace(volume, flags=volume.flags & ~kernelfs.LOCKED))


def _set_flags(place: str, volume: Volume) -> None:
    """Set a mount's flags recursively (Linux 5.12); the fallback sets only read-only, as Docker did."""
    wanted = volume.flags | (_MOUNT_ATTR_RDONLY if volume.readonly else 0)
    if not wanted:
        return
    cleared = _MOUNT_ATTR_ATIME if wanted & _MOUNT_ATTR_ATIME else 0
    here = os.open(place, O_PATH | os.O_CLOEXEC)
    try:
        attributes = wanted.to_bytes(8, "little") + cleared.to_bytes(8, "little") + bytes(16)
        kernel.call("mount_setattr", here, b"", kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE, attributes, len(attributes))
    except OSError as error:
        if error.errno != errno.ENOSYS or volume.flags:
            raise LaunchError(f"can't set the options of the mount at '{volume.target}': {reason(error)}") from None
        kernel.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY | _kept_flags(place))
    finally:
        os.close(here)


def make_nodev(place: str) -> None:
    """Disable device nodes beneath a mount."""
    readonly = os.statvfs(place).f_flag & os.ST_RDONLY
    kernel.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND | MS_NODEV | readonly | _kept_flags(place))


def _kept_flags(place: str) -> int:
    """The flags that a remount must repeat to keep them; ST_* of statvfs are the same bits as MS_*."""
    return os.statvfs(place).f_flag & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC)


def _bind_volume(root: int, index: int, volume: Volume) -> None:
    place = f"v{index}"
    if is_directory(place):
        target = beneath.directory(root, volume.target)
    else:
        target = beneath.regular_file(root, volume.target)
    beneath.refuse_kernel_filesystem(target, volume.target)
    try:
        kernel.mount(place.encode(), kernel.at(target), None, MS_MOVE)
    except OSError as error:
        raise LaunchError(f"can't bind '{volume.source}' at '{volume.target}': {reason(error)}") from None
    os.close(target)


def _bind_text(root: int, index: int, path: str, text: str) -> None:
    place = f"f{index}"
    handle = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644)
    os.write(handle, text.encode())
    os.close(handle)
    target = beneath.regular_file(root, path)
    beneath.refuse_kernel_filesystem(target, path)
    kernel.mount(place.encode(), place.encode(), None, MS_BIND)
    kernel.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    kernel.mount(place.encode(), kernel.at(target), None, MS_MOVE)
    os.close(target)
