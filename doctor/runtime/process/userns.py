"""Starts a container in its own user namespace: root inside is an ordinary user of the host.

The owner of a namespace is the user namespace in which it was created, so the container's process must start inside.
But inside neither the overlay's `trusted.*` attributes nor mapped owners of the layers are available. So two processes
work in turn. A helper, root of the host in a private mount namespace, mounts everything that needs the host's root;
then it enters the user namespace and creates the container's process as its sibling, with a mount namespace where all
mounts of the helper are locked (mount_namespaces(7)). That process mounts the rest.

Owners of files:

- An image's files belong to root inside although they belong to root on disk: each layer, or the root directory, is
  mounted with mapped owners (mount_setattr(2), MOUNT_ATTR_IDMAP, Linux 5.12; below an overlay 5.19). If its top
  directory belongs to the range already, as with Docker's `userns-remap`, it is used unchanged. There is no fallback:
  if the kernel or the file system doesn't support it the container is refused.
- Files that the container writes belong to the range in an `upper`, which must be empty or belong to the range. In a
  root directory with mapped owners they get the unmapped ones: files of root belong to root on disk.
- Volumes are not mapped: files of the host's users, root first, belong to nobody inside.
"""

import errno

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import FAILED, TYPE_CHECKING, LaunchError, reason
from doctor.runtime.base.kernel import MS_BIND, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, O_PATH
from doctor.runtime.base.system import is_directory, leave, os, signal
from doctor.runtime.plan.container import ContainerPlan, UsernsRange
from doctor.runtime.rootfs import assembly, kernelfs

if TYPE_CHECKING:
    from doctor.runtime.process.init import InitParameters

_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _MOUNT_ATTR_IDMAP = 0x1, 0x4, 0x100000


def clone(start: "InitParameters", flags: int) -> int:
    """As `kernel.clone`, but in a user namespace that owns the new ones, and with the helper's mounts.

    Returns the process id, and in the container's process 0. Raises LaunchError or OSError if there is no such process.
    """
    read, write = os.pipe()
    try:
        helper = kernel.clone(kernel.CLONE_NEWNS)
        if helper == 0:
            _help(start, flags, write)
            os.close(read)
            return 0
    finally:
        os.close(write)
    try:
        said = _read_all(read)
    finally:
        os.close(read)
        os.waitpid(helper, 0)
    if said.isdigit():
        return int(said)
    raise LaunchError(
        said.decode("utf-8", "replace") or "the container's mounts could not be prepared: their maker ended early"
    )


def _help(start: "InitParameters", flags: int, report: int) -> None:
    """The helper: reports the process id or the error, and exits. Returns only in the container's process."""
    pid, text = -1, b""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        os.umask(0)
        pid = _prepare(start, flags)
        text = b"%d" % pid
    except LaunchError as failure:
        text = failure.message.encode("utf-8", "replace")
    except OSError as error:
        text = f"the container could not be prepared: {error.filename or ''} {reason(error)}".encode("utf-8", "replace")
    finally:
        if pid != 0:
            os.write(report, text[:4000])
            leave(0 if pid > 0 else FAILED)


def _prepare(start: "InitParameters", flags: int) -> int:
    plan, ids = start.plan, start.plan.userns
    if ids is None:
        raise LaunchError("a user namespace needs its ids")
    if start.netns is not None:  # from inside, a namespace that belongs to the host can't be joined
        kernel.call("setns", start.netns, kernel.CLONE_NEWNET)
    user = _namespace(ids)
    _lay_out(plan, ids, user, devices_limited=start.devices_limited)
    for descriptor in start.stdio:
        _hand_over(descriptor, ids)
    kernel.call("setns", user, kernel.CLONE_NEWUSER)
    os.close(user)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # a change of user sets it
    return kernel.clone(flags | kernel.CLONE_PARENT)


