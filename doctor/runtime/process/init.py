"""The container's first process, from its creation until it executes the command.

It runs as root of the host until `privilege.apply`, next to untrusted files of the image. So: all modules are imported
before (imports are disabled at the pivot), no file of the image is executed or loaded, descriptors are closed before
the working directory is entered, the process can't be traced nor its descriptors copied, and every path ends in
`leave`.
"""

import errno
import sys

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import (
    FAILED,
    NOT_EXECUTABLE,
    NOT_FOUND,
    TYPE_CHECKING,
    LaunchError,
    dataclass,
    reason,
    replace,
)
from doctor.runtime.base.kernel import O_PATH
from doctor.runtime.base.system import leave, os, signal, stat
from doctor.runtime.cgroups.groups import Hierarchy
from doctor.runtime.network import loopback
from doctor.runtime.plan.container import DEFAULT_PATH, Bridge, ContainerPlan
from doctor.runtime.process import entry, privilege, users
from doctor.runtime.rootfs import assembly, beneath

if TYPE_CHECKING:
    from collections.abc import Callable

_REPORT, _ENTRY = 3, 4
_JOIN_SESSION_KEYRING = 1
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitParameters:
    """Parameters from the runtime to its child.

    Attributes:
        plan: the container.
        hierarchies: cgroup hierarchies that the container has a group in.
        devices_limited: whether a cgroup holds the device rules.
        bpf: the seccomp filter, None for none.
        last_capability: the kernel's highest capability.
        stdio: descriptors that become 0, 1 and 2.
        go: read end of a pipe: a byte means that groups and network are ready, end of file that the runtime has ended.
        report: write end of the pipe that takes "!CODE NUL MESSAGE" or the entry program's errno; end of file is
            success.
        netns: descriptor of a network namespace to join, or None.
        assemble: assembles the root in place of `assembly.build` and returns its descriptor (user namespace), or None.
        bridge: its end of the network is configured by `configure`.
        function: the builtin to run instead of a command.
        open_terminal: creates the container's terminal beneath a root and returns its stdio, or None.
    """

    plan: ContainerPlan
    hierarchies: tuple[Hierarchy, ...]
    devices_limited: bool
    bpf: bytes | None
    last_capability: int
    stdio: tuple[int, int, int]
    go: int
    report: int
    netns: int | None
    assemble: "Callable[[ContainerPlan], int] | None"
    configure: "Callable[[Bridge], None] | None"
    function: "Callable[[dict[str, object]], int] | None"
    open_terminal: "Callable[[int], tuple[int, int, int]] | None"


def main(start: InitParameters) -> None:
    """Become the container. Does not return."""
    code = FAILED
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        code = _become(start)
    except LaunchError as failure:
        _report(start, failure.code, failure.message)
    except OSError as error:
        what = f" {error.filename}" if isinstance(error.filename, str) else ""
        _report(start, FAILED, f"the container could not be set up:{what} {reason(error)}")
    finally:
        leave(code)


def _report(start: InitParameters, code: int, message: str) -> None:
    text = f"!{code}\0{message}".encode("utf-8", "replace")[:4000]
    for descriptor in (start.report, _REPORT):  # before and after the descriptors were moved
        try:
            os.write(descriptor, text)
        except OSError:
            continue
        return


def _become(start: InitParameters) -> int:
    plan = start.plan
    if start.netns is not None and start.assemble is None:
        kernel.call("setns", start.netns, kernel.CLONE_NEWNET)
    os.setsid()
    os.umask(0)
    for number in _DEFAULT_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    kernel.call("sethostname", plan.hostname.encode(), len(plan.hostname.encode()))
    if plan.extras.domain:
        kernel.call("setdomainname", plan.extras.domain.encode(), len(plan.extras.domain.encode()))
    _leave_keyring()
    root = _lay_out_root(start)
    if not os.read(start.go, 1):
        leave(FAILED)
    assembly.finish(plan, root, _own_cgroup_namespace(start.hierarchies))
    _network(start)
    for name, value in plan.extras.sysctls:
        _set_sysctl(name, value)
    who = _identity(plan, root)
    program = _entry_program() if start.function is None else None
    stdio = start.stdio if start.open_terminal is None else start.open_terminal(root)
    assembly.pivot(root)
    # From here on an import would run the image's code as root.
    sys.meta_path.clear()
    sys.path.clear()
    _keep_descriptors(stdio, start.report, program)
    _hand_over_stdio(who.uid)
    os.umask(0o022 if plan.extras.umask is None else plan.extras.umask)
    _enter_directory(plan.work.cwd)
    _arrange(plan)
    sets = privilege.capabilities_of(plan, who.uid, devices_limited=start.devices_limited)
    privilege.apply(plan, sets, who, start.bpf, start.last_capability)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it
    if start.function is not None:
        os.close(_REPORT)
        return start.function(plan.work.args or {})
    _execute(plan, who)
    return FAILED


