"""The runtime's side of one container: its groups, its process, its network, and its end."""

import time

from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import NOT_EXECUTABLE, NOT_FOUND, TYPE_CHECKING, LaunchError, reason
from doctor.runtime.base.system import content, os, write_text
from doctor.runtime.cgroups import groups
from doctor.runtime.plan.container import ContainerPlan
from doctor.runtime.process import init, privilege
from doctor.runtime.seccomp import default

if TYPE_CHECKING:
    from collections.abc import Callable

    from doctor.runtime.cleanup.janitor import Janitor

_SIGKILL = 9
_ENOENT, _ENOTDIR = 2, 20
_FLAGS = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC


class LaunchContext:
    """State shared by all containers of one runtime process; created once, which also removes groups of dead
    runtimes.
    """

    def __init__(self) -> None:
        try:
            mountinfo = content("/proc/self/mountinfo").decode("utf-8", "surrogateescape")
        except OSError:
            raise LaunchError("/proc is not mounted: the runtime can't work without it") from None
        self.hierarchies = groups.hierarchies(mountinfo)
        groups.sweep(self.hierarchies)
        self.bpf = default.program()
        self.last_capability = privilege.last_capability()
        self.token = os.urandom(4).hex()
        self.count = 0
        self._janitor: Janitor | None = None

    def janitor(self) -> "Janitor":
        """The process that undoes changes to the host; most runs need none."""
        if self._janitor is None:
            from doctor.runtime.cleanup.janitor import Janitor  # noqa: PLC0415 - brings sockets, which most runs do without

            self._janitor = Janitor(self.token)
        return self._janitor

    def finish(self) -> None:
        """Undo everything."""
        if self._janitor is not None:
            self._janitor.finish()


class Stdio:
    """The three descriptors a container gets, and the runtime's ends of those that are pipes."""

    def __init__(self, inside: tuple[int, int, int], outside: dict[int, int] | None = None) -> None:
        self.inside = inside
        self.outside = outside or {}


class Running:
    """A container with a process. `wait` or `reap` must follow."""

    def __init__(self, plan: ContainerPlan, pid: int, group: groups.Group, report: int) -> None:
        self.plan = plan
        self.pid = pid
        self.group = group
        self.report = report
        self.started = time.monotonic()
        self.status: int | None = None
        self.oom_kills = 0
        self.timed_out = False
        self.problems = list(group.problems)

    def kill(self) -> None:
        """Kill the container: the end of a PID namespace's init is the end of all in it."""
        if self.status is None:
            os.kill(self.pid, _SIGKILL)

    def reap(self, *, wait: bool) -> bool:
        """Whether the container has ended; then its groups are removed and `status` is set."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
            if pid == 0:
                return False
            self.status = status
            self.oom_kills = self.group.oom_kills()
            self.group.remove()
        return True

    def wait_until_started(self) -> None:
        """Block until the command executes. Raises LaunchError, after the cleanup, if it never will."""
        try:
            check_report(self.read_report(), self.plan)
        except LaunchError:
            self.reap(wait=True)
            raise

    def read_report(self) -> bytes:
        """The whole report of the init."""
        text = b""
        while chunk := os.read(self.report, 4096):
            text += chunk
        os.close(self.report)
        return text


def check_report(report: bytes, plan: ContainerPlan) -> None:
    """Raise the LaunchError in an init's report; an empty report is success."""
    if not report:
        return
    if report.startswith(b"!"):
        code, _, message = report[1:].decode("utf-8", "replace").partition("\0")
        raise LaunchError(message, int(code))
    number = -int.from_bytes(report[:8], "little", signed=True)
    shown = plan.work.command[0]
    if number in (_ENOENT, _ENOTDIR):
        raise LaunchError(f"'{shown}' can't be executed: its interpreter was not found", NOT_FOUND)
    raise LaunchError(f"'{shown}' can't be executed: {os.strerror(number).lower()} ({number})", NOT_EXECUTABLE)


