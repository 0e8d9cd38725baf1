"""The verb `run`: one container in the foreground, from options, a bundle or layers."""

from doctor.runtime.base.frozen import TYPE_CHECKING, USAGE, LaunchError
from doctor.runtime.base.system import os, signal
from doctor.runtime.plan.container import ContainerPlan
from doctor.runtime.plan.options import RunOptions, parse
from doctor.runtime.process import launch
from doctor.runtime.process.launch import LaunchContext, Running, Stdio

if TYPE_CHECKING:
    from collections.abc import Callable

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_INSIST = 3


def main(arguments: list[str]) -> int:
    """Run a container from its options; the exit code."""
    options = parse(arguments)
    if os.geteuid() != 0:
        raise LaunchError("the runtime needs root: namespaces, mounts and cgroups require it")
    function = _function(options.plan)
    shared = LaunchContext()
    try:
        return _run(options, shared, function)
    finally:
        shared.finish()


def _run(options: RunOptions, shared: LaunchContext, function: "Callable[[dict[str, object]], int] | None") -> int:
    plan = options.plan
    for note in options.notes:
        os.write(2, f"doctor-runtime: {note}\n".encode())
    joined = _joined(plan)
    if options.terminal:
        from doctor.runtime.stdio import console, terminal  # noqa: PLC0415 - only -t pays for sockets and termios

        ours, theirs = terminal.channel()
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        running = launch.start(
            plan,
            shared,
            Stdio((null, null, null)),
            joined=joined,
            function=function,
            open_terminal=lambda root: console.open_terminal(root, theirs.fileno(), plan.extras.console),
        )
        theirs.close()
        _forward_signals(running)
        master = terminal.receive(ours)
        running.wait_until_started()
        if master is not None:
            terminal.serve(master, interactive=options.interactive, sized=plan.extras.console is not None)
    else:
        from doctor.runtime.stdio import relay  # noqa: PLC0415 - -t has its own way

        stdio = relay.pipes(interactive=options.interactive)
        running = launch.start(plan, shared, stdio, joined=joined, function=function)
        _forward_signals(running)
        passing = relay.Relay(running, stdio)
        running.wait_until_started()
        passing.serve()
    running.reap(wait=True)
    if running.timed_out:
        os.write(2, f"doctor-runtime: killed after {plan.timeout_s:g} s\n".encode())
    return launch.exit_code(running.status or 0)[0]


def _forward_signals(running: Running) -> None:
    """Forward signals to the container's init; the third Ctrl-C and the timeout kill it."""
    interrupts = 0

    def forward(number: int, _frame: object) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if running.status is None:
            os.kill(running.pid, signal.SIGKILL if interrupts >= _INSIST else number)

    def expire(_number: int, _frame: object) -> None:
        running.timed_out = running.status is None
        running.kill()

    for number in (*_FORWARDED, signal.SIGINT):
        signal.signal(number, forward)
    if running.plan.timeout_s is not None:
        # A signal is forwarded at any time: unread output must not delay it.
        signal.signal(signal.SIGALRM, expire)
        signal.setitimer(signal.ITIMER_REAL, running.plan.timeout_s)


def _function(plan: ContainerPlan) -> "Callable[[dict[str, object]], int] | None":
    if plan.work.builtin is None:
        return None
    from doctor.runtime import builtins  # noqa: PLC0415 - before anything of the image is near

    return builtins.function(plan.work.builtin)


def _joined(plan: ContainerPlan) -> int | None:
    if plan.net.kind not in ("container", "path"):
        return None
    from doctor.runtime.network import link  # noqa: PLC0415 - only joined networks need it

    if plan.net.kind == "path":
        return link.open_path(plan.net.target)
    if not link.is_process(plan.net.target):
        raise LaunchError(
            f"--net container:{plan.net.target}: a process id, or PID:CONTAINER:FIRST-LAST, is needed here", USAGE
        )
    return link.open_namespace(plan.net.target)