def _set_sysctl(name: str, value: str) -> None:
    """Set sysctls of the container's own namespaces through the host's procfs: the root is not entered yet."""
    try:
        handle = os.open(f"/proc/sys/{name.replace('.', '/')}", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        if kernel.filesystem_of(handle) != kernel.PROC_MAGIC:
            raise LaunchError(f"can't set sysctl {name}: /proc is not a procfs")
        os.write(handle, value.encode())
        os.close(handle)
    except OSError as error:
        raise LaunchError(f"can't set sysctl {name} to '{value}': {reason(error)}") from None


def _arrange(plan: ContainerPlan) -> None:
    """Apply a bundle's process settings, while the process still has the privileges."""
    extras = plan.extras
    try:
        if extras.io_priority is not None:
            kernel.call("ioprio_set", 1, 0, extras.io_priority)
        if extras.personality is not None:
            kernel.call("personality", extras.personality)
    except OSError as error:
        raise LaunchError(f"can't configure the process: {error.filename} {reason(error)}") from None


def _lay_out_root(start: InitParameters) -> int:
    if start.assemble is not None:
        return start.assemble(start.plan)
    return assembly.build(start.plan, devices_limited=start.devices_limited)


def _leave_keyring() -> None:
    """A new session keyring: the container must not have the caller's keys."""
    try:
        kernel.call("keyctl", _JOIN_SESSION_KEYRING, None, 0, 0, 0)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM, errno.EDQUOT):  # no keyrings, or none available
            raise


def _own_cgroup_namespace(hierarchies: tuple[Hierarchy, ...]) -> tuple[Hierarchy, ...]:
    """The hierarchies that may be shown inside: none before Linux 4.6, which would show the host's groups."""
    try:
        kernel.call("unshare", kernel.CLONE_NEWCGROUP)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return ()
    return hierarchies


def _network(start: InitParameters) -> None:
    if start.plan.net.kind in ("none", "bridge"):
        loopback.up()
    if start.configure is not None and start.plan.net.bridge is not None:
        start.configure(start.plan.net.bridge)


def _identity(plan: ContainerPlan, root: int) -> users.CommandUser:
    passwd = beneath.read_text(root, "/etc/passwd") or ""
    group = beneath.read_text(root, "/etc/group") or ""
    who = users.identity(plan.work.user, passwd, group)
    if plan.extras.groups:
        who = replace(who, groups=plan.extras.groups)
    if plan.userns is not None and max(who.uid, who.gid, *who.groups) >= plan.userns.count:
        raise LaunchError(
            f"user {who.uid} with group {who.gid} is not among the {plan.userns.count} ids of the user namespace"
        )
    return who


def _entry_program() -> int:
    """A descriptor of the entry program, in a file of the container's private tmpfs."""
    handle = os.open("entry", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o555)
    os.write(handle, entry.program(kernel.MACHINE))
    os.close(handle)
    return os.open("entry", O_PATH | os.O_CLOEXEC)


def _keep_descriptors(stdio: tuple[int, int, int], report: int, program: int | None) -> None:
    """Leave 0, 1, 2, the report at 3 and the entry program at 4, nothing else (CVE-2024-21626)."""
    high = [os.dup(descriptor) for descriptor in (*stdio, report)]
    if program is not None:
        high.append(os.dup(program))
    # Duplicates first: a descriptor that is moved later may have a target number.
    fresh = [_above(descriptor) for descriptor in high]
    for number, descriptor in enumerate(fresh):
        os.dup2(descriptor, number, inheritable=number <= _REPORT)
    kernel.close_from(len(fresh))


def _hand_over_stdio(uid: int) -> None:
    """Let a non-root command reopen /dev/stdout: the pipes belong to the container."""
    for descriptor in (0, 1, 2):
        if uid and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.chown(descriptor, uid, -1)


def _above(descriptor: int) -> int:
    kept = []
    while descriptor <= _ENTRY:
        kept.append(descriptor)
        descriptor = os.dup(descriptor)
    return descriptor


def _enter_directory(path: str) -> None:
    """Change to the working directory, created if missing, and verify that it is inside the root."""
    root = os.open("/", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    here = beneath.directory(root, path)
    os.fchdir(here)
    os.close(here)
    os.close(root)
    if not os.getcwd().startswith("/"):
        raise LaunchError(f"the working directory '{path}' is outside of the container's root")


def environment(plan: ContainerPlan, home: str) -> dict[bytes, bytes]:
    """The command's environment: PATH, HOSTNAME and HOME are added unless the plan has them."""
    found = {"PATH": DEFAULT_PATH, "HOSTNAME": plan.hostname, "HOME": home}
    if plan.work.terminal:
        found["TERM"] = "xterm"
    for item in plan.work.env:
        name, _, value = item.partition("=")
        found[name] = value
    return {name.encode(): value.encode() for name, value in found.items()}


def _execute(plan: ContainerPlan, who: users.CommandUser) -> None:
    env = environment(plan, who.home)
    name = plan.work.command[0].encode()
    path = _found(name, env[b"PATH"])
    arguments = [path, *(argument.encode("utf-8", "surrogateescape") for argument in plan.work.command)]
    os.execve(_ENTRY, arguments, env)


def _found(name: bytes, search: bytes) -> bytes:
    """The path to execute, as the user that is to execute it. Raises LaunchError 127 or 126."""
    shown = name.decode("utf-8", "replace")
    candidates = [name] if b"/" in name else [(directory or b".") + b"/" + name for directory in search.split(b":")]
    denied = False
    for path in candidates:
        try:
            status = os.stat(path)
        except OSError as error:
            denied = denied or error.errno in (errno.EACCES, errno.ELOOP)
            continue
        if stat.S_ISREG(status.st_mode) and os.access(path, os.X_OK):
            return path
        denied = True
    if denied:
        raise LaunchError(f"'{shown}' can't be executed: permission denied", NOT_EXECUTABLE)
    where = "" if b"/" in name else " in $PATH"
    raise LaunchError(f"'{shown}' was not found{where}", NOT_FOUND)
