"""Starts an engine that was started by hand, and waits until it answers or has ended."""

import os
import subprocess
import time

from doctor.api.engine import Engine
from doctor.host import commands, engine_socket, processes
from doctor.model.errors import RepairError
from doctor.model.step import Run
from doctor.plugins.engines import engine_of

# An init script may return before its dockerd runs; if it does not run after this time, it has ended.
_PATIENCE_S = 5.0


def spawn(step: Run) -> "subprocess.Popen[bytes]":
    """Start the detached command of a step; raises ``RepairError``."""
    output: int = subprocess.DEVNULL
    if step.stdout:
        output = os.open(step.stdout, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            step.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=step.cwd,
            env=step.env or commands.environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise RepairError(f"can't start '{step.argv[0]}': {error.strerror}") from error
    finally:
        if output != subprocess.DEVNULL:
            os.close(output)


def settle(engine: Engine) -> None:
    """Wait until an engine is visible whose start was begun by a doctor that has ended."""
    deadline = time.monotonic() + _PATIENCE_S / 2
    names = frozenset(engine.processes)
    while time.monotonic() < deadline and not processes.are_there(names):
        time.sleep(0.05)


def wait(step: Run, child: "subprocess.Popen[bytes] | None") -> None:
    """Wait until the engine answers ("up", "listens") or no longer does ("down").

    Raises ``RepairError``, early if it has ended.
    """
    deadline = time.monotonic() + step.timeout_s
    seen = time.monotonic()
    names = frozenset(engine_of(step).processes)
    try:
        while time.monotonic() < deadline:
            if is_there(step) == (step.until != "down"):
                return
            if step.until != "down":
                if child is not None and child.poll() is not None:
                    raise _failed(step, f"it exited at once with exit code {child.returncode}")
                seen = time.monotonic() if child is not None or processes.are_there(names) else seen
                if time.monotonic() - seen > _PATIENCE_S:
                    raise _failed(step, "it has ended")
            time.sleep(0.05)
    finally:
        if child is not None:
            child.returncode = 0  # It outlives doctor on purpose; otherwise Popen's destructor warns.
    raise _failed(step, f"no {'end' if step.until == 'down' else 'answer'} within {step.timeout_s:g} s")


def is_there(step: Run) -> bool:
    """Whether the engine of a step answers now. For containerd (gRPC) a connection is sufficient: it listens when it is up."""
    return engine_socket.listens(step.socket) if step.until == "listens" else engine_of(step).answers(step.socket)


def _failed(step: Run, why: str) -> RepairError:
    verb = "stop" if step.until == "down" else "start"
    engine = engine_of(step)
    log = f"read {step.stdout}" if step.stdout else engine.log
    return RepairError(f"{engine.noun} did not {verb}: {why}", where=" ".join(step.argv), do=log)