def start(
    plan: ContainerPlan,
    shared: LaunchContext,
    stdio: Stdio,
    *,
    joined: int | None = None,
    function: "Callable[[dict[str, object]], int] | None" = None,
    open_terminal: "Callable[[int], tuple[int, int, int]] | None" = None,
) -> Running:
    """Create the container's process and its environment, and let it continue to its command.

    `joined` is the descriptor of another network namespace. Raises LaunchError, with nothing left behind.
    """
    shared.count += 1
    if plan.scratch is not None:
        from doctor.runtime.rootfs import scratch  # noqa: PLC0415 - only a container with scratch directories pays for it

        plan = scratch.prepare(plan, f"{shared.token}-{shared.count}", shared.janitor())
    group = groups.create(shared.hierarchies, f"{shared.token}-{shared.count}-{plan.id}", plan.limits)

    def prepared(go: int, report: int) -> init.InitParameters:
        return init.InitParameters(
            plan=plan,
            hierarchies=tuple(hierarchy for hierarchy, _, _ in group.members),
            devices_limited=group.devices_limited,
            bpf=(plan.extras.filter or shared.bpf) if plan.seccomp else None,
            last_capability=shared.last_capability,
            stdio=stdio.inside,
            go=go,
            report=report,
            netns=joined,
            assemble=_assembler(plan),
            configure=_configurer(plan),
            function=function,
            open_terminal=open_terminal,
        )

    running, go = _born(plan, group, prepared)
    try:
        _connect(plan, shared, running)
        os.write(go, b"1")
    except (LaunchError, OSError) as error:
        _abandon(running)
        raise _why(error, running) from None
    finally:
        os.close(go)
    return running


def _born(
    plan: ContainerPlan, group: groups.Group, prepared: "Callable[[int, int], init.InitParameters]"
) -> tuple[Running, int]:
    """The container's process, which waits for a byte on the returned descriptor."""
    go_read, go_write = os.pipe()
    report_read, report_write = os.pipe()
    start = prepared(go_read, report_write)
    flags = _FLAGS | (kernel.CLONE_NEWNET if plan.net.kind in ("none", "bridge") else 0)
    try:
        pid = kernel.clone(flags) if plan.userns is None else _clone_inside(start, flags)
    except (LaunchError, OSError) as error:
        group.remove()
        for descriptor in (go_read, go_write, report_read, report_write):
            os.close(descriptor)
        if isinstance(error, LaunchError):
            raise
        raise LaunchError(f"can't make the namespaces: {reason(error)}") from None
    if pid == 0:
        os.close(go_write)  # or end of file would never come
        os.close(report_read)
        init.main(start)
    os.close(go_read)
    os.close(report_write)
    return Running(plan, pid, group, report_read), go_write


def _clone_inside(start: init.InitParameters, flags: int) -> int:
    from doctor.runtime.process import userns  # noqa: PLC0415 - a container without one does not pay for it

    return userns.clone(start, flags)


def _assembler(plan: ContainerPlan) -> "Callable[[ContainerPlan], int] | None":
    if plan.userns is None:
        return None
    from doctor.runtime.process import userns  # noqa: PLC0415

    return userns.assemble


def _connect(plan: ContainerPlan, shared: LaunchContext, running: Running) -> None:
    """Groups first: moving a process waits for the kernel, and the init mounts meanwhile."""
    running.group.join(running.pid)
    if plan.extras.oom_score is not None:
        _set_oom_score(running.pid, plan.extras.oom_score)
    bridge = plan.net.bridge
    if bridge is None:
        return
    from doctor.runtime.network import link  # noqa: PLC0415 - a container without a bridge does not pay for sockets

    link.attach(bridge, running.pid, f"dr{shared.token[:6]}{shared.count:x}", shared.janitor())
    if plan.net.publish or plan.net.masquerade:
        from doctor.runtime.network import nat  # noqa: PLC0415

        nat.open_ports(plan.net, bridge, shared.janitor())


def _set_oom_score(pid: int, score: int) -> None:
    try:
        write_text(f"/proc/{pid}/oom_score_adj", str(score))
    except OSError as error:
        raise LaunchError(f"can't set oomScoreAdj to {score}: {reason(error)}") from None


def _configurer(plan: ContainerPlan) -> "Callable[..., None] | None":
    if plan.net.bridge is None:
        return None
    from doctor.runtime.network import link  # noqa: PLC0415 - imported here, by the runtime, never inside the container

    return link.configure_inside


def _abandon(running: Running) -> None:
    running.kill()
    running.reap(wait=True)


def _why(error: LaunchError | OSError, running: Running) -> LaunchError:
    """The init's report is closer to the cause than the runtime's own error (broken pipe, missing process)."""
    try:
        check_report(running.read_report(), running.plan)
    except LaunchError as cause:
        return cause
    if isinstance(error, LaunchError):
        return error
    return LaunchError(f"can't set up the container: {reason(error)}")


def exit_code(status: int) -> tuple[int, int | None]:
    """(exit code, signal or None) of a wait status; a signal counts as 128 + its number."""
    code = os.waitstatus_to_exitcode(status)
    return (128 - code, -code) if code < 0 else (code, None)