def _namespace(ids: UsernsRange) -> int:
    """A descriptor of a new user namespace. A process has to be its first member until the descriptor holds it."""
    read, write = os.pipe()
    try:
        holder = kernel.clone(kernel.CLONE_NEWUSER)
    except OSError as error:
        raise LaunchError(f"can't make a user namespace: {reason(error)}") from None
    if holder == 0:
        os.close(write)
        os.read(read, 1)
        leave(0)
    try:
        for name in ("uid_map", "gid_map"):  # written from outside by root: setgroups(2) stays allowed
            _write(f"/proc/{holder}/{name}", f"0 {ids.first} {ids.count}\n")
        return os.open(f"/proc/{holder}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LaunchError(f"can't map the ids {ids.first}:{ids.count}: {reason(error)}") from None
    finally:
        os.close(read)
        os.close(write)
        os.waitpid(holder, 0)


def _lay_out(plan: ContainerPlan, ids: UsernsRange, user: int, *, devices_limited: bool) -> None:
    """Mount everything that needs the host's root, on a stage that the container's process can read."""
    kernel.mount(None, b"/", None, MS_REC | kernel.MS_PRIVATE)
    layers = assembly.open_layers(plan.root)
    source = assembly.open_directory(plan.root)
    volumes = assembly.open_volumes(plan)
    assembly.enter_stage(assembly.room(plan), b"0755")
    for name in ("nodes", "own"):
        os.mkdir(name)
    lower = len(plan.root.layers)
    if plan.root.upper is not None:
        _check_upper(plan.root.upper, layers[lower], ids)
    mapped = [
        _mapped(f"m{i}", layer, path, ids, user)
        for i, (layer, path) in enumerate(zip(layers[:lower], plan.root.layers, strict=True))
    ]
    if source is not None and plan.root.directory is not None:
        source = _mapped("m", source, plan.root.directory, ids, user, recursive=True)
    _mount_root(plan, ids, [*mapped, *layers[lower:]], source)
    assembly.make_nodev("root")  # no process inside could have created a node: ignore those in the image
    for index, descriptor in volumes.items():
        assembly.stage_volume(index, descriptor, plan.volumes[index])
        if not devices_limited:
            assembly.make_nodev(f"v{index}")
    kernel.mount(b"tmpfs", b"nodes", b"tmpfs", MS_NOSUID | MS_NOEXEC, b"mode=755")
    kernelfs.make_nodes("nodes")
    # The kernel allows procfs and sysfs inside only if unmasked ones are already visible. The host's may be masked.
    kernel.mount(b"proc", b"proc", b"proc", kernelfs.LOCKED)
    kernel.mount(b"sysfs", b"sys", b"sysfs", MS_RDONLY | kernelfs.LOCKED)


def _mount_root(plan: ContainerPlan, ids: UsernsRange, layers: list[int], source: int | None) -> None:
    try:
        assembly.mount_root(plan.root, layers, source, assembly.room(plan))
    except LaunchError as failure:
        hint = " (layers with mapped owners need Linux 5.19)" if layers else ""
        raise LaunchError(failure.message + hint) from None
    if source is None and not _owned(os.stat("root"), ids):
        os.chown("root", ids.first, ids.first)


def _mapped(place: str, source: int, path: str, ids: UsernsRange, user: int, *, recursive: bool = False) -> int:
    """A descriptor of the same directory, in a mount where the owners 0 … are those of the range. Closes `source`.

    Mounts beneath a recursive one keep the host's owners: one may be procfs, which can't be mapped.
    """
    if _owned(os.fstat(source), ids):
        return source
    more = kernel.AT_RECURSIVE if recursive else 0
    attributes = b"".join(n.to_bytes(8, "little") for n in (_MOUNT_ATTR_IDMAP, 0, 0, user))
    try:
        flags = kernel.AT_EMPTY_PATH | _OPEN_TREE_CLONE | os.O_CLOEXEC | more
        tree = kernel.call("open_tree", source, b"", flags)
        kernel.call("mount_setattr", tree, b"", kernel.AT_EMPTY_PATH, attributes, len(attributes))
        os.mkdir(place)
        kernel.call("move_mount", tree, b"", kernel.AT_FDCWD, place.encode(), _MOVE_MOUNT_F_EMPTY_PATH)
    except OSError as error:
        what = reason(error)
        if error.errno in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
            what += ": this kernel or file system has no mounts with mapped owners"
        raise LaunchError(f"can't give '{path}' to user {ids.first}, the root inside: {what}") from None
    os.close(tree)
    os.close(source)
    return os.open(place, O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _check_upper(path: str, upper: int, ids: UsernsRange) -> None:
    """Refuse an upper directory with files that would belong to nobody inside. An empty one is given to root inside."""
    if not _owned(os.fstat(upper), ids) and os.listdir(kernel.at(upper)):
        raise LaunchError(
            f"'{path}' holds files and does not belong to user {ids.first}, the root inside: use an empty one"
        )


def _owned(status: os.stat_result, ids: UsernsRange) -> bool:
    return ids.first <= status.st_uid < ids.first + ids.count


def _hand_over(descriptor: int, ids: UsernsRange) -> None:
    """Let a command reopen its /dev/stdout if that is a pipe; named files of the host are not changed."""
    if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
        os.chown(descriptor, ids.first, ids.first)


def assemble(plan: ContainerPlan) -> int:
    """Replaces `assembly.build` in the container's own process, using the helper's mounts; it starts on their stage."""
    count = 0 if plan.userns is None else plan.userns.count
    kernel.mount(b"tmpfs", b"own", b"tmpfs", MS_NOSUID | kernel.MS_NODEV, b"mode=0700")
    os.chdir("own")
    for name in ("root", "dev", "proc", "sys"):
        os.mkdir(name)
    # The helper's mounts are locked; a clone of one is not, and can be moved and pivoted to. Mounts beneath stay
    # locked.
    kernel.mount(b"../root", b"root", None, MS_BIND | MS_REC)
    root = os.open("root", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    group = kernelfs.TERMINAL_GROUP if count > kernelfs.TERMINAL_GROUP else 0
    kernelfs.stage_dev(plan.shm_bytes, "../nodes", group)
    kernelfs.stage_proc()
    assembly.move_into(root, b"dev", "/dev")
    assembly.move_into(root, b"proc", "/proc")
    if plan.net.kind not in ("none", "bridge"):
        kernel.mount(b"../sys", b"sys", None, MS_BIND)
    for index, volume in enumerate(plan.volumes):
        if not volume.source:
            continue  # a tmpfs made by the namespace's own root
        kernelfs.make_place(f"v{index}", directory=is_directory(f"../v{index}"))
        kernel.mount(f"../v{index}".encode(), f"v{index}".encode(), None, MS_BIND | MS_REC)
    return root


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _read_all(descriptor: int) -> bytes:
    text = b""
    while chunk := os.read(descriptor, 4096):
        text += chunk
    return text
