"""The verb `run`: one container in the foreground, from options, a bundle or layers."""

import time

from doctor.runtime import launch
from doctor.runtime.launch import Running, Shared, Stdio
from doctor.runtime.options import Options, parse
from doctor.runtime.plan import Plan
from doctor.runtime.system import os, signal
from doctor.runtime.values import TYPE_CHECKING, USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_INSIST = 3


def main(arguments: list[str]) -> int:
    """Run a container from its options; the exit code."""
    options = parse(arguments)
    if os.geteuid() != 0:
        raise Failure("the runtime needs root: namespaces, mounts and cgroups are the kernel's to give")
    function = _function(options.plan)
    shared = Shared()
    try:
        return _run(options, shared, function)
    finally:
        shared.finish()


def _run(options: Options, shared: Shared, function: "Callable[[dict[str, object]], int] | None") -> int:
    plan = options.plan
    joined = _joined(plan)
    if options.terminal:
        from doctor.runtime import console, terminal  # noqa: PLC0415 - only -t pays for sockets and termios

        ours, theirs = terminal.channel()
        running = launch.start(
            plan,
            shared,
            Stdio((0, 1, 2)),
            joined=joined,
            function=function,
            open_terminal=lambda root: console.open_terminal(root, theirs.fileno()),
        )
        theirs.close()
        _forward_signals(running)
        master = terminal.receive(ours)
        running.wait_until_started()
        if master is not None:
            terminal.serve(master, interactive=options.interactive)
    else:
        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        stdin = 0 if options.interactive else null
        running = launch.start(plan, shared, Stdio((stdin, 1, 2)), joined=joined, function=function)
        _forward_signals(running)
        running.wait_until_started()
    if not _wait(running):
        os.write(2, f"doctor-runtime: killed after {plan.timeout_s:g} s\n".encode())
    return launch.exit_code(running.status or 0)[0]


def _wait(running: Running) -> bool:
    """Wait for the end; False if the time limit brought it."""
    limit = running.plan.timeout_s
    if limit is None:
        running.reap(wait=True)
        return True
    import select  # noqa: PLC0415 - a run without a time limit does without

    end = running.started + limit
    pidfd = -1
    try:
        pidfd = os.pidfd_open(running.pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        in_time = bool(poll.poll(max(0, end - time.monotonic()) * 1000))
    except OSError:  # before Linux 5.3
        while not (in_time := running.reap(wait=False)) and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        if pidfd >= 0:
            os.close(pidfd)
    if not in_time:
        running.kill()
    running.reap(wait=True)
    return in_time


def _forward_signals(running: Running) -> None:
    """Pass signals on to the container's init; the third Ctrl-C in a row kills it, whatever it ignores."""
    interrupts = 0

    def forward(number: int, _frame: object) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if running.status is None:
            os.kill(running.pid, signal.SIGKILL if interrupts >= _INSIST else number)

    for number in (*_FORWARDED, signal.SIGINT):
        signal.signal(number, forward)


def _function(plan: Plan) -> "Callable[[dict[str, object]], int] | None":
    if plan.work.builtin is None:
        return None
    from doctor.runtime import builtins  # noqa: PLC0415 - before anything of the image is near

    return builtins.function(plan.work.builtin)


def _joined(plan: Plan) -> int | None:
    if plan.net.kind not in ("container", "path"):
        return None
    from doctor.runtime import network  # noqa: PLC0415 - only joined networks need it

    if plan.net.kind == "path":
        return network.open_path(plan.net.target)
    if not plan.net.target.isdigit():
        raise Failure(f"--net container:{plan.net.target}: a process id is needed here", USAGE)
    return network.open_namespace(int(plan.net.target))
